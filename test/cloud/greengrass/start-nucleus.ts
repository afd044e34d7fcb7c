// The fake nucleus as a test has it: a process with a socket, to kill, to start again, to set wrong, and to let it deliver.
import { connect } from 'node:net';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Arrivals } from '../../helpers/arrivals.ts';
import { startChild, type Child } from '../../helpers/child.ts';
import type { Scope } from '../../helpers/scope.ts';
import { readJournal, type RequestArrival } from '../../oracle/journal.ts';
import type { NucleusModes } from './modes.ts';
import type { Published } from './nucleus.ts';
import type { Order } from './nucleus-program.ts';

/** Beside the compiled test, wherever that was built. */
const PROGRAM = fileURLToPath(new URL('nucleus-program.js', import.meta.url));

export interface Nucleus {
  /** What the nucleus gives a component. */
  readonly env: Readonly<Record<string, string>>;
  readonly published: Arrivals<Published>;
  /** Of all its lives. */
  requests(): readonly RequestArrival[];
  /** What is not named is well; it holds over a restart. */
  set(modes: Partial<NucleusModes>): Promise<void>;
  /** How many subscriptions it went to. */
  deliver(topic: string, payload: string | Uint8Array, retain?: boolean): Promise<number>;
  endSubscriptions(): Promise<void>;
  cut(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** SIGKILL; only the journal survives. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export const TOKEN = 'TOKEN-OF-THE-TEST';

export async function startNucleus(scope: Scope, changes: Partial<NucleusModes> = {}): Promise<Nucleus> {
  const folder = await scope.folder();
  const [socket, journal, control] = ['ipc.socket', 'journal', 'control'].map((name) => join(folder, name));
  if (socket === undefined || journal === undefined || control === undefined) throw new Error('no folder');
  let modes = changes;
  const published = new Arrivals<Published>();
  const begin = async (): Promise<Child> => {
    await Promise.all([socket, control].map((path) => rm(path, { force: true })));
    const args = ['--enable-source-maps', PROGRAM, socket, journal, control, TOKEN, JSON.stringify(modes)];
    const child = startChild(scope, { file: process.execPath, args });
    const first = await Promise.race([child.lines.nth(1), child.ended.then(() => undefined)]);
    if (first === undefined)
      throw new Error(`the fake nucleus did not start: ${child.errors.all.join('\n')}`);
    child.lines.onAdded = (line) => {
      const { payload, ...rest } = JSON.parse(line) as Omit<Published, 'payload'> & { payload: string };
      published.add({ ...rest, payload: Buffer.from(payload, 'base64') });
    };
    return child;
  };
  let life = await begin();
  const order = (what: Order): Promise<number> => tell(control, what);
  return {
    env: {
      AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: socket,
      SVCUID: TOKEN,
      AWS_IOT_THING_NAME: 'pi-test',
    },
    published,
    requests: () => readJournal(journal).filter((line) => line.kind === 'request'),
    async set(next) {
      modes = next;
      await order({ do: 'set', modes });
    },
    deliver: (topic, payload, retain = false) =>
      order({ do: 'deliver', topic, payload: Buffer.from(payload).toString('base64'), retain }),
    async endSubscriptions() {
      await order({ do: 'endSubscriptions' });
    },
    async cut() {
      await order({ do: 'cut' });
    },
    signal: (name) => {
      life.signal(name);
    },
    async kill() {
      life.signal('SIGKILL');
      await life.ended;
    },
    async start() {
      life = await begin();
    },
  };
}

function tell(control: string, order: Order): Promise<number> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(control).setEncoding('utf8');
    socket.on('data', (text) => {
      answer += String(text);
    });
    socket.once('error', reject).once('close', () => {
      resolve(Number(JSON.parse(answer)));
    });
    socket.write(`${JSON.stringify(order)}\n`);
  });
}

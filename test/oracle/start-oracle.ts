// The oracle broker as a test has it: a process to kill, to start again on its ports, and to set wrong at will.
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild, type Child } from '../helpers/child.ts';
import type { Scope } from '../helpers/scope.ts';
import { readJournal, type ConnectArrival, type JournalLine, type RequestArrival } from './journal.ts';
import { parseModes, type Modes } from './modes.ts';

/** Beside the compiled test, wherever that was built. */
const PROGRAM = fileURLToPath(new URL('oracle-broker.js', import.meta.url));

export interface OracleOptions {
  readonly modes?: Partial<Modes>;
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
}

export interface Oracle {
  readonly port: number;
  /** `mqtt://`, on loopback. */
  readonly url: string;
  /** 0 without TLS. */
  readonly tlsPort: number;
  /** Sets all modes: what is not named is healthy. They hold when it resolves, and over a restart. */
  set(modes: Partial<Modes>): Promise<void>;
  /** Of all its lives. */
  journal(): readonly JournalLine[];
  requests(): readonly RequestArrival[];
  connects(): readonly ConnectArrival[];
  signal(name: NodeJS.Signals): void;
  /** SIGKILL; only the journal survives. */
  kill(): Promise<void>;
  /** Again on the same ports. */
  start(): Promise<void>;
}

export async function startOracle(scope: Scope, options: OracleOptions = {}): Promise<Oracle> {
  const folder = await scope.folder();
  const files = { journal: join(folder, 'journal'), control: join(folder, 'control') };
  let modes = parseModes(options.modes ?? {});
  let life = await startLife(scope, options, { ...files, modes, ports: { port: 0, tlsPort: 0 } });
  const journal = (): readonly JournalLine[] => readJournal(files.journal);
  const { port, tlsPort } = life.ports;
  return {
    ...{ port, tlsPort, url: `mqtt://127.0.0.1:${port}`, journal },
    async set(changes) {
      modes = parseModes(changes);
      await tell(files.control, modes);
    },
    requests: () => journal().filter((line) => line.kind === 'request'),
    connects: () => journal().filter((line) => line.kind === 'connect'),
    signal: (name) => {
      life.child.signal(name);
    },
    async kill() {
      life.child.signal('SIGKILL');
      await life.child.ended;
    },
    async start() {
      await rm(files.control, { force: true });
      life = await startLife(scope, options, { ...files, modes, ports: life.ports });
    },
  };
}

interface Ports {
  readonly port: number;
  readonly tlsPort: number;
}

async function startLife(
  scope: Scope,
  { tls }: OracleOptions,
  life: { readonly journal: string; readonly control: string; readonly modes: Modes; readonly ports: Ports },
): Promise<{ readonly child: Child; readonly ports: Ports }> {
  const { journal, control, modes, ports } = life;
  const child = startChild(scope, {
    file: process.execPath,
    args: [
      ...['--enable-source-maps', PROGRAM, '--journal', journal, '--control', control],
      ...['--port', String(ports.port), '--tls-port', String(ports.tlsPort), '--mode', JSON.stringify(modes)],
      ...(tls === undefined ? [] : ['--cert', tls.certFile, '--key', tls.keyFile]),
    ],
  });
  const first = child.lines.nth(1);
  const ready = await Promise.race([first, child.ended.then(() => undefined)]);
  if (ready === undefined) throw new Error(`the oracle broker did not start: ${child.errors.all.join('\n')}`);
  const { port, tlsPort } = JSON.parse(ready) as { port: number; tlsPort?: number };
  return { child, ports: { port, tlsPort: tlsPort ?? 0 } };
}

async function tell(control: string, modes: Modes): Promise<void> {
  const socket = connect(control);
  socket.resume();
  socket.end(`${JSON.stringify(modes)}\n`);
  await once(socket, 'close');
}

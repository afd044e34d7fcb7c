// A real mosquitto with a configuration of its own on a free loopback port; it keeps nothing over a restart.
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { runChild, startChild, type Child } from './child.ts';
import { freePort } from './free-port.ts';
import type { Scope } from './scope.ts';

export interface MosquittoOptions {
  /** User names and passwords; without them anybody may connect. */
  readonly passwords?: Readonly<Record<string, string>>;
  /** Lines of an access list. */
  readonly acl?: readonly string[];
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  readonly protocol?: 'websockets';
  /** Further lines of mosquitto.conf. */
  readonly lines?: readonly string[];
}

export interface Mosquitto {
  readonly port: number;
  /** `mqtt://`, on loopback. */
  readonly url: string;
  /** What it has logged, since the first start. */
  log(): readonly string[];
  /** SIGKILL: what it had acknowledged and not passed on is lost. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** Starts again on the same port, empty. */
  start(): Promise<void>;
  /** The same with other options than before. */
  restart(options: MosquittoOptions): Promise<void>;
}

const FORGOTTEN_MS = 200;

export async function startMosquitto(scope: Scope, options: MosquittoOptions = {}): Promise<Mosquitto> {
  const port = await freePort();
  const broker = await prepareMosquitto(scope, { ...options, port });
  await broker.start();
  return broker;
}

/** The broker of a port, not yet started. */
export async function prepareMosquitto(
  scope: Scope,
  options: MosquittoOptions & { readonly port: number },
): Promise<Mosquitto> {
  const { port } = options;
  const path = join(await scope.folder(), 'mosquitto.conf');
  await writeFile(path, (await configurationLines(scope, options)).join('\n'));
  const lives: Child[] = [];
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const child = lives.at(-1);
    child?.signal(signal);
    // mosquitto 2.0.11 forgets a SIGTERM that comes between its line `running` and its main loop.
    const again = setInterval(() => child?.signal(signal), FORGOTTEN_MS);
    await child?.ended;
    clearInterval(again);
  };
  const start = async (): Promise<void> => {
    const child = startChild(scope, { file: 'mosquitto', args: ['-c', path] });
    lives.push(child);
    await child.errors.nth(1, (line) => line.endsWith(' running'));
    const probe = connect({ port, host: '127.0.0.1' });
    await once(probe, 'connect');
    probe.destroy();
  };
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    log: () => lives.flatMap(({ errors }) => errors.all),
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    start,
    async restart(changed) {
      await end('SIGTERM');
      await writeFile(path, (await configurationLines(scope, { ...changed, port })).join('\n'));
      await start();
    },
  };
}

async function configurationLines(
  scope: Scope,
  options: MosquittoOptions & { readonly port: number },
): Promise<string[]> {
  const { port, passwords, acl, tls, protocol, lines } = options;
  return [
    `listener ${port} 127.0.0.1`,
    ...(tls === undefined ? [] : [`certfile ${tls.certFile}`, `keyfile ${tls.keyFile}`]),
    // mosquitto 2.0.11 does not start with a WebSocket listener alone.
    ...(protocol === 'websockets' ? ['protocol websockets', `listener ${await freePort()} 127.0.0.1`] : []),
    ...(passwords === undefined
      ? ['allow_anonymous true']
      : ['allow_anonymous false', `password_file ${await passwordFile(scope, passwords)}`]),
    ...(acl === undefined ? [] : [`acl_file ${await fileOf(scope, 'acl', acl)}`]),
    // As root it would change to a user that may not read our folders.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    'persistence false',
    'log_dest stderr',
    'log_type all',
    ...(lines ?? []),
    '',
  ];
}

async function passwordFile(scope: Scope, passwords: Readonly<Record<string, string>>): Promise<string> {
  const path = await fileOf(
    scope,
    'passwords',
    Object.entries(passwords).map(([name, password]) => `${name}:${password}`),
  );
  const hashed = await runChild(scope, { file: 'mosquitto_passwd', args: ['-U', path] });
  if (hashed.code !== 0) throw new Error(`Cannot hash the passwords: ${hashed.err}`);
  return path;
}

async function fileOf(scope: Scope, name: string, lines: readonly string[]): Promise<string> {
  const path = join(await scope.folder(), name);
  await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o600 });
  return path;
}

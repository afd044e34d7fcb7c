// Real proxies on free loopback ports: tinyproxy for HTTP CONNECT, microsocks for SOCKS5. They keep nothing.
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { startChild } from './child.ts';
import { freePort } from './free-port.ts';
import type { Scope } from './scope.ts';

export interface Proxy {
  /** As `mqtt.proxyUrl` has it. */
  readonly url: string;
}

/** `lines` of its configuration: `ConnectPort 443`, `BasicAuth user password`. */
export async function startTinyproxy(scope: Scope, lines: readonly string[] = []): Promise<Proxy> {
  const port = await freePort();
  const path = join(await scope.folder(), 'tinyproxy.conf');
  const settings = [`Port ${port}`, 'Listen 127.0.0.1', 'Timeout 60', 'MaxClients 20', ...lines, ''];
  await writeFile(path, settings.join('\n'));
  startChild(scope, { file: 'tinyproxy', args: ['-d', '-c', path] });
  await untilItListens(port);
  return { url: `http://127.0.0.1:${port}` };
}

/** `args`: `-u USER -P PASSWORD` for a login. */
export async function startMicrosocks(scope: Scope, args: readonly string[] = []): Promise<Proxy> {
  const port = await freePort();
  startChild(scope, { file: 'microsocks', args: ['-i', '127.0.0.1', '-p', String(port), ...args] });
  await untilItListens(port);
  return { url: `socks5://127.0.0.1:${port}` };
}

/** Neither says when it is ready. */
async function untilItListens(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const socket = connect({ port, host: '127.0.0.1' });
    if (await isConnected(socket)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Cannot use the proxy: nothing listens on port ${port}`);
}

async function isConnected(socket: Socket): Promise<boolean> {
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false; // not yet
  } finally {
    socket.destroy();
  }
}

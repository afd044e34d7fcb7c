// Asks an HTTP proxy for a tunnel (RFC 9110, 9.3.6, CONNECT) on a socket that is connected to it. It sends no secret.
import { isIP, type Socket } from 'node:net';
import {
  proxyError,
  readReply,
  type ProxyCode,
  type Reply,
  type Target,
  type Tunnel,
} from './proxy-reply.ts';

/** Resolves when the next byte of the socket is the target's. */
export async function openHttpTunnel(socket: Socket, tunnel: Tunnel): Promise<void> {
  const to = authority(tunnel.target);
  socket.write(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n\r\n`);
  const line = await readReply(socket, tunnel, statusLine);
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(line)?.[1] ?? 0);
  if (status >= 200 && status <= 299) return;
  throw proxyError(codeOf(status), tunnel, `it answered ${JSON.stringify(line.slice(0, 100))}`);
}

/** `host:port` as a request line has it. */
function authority({ host, port }: Target): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/** A 2xx answer to CONNECT has no content; of any other the first line says all. */
function statusLine(bytes: Buffer): Reply<string> | undefined {
  const text = bytes.toString('latin1');
  if (text.length >= 5 && !text.startsWith('HTTP/')) return { value: firstLine(text), bytes: bytes.length };
  const end = text.indexOf('\r\n\r\n');
  return end < 0 ? undefined : { value: firstLine(text), bytes: end + 4 };
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? '';
}

function codeOf(status: number): ProxyCode {
  if (status === 407) return 'PROXY_LOGIN';
  if (status >= 500) return 'PROXY_TARGET';
  return status >= 400 ? 'PROXY_FORBIDS' : 'PROXY_ANSWER';
}

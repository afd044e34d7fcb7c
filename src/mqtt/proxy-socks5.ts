// Asks a SOCKS5 proxy for a connection (RFC 1928) on a socket that is connected to it. It offers no login and looks up no name.
import { isIPv4, isIPv6, type Socket } from 'node:net';
import { proxyError, readReply, type ProxyCode, type Reply, type Tunnel } from './proxy-reply.ts';

const VERSION = 5;
const NO_LOGIN = 0;
const NONE_ACCEPTED = 0xff;
const CONNECT = 1;
const ADDRESS = { ipv4: 1, name: 3, ipv6: 4 } as const;

/** Resolves when the next byte of the socket is the target's. */
export async function openSocks5Tunnel(socket: Socket, tunnel: Tunnel): Promise<void> {
  socket.write(Uint8Array.of(VERSION, 1, NO_LOGIN));
  const chosen = await readReply(socket, tunnel, methodReply);
  if (chosen === NONE_ACCEPTED) throw proxyError('PROXY_LOGIN', tunnel, 'it takes no client without a login');
  if (chosen !== NO_LOGIN) throw proxyError('PROXY_ANSWER', tunnel, 'its answer is not of SOCKS5');
  const { host, port } = tunnel.target;
  socket.write(Buffer.from([VERSION, CONNECT, 0, ...addressOf(host), port >> 8, port & 0xff]));
  const code = await readReply(socket, tunnel, connectReply);
  if (code === 0) return;
  const [kind, words] = REFUSALS[code] ?? ['PROXY_ANSWER', 'its answer is not of SOCKS5'];
  throw proxyError(kind, tunnel, `${words} (reply ${code})`);
}

// RFC 1928, 6.
const REFUSALS: Readonly<Record<number, readonly [ProxyCode, string]>> = Object.freeze({
  1: ['PROXY_TARGET', 'it failed, and does not say over what'],
  2: ['PROXY_FORBIDS', 'its rules do not allow the connection'],
  3: ['PROXY_TARGET', 'it has no route to that network'],
  4: ['PROXY_TARGET', 'it cannot reach or find that host'],
  5: ['PROXY_TARGET', 'that port refuses the connection'],
  6: ['PROXY_TARGET', 'the way to that host is too long'],
  7: ['PROXY_FORBIDS', 'it does not open connections'],
  8: ['PROXY_TARGET', 'it does not know that kind of address'],
});

function methodReply(bytes: Buffer): Reply<number> | undefined {
  const [version, method] = bytes;
  if (version !== undefined && version !== VERSION) return { value: -1, bytes: bytes.length };
  return method === undefined ? undefined : { value: method, bytes: 2 };
}

/** Version, code, 0, and the address that the proxy connected from, which nobody needs. */
function connectReply(bytes: Buffer): Reply<number> | undefined {
  const [version, code, , kind, length] = bytes;
  if (version !== undefined && version !== VERSION) return { value: -1, bytes: bytes.length };
  // Some proxies close right after the code of a refusal.
  if (code !== undefined && code !== 0) return { value: code, bytes: bytes.length };
  if (code === undefined || kind === undefined || length === undefined) return undefined;
  const addressBytes = kind === ADDRESS.ipv4 ? 4 : kind === ADDRESS.ipv6 ? 16 : 1 + length;
  const whole = 4 + addressBytes + 2;
  return bytes.length < whole ? undefined : { value: code, bytes: whole };
}

function addressOf(host: string): readonly number[] {
  if (isIPv4(host)) return [ADDRESS.ipv4, ...host.split('.').map(Number)];
  if (isIPv6(host)) return [ADDRESS.ipv6, ...ipv6Bytes(host)];
  const name = Buffer.from(host, 'latin1');
  return [ADDRESS.name, name.length, ...name];
}

function ipv6Bytes(host: string): readonly number[] {
  // `::` stands for as many groups of zeros as are missing; the parser has turned a dotted end into groups.
  const [front = '', back] = new URL(`http://[${host}]/`).hostname.slice(1, -1).split('::');
  const groups = (text: string | undefined): readonly string[] =>
    text === undefined || text === '' ? [] : text.split(':');
  const [head, tail] = [groups(front), groups(back)];
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  return [...head, ...zeros, ...tail].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

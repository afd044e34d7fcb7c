// Takes a broker URL apart; it connects to nothing and knows no default broker.

export interface BrokerAddress {
  readonly scheme: 'mqtt' | 'mqtts' | 'ws' | 'wss';
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** Of the WebSocket handshake; `/` for mqtt and mqtts. */
  readonly path: string;
}

const DEFAULT_PORT = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 } as const;
const SHAPE =
  /^(?<scheme>mqtts?|wss?):\/\/(?<host>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?<port>\d{1,5}))?(?<path>\/[\w./~%@:+=-]*)?$/;

/**
 * The parts of a broker URL, default ports filled in (1883, 8883, 80, 443), or `undefined` where it is none.
 * Name and password in the URL are none: they would end in logs and process lists.
 */
export function brokerAddress(url: string): BrokerAddress | undefined {
  const parts = SHAPE.exec(url)?.groups ?? {};
  const scheme = schemeOf(parts['scheme']);
  const bracketed = parts['host'];
  if (scheme === undefined || bracketed === undefined || !URL.canParse(`http://${bracketed}/`))
    return undefined;
  const host = bracketed.replace(/^\[|\]$/g, '');
  const port = Number(parts['port'] ?? DEFAULT_PORT[scheme]);
  const path = parts['path'] ?? '/';
  return isPort(port) && (path === '/' || scheme.startsWith('ws')) ? { scheme, host, port, path } : undefined;
}

/** True for this machine itself, where plain text crosses no network. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(host);
}

function schemeOf(word: string | undefined): BrokerAddress['scheme'] | undefined {
  return word === 'mqtt' || word === 'mqtts' || word === 'ws' || word === 'wss' ? word : undefined;
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}

// Tells the ways apart in which a proxy does not lead to the broker, each with its own remedy; it touches nothing.

/** What a person can do about an error code of ours about a proxy; `undefined` where the code is about something else. */
export function proxyRemedy(code: string): string | undefined {
  return REMEDIES.get(code);
}

const REMEDIES: ReadonlyMap<string, string> = new Map([
  ['PROXY_URL', 'correct mqtt.proxyUrl: http://host:port or socks5://host:port, the port 1 to 65535'],
  ['PROXY_UNREACHABLE', 'start the proxy, or correct host and port in mqtt.proxyUrl'],
  ['PROXY_CLOSED', 'see the log of the proxy: it may not allow this device, or speak another protocol'],
  [
    'PROXY_LOGIN',
    'allow this device on the proxy by its address: the daemon has no login for proxies (mqtt.proxyUrl holds none)',
  ],
  [
    'PROXY_FORBIDS',
    'allow the host and port of mqtt.url on the proxy, or use a port it allows (443 for many)',
  ],
  ['PROXY_TARGET', 'the proxy is well; start the broker, or correct host and port in mqtt.url'],
  ['PROXY_ANSWER', 'correct mqtt.proxyUrl: http:// is for HTTP CONNECT, socks5:// for SOCKS5'],
]);

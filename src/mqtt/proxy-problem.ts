// Tells the ways apart in which a proxy does not lead to the broker, each with its own remedy; it touches nothing.
import type { LinkProblem } from '../domain.ts';

/** Names the proxy where it may stand in for the broker, or cut its words short, and would not be thought of. */
export function behindProxy(problem: LinkProblem, proxyUrl: string | undefined): LinkProblem {
  if (proxyUrl === undefined || !MAY_BE_THE_PROXY.test(problem.detail)) return problem;
  return {
    ...problem,
    detail: `${problem.detail}, through proxy ${proxyUrl}`,
    remedy: `${problem.remedy}; or the proxy is at fault, see its log`,
  };
}

// What comes of a tunnel that leads nowhere, of an answer that is the proxy's own, and of one that looks into TLS.
const MAY_BE_THE_PROXY =
  /^(TLS_CLOSED|WEBSOCKET_|ERR_SSL_(WRONG_VERSION|PACKET_LENGTH)|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|ERR_TLS_CERT_ALTNAME)/;

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

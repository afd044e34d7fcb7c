// Turns what a snapshot URL answered, or why nobody answered, into causes and remedies. Pure; no URL's query is shown.
import type { CaptureFailure } from '../domain.ts';
import { errorCode, errorMessage } from '../support/errors.ts';
import { failed, FRAME_BYTES_MAX } from './driver.ts';

/** Without its query, which for many cameras holds the password. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}${url.search === '' ? '' : '?...'}`;
}

/** A status that is neither a picture nor a redirection that could be followed. */
export function statusFailure(url: URL, response: Pick<Response, 'status' | 'headers'>): CaptureFailure {
  const { status } = response;
  const detail = `Cannot fetch ${shownUrl(url)}: the answer is status ${String(status)}`;
  if (status === 401 || status === 403 || status === 407) {
    const scheme = /^\w+/.exec(response.headers.get('www-authenticate') ?? 'Basic')?.[0] ?? '';
    return scheme.toLowerCase() === 'basic'
      ? failed('permission', detail, 'Put user:password of the camera into the file of camera.path')
      : failed('permission', `${detail}, it wants ${scheme} authentication`, BASIC_ONLY);
  }
  if (status === 408 || status === 429 || status >= 500) {
    return failed('busy', detail, 'Wait, or restart the camera; other programs may be using it');
  }
  return failed('noDevice', detail, CHECK_URL);
}

export function redirectFailure(url: URL, why: string): CaptureFailure {
  return failed(
    'noDevice',
    `Cannot fetch ${shownUrl(url)}: ${why}`,
    'Set camera.url to where the picture itself is',
  );
}

export function notJpeg(url: URL, contentType: string | null): CaptureFailure {
  const found =
    contentType === null ? 'of no named type' : JSON.stringify(contentType.slice(0, TYPE_CHARACTERS_MAX));
  return failed(
    'badFrame',
    `Cannot use the answer of ${shownUrl(url)}: it is ${found} and no JPEG by its bytes, a JPEG is needed`,
    'Set camera.url to the address of single JPEG pictures: a page or an MJPEG stream is none',
  );
}

export function tooLarge(url: URL): CaptureFailure {
  return failed(
    'badFrame',
    `Cannot use the answer of ${shownUrl(url)}: it is longer than ${String(FRAME_BYTES_MAX)} bytes, which are allowed`,
    'Set camera.url to the address of single JPEG pictures: a stream has no end',
  );
}

/** `receivedBytes`: of the picture, before the connection failed; `undefined` where no answer had begun. */
export function networkFailure(url: URL, error: unknown, receivedBytes: number | undefined): CaptureFailure {
  // fetch says "fetch failed" or "terminated"; what happened is its cause.
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = errorCode(cause) ?? '';
  const shown = shownUrl(url);
  const said = errorMessage(cause) || 'the connection failed';
  const words = said.includes(code) ? said : `${said} (${code})`;
  if (receivedBytes !== undefined) {
    const detail = `Cannot use the answer of ${shown}: it broke off after ${String(receivedBytes)} bytes: ${words}`;
    return failed('badFrame', detail, 'Check the network and the power supply of the camera');
  }
  if (said === BAD_PORT) return portRefused(url);
  if (TLS_CODE.test(code)) return failed('permission', `Cannot trust ${shown}: ${words}`, TLS_REMEDY);
  if (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code.startsWith('HPE_')) {
    return failed('badFrame', `Cannot fetch ${shown}: ${words}`, CHECK_URL);
  }
  return failed(
    'noDevice',
    `Cannot reach ${shown}: ${words}`,
    `${CHECK_URL}, and that the camera is on and reachable`,
  );
}

/** Fetch Standard, "bad port": ports of other protocols, mail and name servers among them, are refused unasked. */
function portRefused(url: URL): CaptureFailure {
  return failed(
    'noDevice',
    `Cannot fetch ${shownUrl(url)}: port ${url.port} is blocked for HTTP, here as in every browser`,
    'Let the camera serve its pictures on another port (80, 443, 8080, ...), and set camera.url to it',
  );
}

export function urlTooSlow(url: URL, seconds: number): CaptureFailure {
  return failed(
    'timeout',
    `Cannot fetch ${shownUrl(url)}: no whole picture after ${String(seconds)} s`,
    'Check the camera and the network, or raise camera.timeoutSeconds',
  );
}

export function urlCalledOff(url: URL): CaptureFailure {
  return failed('timeout', `Cannot fetch ${shownUrl(url)}: it was called off`, 'None is needed');
}

const TYPE_CHARACTERS_MAX = 100;
/** What fetch says of it; there is no code. */
const BAD_PORT = 'bad port';
const CHECK_URL = 'Check camera.url';
const BASIC_ONLY =
  'Switch the camera to Basic authentication (over https best), or give it a URL of its own for pictures';
// Node's codes for a certificate that does not prove the host (tls, X509 certificate error codes).
const TLS_CODE = /CERT|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|ERR_SSL|ERR_TLS/;
const TLS_REMEDY =
  "Give the camera a certificate for this host name, let the service trust its authority (NODE_EXTRA_CA_CERTS=FILE in the unit's environment), or use http on a network you trust";

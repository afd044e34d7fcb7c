// Fetches one picture from a snapshot URL, within limits of time, size and redirections; it judges no picture.
import type { CaptureFailure } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import { startsWithSoi } from '../support/jpeg-structure.ts';
import type { CameraSettings } from './camera-settings.ts';
import { FRAME_BYTES_MAX, type Driver, type RawOutcome } from './driver.ts';
import { readCredentials } from './url-credentials.ts';
import {
  networkFailure,
  notJpeg,
  redirectFailure,
  shownUrl,
  statusFailure,
  tooLarge,
  urlCalledOff,
  urlTooSlow,
} from './url-failures.ts';

export interface UrlDriverOptions {
  /** `url`: http or https, without user name and password; `path`: the file that holds them. */
  readonly settings: Pick<CameraSettings, 'url' | 'path' | 'timeoutSeconds'>;
  readonly clock: Clock;
}

/** Certificates are verified, always; the body is a picture by its bytes, whatever its type says. */
export function createUrlDriver({ settings, clock }: UrlDriverOptions): Driver {
  const url = new URL(settings.url ?? '');
  return {
    async capture({ signal, deadlineMs }) {
      const over = new AbortController();
      const cancel = clock.timer(deadlineMs, () => {
        over.abort();
      });
      try {
        const credentials = await readCredentials(settings.path);
        if (credentials.kind === 'failed') return credentials;
        const { authorization } = credentials;
        const stop = AbortSignal.any([signal, over.signal]);
        const outcome = await fetchPicture({ url, authorization, clock, stop });
        if (signal.aborted) return urlCalledOff(url);
        return over.signal.aborted ? urlTooSlow(url, settings.timeoutSeconds) : outcome;
      } finally {
        cancel();
        over.abort(); // lets go of a connection whose body nobody reads to its end
      }
    },
  };
}

interface Fetching {
  readonly url: URL;
  readonly authorization: string | undefined;
  readonly clock: Clock;
  readonly stop: AbortSignal;
}

// A camera that sends its pictures from elsewhere needs one; more is a loop or a login page.
const REDIRECTS_MAX = 3;

async function fetchPicture(fetching: Fetching): Promise<RawOutcome> {
  const { clock, stop } = fetching;
  let { url } = fetching;
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects += 1) {
    // A password is for the place that camera.url names, and no other.
    const authorization = url.origin === fetching.url.origin ? fetching.authorization : undefined;
    const response = await ask(url, authorization, stop);
    if (response.kind === 'failed') return response;
    const { answer } = response;
    if (REDIRECTIONS.includes(answer.status)) {
      const next = redirectTarget(url, answer.headers.get('location'));
      if (!(next instanceof URL)) return next;
      url = next;
      continue;
    }
    if (!answer.ok) return statusFailure(url, answer);
    const capturedAt = clock.now(); // the camera answers once it has the picture
    const bytes = await readBody(url, answer);
    return bytes instanceof Uint8Array ? { kind: 'captured', bytes, capturedAt } : bytes;
  }
  return redirectFailure(fetching.url, `it redirects more than ${String(REDIRECTS_MAX)} times`);
}

const REDIRECTIONS: readonly number[] = Object.freeze([301, 302, 303, 307, 308]);

async function ask(
  url: URL,
  authorization: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly kind: 'answered'; readonly answer: Response } | CaptureFailure> {
  try {
    const answer = await fetch(url, {
      headers: {
        accept: 'image/jpeg, image/*;q=0.5',
        'accept-encoding': 'identity', // a JPEG cannot be packed, only a bomb can
        'cache-control': 'no-cache', // no proxy's old picture
        connection: 'close', // small cameras have few connections, and close idle ones in our face
        ...(authorization === undefined ? {} : { authorization }),
      },
      redirect: 'manual',
      signal,
    });
    return { kind: 'answered', answer };
  } catch (error) {
    return networkFailure(url, error, undefined);
  }
}

function redirectTarget(from: URL, location: string | null): URL | CaptureFailure {
  if (location === null || !URL.canParse(location, from.href)) {
    return redirectFailure(from, 'it redirects to no address');
  }
  const to = new URL(location, from.href);
  if (to.protocol !== 'http:' && to.protocol !== 'https:') {
    return redirectFailure(from, `it redirects to ${to.protocol}, http: and https: are allowed`);
  }
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    return redirectFailure(from, `it redirects to ${shownUrl(to)}, from https only https is allowed`);
  }
  if (to.username !== '' || to.password !== '') {
    return redirectFailure(
      from,
      `it redirects to ${shownUrl(to)} with a password, which no address may hold`,
    );
  }
  return to;
}

/** What is no JPEG is refused at its first bytes, what is too long at the byte where it becomes so. */
async function readBody(url: URL, { body, headers }: Response): Promise<Uint8Array | CaptureFailure> {
  const incoming: AsyncIterable<Uint8Array> | null = body;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of incoming ?? []) {
      bytes += chunk.byteLength;
      if (bytes > FRAME_BYTES_MAX) return tooLarge(url);
      chunks.push(chunk);
      if (!isJpegSoFar(chunks)) return notJpeg(url, headers.get('content-type'));
    }
  } catch (error) {
    return networkFailure(url, error, bytes);
  }
  return bytes === 0 ? notJpeg(url, headers.get('content-type')) : Buffer.concat(chunks);
}

function isJpegSoFar(chunks: readonly Uint8Array[]): boolean {
  const [first] = chunks;
  const head = first !== undefined && first.length >= SOI_BYTES ? first : Buffer.concat(chunks);
  return head.length < SOI_BYTES || startsWithSoi(head);
}

const SOI_BYTES = 3; // what startsWithSoi looks at

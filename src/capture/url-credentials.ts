// Reads the user name and password of a snapshot URL from their file; it logs and keeps neither.
import type { CaptureFailure } from '../domain.ts';
import { readBoundedFile } from '../support/files.ts';
import { failed } from './driver.ts';

export type Credentials =
  /** The value of an Authorization header (RFC 7617, Basic), or none where no file is configured. */
  { readonly kind: 'credentials'; readonly authorization?: string } | CaptureFailure;

/** One line `user:password`, UTF-8, read anew at each capture, in a file that only owner and group may read. */
export async function readCredentials(path: string | undefined): Promise<Credentials> {
  if (path === undefined) return { kind: 'credentials' };
  const read = await readBoundedFile(path, FILE_BYTES_MAX);
  switch (read.kind) {
    case 'absent':
      return unusable(path, 'it does not exist', 'Make it with one line user:password, or unset camera.path');
    case 'tooLarge':
      return unusable(path, `it has ${String(read.bytes)} bytes`, ONE_LINE);
    case 'failed':
      return unusable(path, read.detail, 'Let the user of the service read it, and nobody else');
    case 'read':
      break;
  }
  if ((read.mode & OTHERS) !== 0) {
    const mode = read.mode.toString(8).padStart(4, '0');
    return unusable(path, `its mode is ${mode}, so everybody on this machine may use it`, `chmod o= ${path}`);
  }
  const line = Buffer.from(read.bytes)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (!/^[^:\p{Cc}]*:[^\p{Cc}]*$/u.test(line)) {
    return unusable(path, 'it is not one line user:password', ONE_LINE);
  }
  return { kind: 'credentials', authorization: `Basic ${Buffer.from(line, 'utf8').toString('base64')}` };
}

const FILE_BYTES_MAX = 4096;
const OTHERS = 0o007;
const ONE_LINE = 'Write one line user:password into it and nothing else';

function unusable(path: string, found: string, remedy: string): CaptureFailure {
  const needed = 'a file with user:password that only owner and group may read is needed';
  return failed('permission', `Cannot use camera.path ${path}: ${found}, ${needed}`, remedy);
}

// Reads small files and looks at folders for the stages; it writes nothing that has to last (that is durable-file).
import { constants } from 'node:fs';
import {
  access,
  chmod,
  lchown,
  lstat,
  mkdir,
  mkdtemp,
  open,
  type FileHandle,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  statfs,
  writeFile as write,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode, errorMessage, OperatingError } from './errors.ts';

export type FileRead =
  | { readonly kind: 'read'; readonly bytes: Uint8Array; readonly mode: number; readonly ownerUid: number }
  | { readonly kind: 'absent' }
  /** `bytes`: as many at least. */
  | { readonly kind: 'tooLarge'; readonly bytes: number }
  | { readonly kind: 'failed'; readonly code: string; readonly detail: string };

/** Reads a regular file of at most `maxBytes`. O_NONBLOCK: a FIFO in its place must not hang the opener. */
export async function readBoundedFile(path: string, maxBytes: number): Promise<FileRead> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await handle.stat();
      if (!found.isFile()) return { kind: 'failed', code: 'EINVAL', detail: 'not a regular file' };
      if (found.size > maxBytes) return { kind: 'tooLarge', bytes: found.size };
      // A file may grow while it is read, and those of /proc say that they are empty.
      const bytes = await readUpTo(handle, { mostBytes: maxBytes + 1, expectedBytes: found.size });
      if (bytes.length > maxBytes) return { kind: 'tooLarge', bytes: bytes.length };
      return { kind: 'read', bytes, mode: found.mode & 0o7777, ownerUid: found.uid };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = errorCode(error) ?? 'unknown';
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? { kind: 'absent' }
      : { kind: 'failed', code, detail: errorMessage(error) };
  }
}

const CHUNK_BYTES = 64 * 1024;

async function readUpTo(
  handle: FileHandle,
  { mostBytes, expectedBytes }: { readonly mostBytes: number; readonly expectedBytes: number },
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  while (bytes < mostBytes) {
    // One byte more than is expected: with it the end of a file that does not grow is seen in the same buffer.
    const roomBytes = Math.max(expectedBytes + 1 - bytes, CHUNK_BYTES);
    const chunk = Buffer.allocUnsafe(Math.min(roomBytes, mostBytes - bytes));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) break;
    chunks.push(chunk.subarray(0, bytesRead));
    bytes += bytesRead;
  }
  const [first = Buffer.alloc(0), ...more] = chunks;
  return more.length === 0 ? first : Buffer.concat(chunks);
}

/** The text of a small system file (sysfs, procfs, /etc/machine-id), trimmed; `undefined` where there is none. */
export async function readSystemText(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).replace(/\0/g, '').trim();
  } catch {
    return undefined; // absent or unreadable: on another machine this fact simply does not exist
  }
}

/** Names in a folder, sorted; empty where there is no such folder. */
export async function listFolder(path: string): Promise<readonly string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
    throw new OperatingError(`Cannot read folder ${path}: ${errorMessage(error)}`, {
      code: errorCode(error) ?? 'unknown',
      cause: error,
    });
  }
}

export type PathKind = 'file' | 'folder' | 'characterDevice' | 'other' | 'absent';

export async function pathKind(path: string): Promise<PathKind> {
  try {
    const found = await stat(path);
    if (found.isFile()) return 'file';
    if (found.isDirectory()) return 'folder';
    return found.isCharacterDevice() ? 'characterDevice' : 'other';
  } catch {
    return 'absent';
  }
}

/** Where a symbolic link ends, or `undefined` where it leads nowhere. */
export async function resolveLink(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch {
    return undefined;
  }
}

export async function canReadAndWrite(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether a program of this name that we may run lies on the search path (folders with colons between). */
export async function hasProgram(name: string, searchPath: string): Promise<boolean> {
  const folders = searchPath.split(':').filter((folder) => folder !== '');
  const found = await Promise.all(folders.map((folder) => isProgram(join(folder, name))));
  return found.includes(true);
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await pathKind(path)) === 'file'; // a folder may be "executed" as well
  } catch {
    return false;
  }
}

/** Makes a folder that only its owner may enter. What root makes in another user's folder is that user's. */
export async function makePrivateFolder(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  if (made !== undefined) await giveToOwnerAbove(made, path);
  // On a disk gone read-only chmod(2) fails also where nothing has to change.
  if (((await stat(path)).mode & 0o7777) !== 0o700) await chmod(path, 0o700);
}

async function giveToOwnerAbove(made: string, path: string): Promise<void> {
  const { uid, gid } = await stat(dirname(made));
  if (uid === 0 || (await stat(made)).uid !== 0) return;
  for (let at = path; at.length >= made.length; at = dirname(at)) await lchown(at, uid, gid);
}

/** What the names of our temporary folders begin with. */
export const TEMPORARY_PREFIX = 'shutterd-';

/** A fresh 0700 folder below `parent`; `remove` deletes it with what is in it. */
export async function makeTemporaryFolder(
  parent: string,
): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await temporaryFolder(parent);
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** The user that owns a folder which nobody else may enter; `undefined` for a link and for anything else. */
export async function privateFolderOwner(path: string): Promise<number | undefined> {
  try {
    const found = await lstat(path);
    return found.isDirectory() && (found.mode & 0o077) === 0 ? found.uid : undefined;
  } catch {
    return undefined; // somebody removed it meanwhile
  }
}

/** Writes a file for a person, with the permissions their umask gives. */
export async function writeFile(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await write(path, bytes);
  } catch (error) {
    throw notWritten(`write ${path}`, error);
  }
}

async function temporaryFolder(parent: string): Promise<string> {
  try {
    return await mkdtemp(join(parent, TEMPORARY_PREFIX));
  } catch (error) {
    throw notWritten(`make a folder in ${parent}`, error);
  }
}

function notWritten(what: string, cause: unknown): OperatingError {
  const code = errorCode(cause) ?? 'unknown';
  const message = `Cannot ${what}: ${code}, a folder that this user may write to is needed`;
  return new OperatingError(message, { code, cause });
}

/** Removes whatever is at `path`, with what is in it; nothing there is no failure. Never rejects. */
export async function removeWhole(
  path: string,
): Promise<{ readonly kind: 'removed' } | { readonly kind: 'failed'; readonly detail: string }> {
  try {
    // Somebody may still be writing into the folder, or have used up our descriptors for a moment.
    await rm(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 25 });
    return { kind: 'removed' };
  } catch (error) {
    return { kind: 'failed', detail: errorMessage(error) };
  }
}

/** Bytes an unprivileged process may still write on the file system that holds `path`. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

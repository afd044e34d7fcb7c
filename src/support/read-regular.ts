// Reads one regular file of a known owner into memory that the caller gives; it follows no link and opens no device or FIFO.
import { closeSync, constants, fstatSync, open as openCall, read as readCall } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { errorCode } from './errors.ts';

const openDescriptor = promisify(openCall);
const readDescriptor = promisify(readCall);

/**
 * Waits for the disk twice, to open and to read: each wait is a turn of Node's thread pool and costs more than the call
 * itself. What an open descriptor tells of itself is in memory, and to close one that only read writes nothing.
 */
export async function readRegular(
  path: string,
  { maxBytes, ownerUid, room }: { maxBytes: number; ownerUid: number; room: (bytes: number) => Uint8Array },
): Promise<Uint8Array | undefined> {
  const descriptor = await openRegular(path, ownerUid);
  if (descriptor === undefined) return undefined;
  try {
    const found = fstatSync(descriptor);
    const isOurs = found.isFile() && found.uid === ownerUid;
    return isOurs && found.size <= maxBytes
      ? await readInto(room(found.size).subarray(0, found.size), descriptor)
      : undefined;
  } finally {
    closeSync(descriptor);
  }
}

/** read(2) may give less than it is asked for; nothing more is the end, of a file that somebody cut meanwhile. */
async function readInto(bytes: Uint8Array, descriptor: number): Promise<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const { bytesRead } = await readDescriptor(descriptor, bytes, at, bytes.length - at, at);
    if (bytesRead === 0) return bytes.subarray(0, at);
    at += bytesRead;
  }
  return bytes;
}

/** `undefined` for what open(2) itself refuses to be a file of ours: ELOOP for a link, ENXIO for a socket. */
async function openRegular(path: string, ownerUid: number): Promise<number | undefined> {
  try {
    return await openDescriptor(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ELOOP' || code === 'ENXIO') return undefined;
    if (code === 'EACCES' && (await isClosedToOwner(path, ownerUid))) return undefined;
    throw error;
  }
}

/** The file alone refuses us, by its owner or its mode; where the whole folder does, lstat(2) fails as well. */
async function isClosedToOwner(path: string, ownerUid: number): Promise<boolean> {
  const { uid, mode } = await lstat(path);
  return uid !== ownerUid || (mode & constants.S_IRUSR) === 0;
}

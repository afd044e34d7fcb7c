// Reads one regular file of a known owner into memory that the caller gives; it follows no link and opens no device or FIFO.
import { closeSync, constants, fstatSync, open as openCall, read as readCall, type Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { errorCode } from './errors.ts';

const openDescriptor = promisify(openCall);
const readDescriptor = promisify(readCall);

export interface RegularRead {
  readonly maxBytes: number;
  readonly ownerUid: number;
  readonly room: Room;
}

/** Memory for so many bytes. */
export type Room = (bytes: number) => Uint8Array<ArrayBuffer>;

/**
 * Waits for the disk twice, to open and to read: each wait is a turn of Node's thread pool and costs more than the call
 * itself. What an open descriptor tells of itself is in memory, and to close one that only read writes nothing.
 */
export async function readRegular(
  path: string,
  wanted: RegularRead,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const descriptor = await openRegular(path, wanted.ownerUid);
  if (descriptor === undefined) return undefined;
  try {
    const found = fstatSync(descriptor);
    return isWanted(found, wanted)
      ? await readInto(wanted.room(found.size).subarray(0, found.size), descriptor)
      : undefined;
  } finally {
    closeSync(descriptor);
  }
}

export const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** What open(2) itself refuses to be a file of ours: ELOOP for a link, ENXIO for a socket. */
export function isNoFile(code: string | undefined): boolean {
  return code === 'ELOOP' || code === 'ENXIO';
}

/** The file alone refuses us, by its owner or its mode; where the whole folder does, lstat(2) fails as well. */
export function isClosedTo(ownerUid: number, { uid, mode }: Stats): boolean {
  return uid !== ownerUid || (mode & constants.S_IRUSR) === 0;
}

export function isWanted(found: Stats, { maxBytes, ownerUid }: RegularRead): boolean {
  return found.isFile() && found.uid === ownerUid && found.size <= maxBytes;
}

/** read(2) may give less than it is asked for; nothing more is the end, of a file that somebody cut meanwhile. */
async function readInto(
  bytes: Uint8Array<ArrayBuffer>,
  descriptor: number,
): Promise<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length;) {
    const { bytesRead } = await readDescriptor(descriptor, bytes, at, bytes.length - at, at);
    if (bytesRead === 0) return bytes.subarray(0, at);
    at += bytesRead;
  }
  return bytes;
}

async function openRegular(path: string, ownerUid: number): Promise<number | undefined> {
  try {
    return await openDescriptor(path, READ_FLAGS);
  } catch (error) {
    const code = errorCode(error);
    if (isNoFile(code) || (code === 'EACCES' && isClosedTo(ownerUid, await lstat(path)))) return undefined;
    throw error;
  }
}

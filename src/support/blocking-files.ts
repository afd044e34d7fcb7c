// Reads a file with calls that block their thread: for a thread of their own, never for the main one.
import { closeSync, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { errorCode } from './errors.ts';
import { isClosedTo, isNoFile, isWanted, READ_FLAGS, type RegularRead } from './read-regular.ts';

/** As `readRegular`, and throws where that rejects. */
export function readRegularBlocking(path: string, wanted: RegularRead): Uint8Array<ArrayBuffer> | undefined {
  const descriptor = openRegular(path, wanted.ownerUid);
  if (descriptor === undefined) return undefined;
  try {
    const found = fstatSync(descriptor);
    return isWanted(found, wanted)
      ? readInto(wanted.room(found.size).subarray(0, found.size), descriptor)
      : undefined;
  } finally {
    closeSync(descriptor);
  }
}

function readInto(bytes: Uint8Array<ArrayBuffer>, descriptor: number): Uint8Array<ArrayBuffer> {
  for (let at = 0; at < bytes.length;) {
    const bytesRead = readSync(descriptor, bytes, at, bytes.length - at, at);
    if (bytesRead === 0) return bytes.subarray(0, at);
    at += bytesRead;
  }
  return bytes;
}

function openRegular(path: string, ownerUid: number): number | undefined {
  try {
    return openSync(path, READ_FLAGS);
  } catch (error) {
    const code = errorCode(error);
    if (isNoFile(code) || (code === 'EACCES' && isClosedTo(ownerUid, lstatSync(path)))) return undefined;
    throw error;
  }
}

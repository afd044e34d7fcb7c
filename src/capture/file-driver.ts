// Gives the JPEG at a path, or those of a folder in turn, as if a camera had taken them; it never writes.
import { join } from 'node:path';
import type { CaptureFailure } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import { errorCode, errorMessage } from '../support/errors.ts';
import { listFolder, pathKind, readBoundedFile } from '../support/files.ts';
import { failed, FRAME_BYTES_MAX, type Driver, type RawOutcome } from './driver.ts';

/** The folder is looked at and the file read anew at every capture; the time is that of the reading. */
export function createFileDriver(options: { path: string; clock: Clock }): Driver {
  const { path, clock } = options;
  let lastName: string | undefined;
  return {
    async capture() {
      if ((await pathKind(path)) !== 'folder') return readPicture(path, clock);
      const names = await pictureNames(path);
      if (!Array.isArray(names)) return names;
      const previous = lastName;
      const name = names.find((candidate) => previous !== undefined && candidate > previous) ?? names[0];
      if (name === undefined) return missing(`${path} holds no .jpg or .jpeg`);
      lastName = name;
      return readPicture(join(path, name), clock);
    },
  };
}

async function pictureNames(folder: string): Promise<string[] | CaptureFailure> {
  try {
    return (await listFolder(folder)).filter((name) => /\.jpe?g$/i.test(name));
  } catch (error) {
    return unreadable(folder, errorCode(error) ?? 'unknown', errorMessage(error));
  }
}

async function readPicture(path: string, clock: Clock): Promise<RawOutcome> {
  const read = await readBoundedFile(path, FRAME_BYTES_MAX);
  switch (read.kind) {
    case 'read':
      return { kind: 'captured', bytes: read.bytes, capturedAt: clock.now() };
    case 'absent':
      return missing(path === '' ? 'camera.path is not set' : `${path} does not exist`);
    case 'tooLarge':
      return failed(
        'badFrame',
        `Cannot use ${path}: it has ${String(read.bytes)} bytes, ${String(FRAME_BYTES_MAX)} are allowed`,
        'Give a smaller JPEG',
      );
    case 'failed':
      return unreadable(path, read.code, read.detail);
  }
}

function missing(what: string): CaptureFailure {
  return failed('noDevice', `Cannot capture: ${what}`, 'Set camera.path to a JPEG or a folder of JPEGs');
}

function unreadable(path: string, code: string, detail: string): CaptureFailure {
  if (code === 'EACCES' || code === 'EPERM') {
    return failed('permission', `Cannot read ${path}: ${detail}`, 'Let the user of the service read it');
  }
  return failed('badFrame', `Cannot read ${path}: ${detail}`, 'Check the file and its disk');
}

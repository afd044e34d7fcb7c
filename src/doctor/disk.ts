// The disk under the outbox: room, inodes, and whether the kernel has lost faith in it. It writes nothing.
import { dirname } from 'node:path';
import type { Config } from '../config/schema.ts';
import { diskRoom, fileFacts } from '../support/file-facts.ts';
import { readSystemText } from '../support/files.ts';
import { findingsOf, type Finding } from './finding.ts';
import { mountOf, type Mount } from './mounts.ts';

const { ok, warn, fail } = findingsOf('disk');

export type DiskBounds = Pick<Config['outbox'], 'directory' | 'minFreeBytes' | 'maxBytes'>;

export async function lookAtDisk(bounds: DiskBounds): Promise<readonly Finding[]> {
  const at = await nearest(bounds.directory);
  const mount = await mountOf(at);
  return [...(await room(at, bounds)), ...(await health(mount))];
}

/** The outbox folder, or what will hold it. */
async function nearest(path: string): Promise<string> {
  if (path === '/' || (await fileFacts(path)) !== undefined) return path;
  return nearest(dirname(path));
}

const INODES_MIN = 1000;

async function room(at: string, { minFreeBytes, maxBytes }: DiskBounds): Promise<readonly Finding[]> {
  const found = await diskRoom(at);
  if (found === undefined) return [warn(`${at} does not say how much room it has`, `run: df ${at}`)];
  const { freeBytes, freeInodes, totalInodes } = found;
  const what = `${at}: ${mebibytes(freeBytes)} free`;
  if (totalInodes > 0 && freeInodes < INODES_MIN)
    return [
      fail(
        `${what}, and only ${String(freeInodes)} inodes`,
        `remove small files: df -i ${at} shows the inodes`,
      ),
    ];
  if (freeBytes < minFreeBytes)
    return [
      fail(
        `${what}, below outbox.minFreeBytes (${mebibytes(minFreeBytes)}): every request is refused (diskFull)`,
        `make room (sudo du -xh / | sort -h | tail shows where it went), or lower outbox.minFreeBytes`,
      ),
    ];
  if (maxBytes > 0 && freeBytes - minFreeBytes < maxBytes)
    return [
      warn(
        `${what}: less than the outbox may grow to (outbox.maxBytes ${mebibytes(maxBytes)} beside minFreeBytes)`,
        `make room, or lower outbox.maxBytes`,
      ),
    ];
  return [ok(`${what}${totalInodes === 0 ? '' : `, ${String(freeInodes)} inodes`}`)];
}

const REPLACE = 'save what you need, replace the SD card, and look at dmesg';

async function health(mount: Mount | undefined): Promise<readonly Finding[]> {
  if (mount === undefined) return [];
  if (mount.readOnly)
    return [
      fail(
        `${mount.point} is mounted read-only`,
        `if it was not meant so: ${REPLACE}; else set outbox.directory to a disk that can be written`,
      ),
    ];
  // ext4 counts what it found wrong since the file system was checked last.
  const errors = await readSystemText(`/sys/fs/ext4/${mount.device}/errors_count`);
  return errors === undefined || errors === '0'
    ? []
    : [fail(`the file system of ${mount.point} (${mount.device}) has found ${errors} errors`, REPLACE)];
}

function mebibytes(bytes: number): string {
  return `${String(Math.round(bytes / MEBIBYTE))} MiB`;
}

const MEBIBYTE = 1024 * 1024;

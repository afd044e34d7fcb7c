// What the system tests configure alike: a generated or TEST picture, small where size is not the subject, quick returns.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { readJpegStructure } from '../../src/support/jpeg-structure.ts';
import { processesIn, type Daemon, type Home } from '../helpers/daemon.ts';

export const TRIGGER = 'device/image/trigger';
export const REQUEST = 'device/image/request';
export const RESPONSE = 'device/image/response';
export const STATUS = 'device/pi-test/status';
export const OUTCOME = 'device/pi-test/image/outcome';

export type Settings = Readonly<Record<string, unknown>>;

/** A drawn picture of a few kilobytes, and a daemon that returns to its broker within about a second. */
export function quick(url: string, settings: Settings = {}): Settings {
  return {
    ...{ 'mqtt.url': url, 'camera.driver': 'test', 'camera.widthPx': 160, 'camera.heightPx': 120 },
    ...{ 'image.minWidthPx': 16, 'outbox.minFreeBytes': 0, 'outbox.drainPerSecond': 0 },
    ...{
      'mqtt.reconnect.baseSeconds': 0.1,
      'mqtt.reconnect.maxSeconds': 0.2,
      'mqtt.reconnect.spreadSeconds': 0,
    },
    ...settings,
  };
}

/** The flow as a user has it with a webcam: fswebcam's own test picture through node-webcam. */
export function webcam(url: string, settings: Settings = {}): Settings {
  return {
    ...quick(url),
    ...{ 'camera.driver': 'node-webcam', 'camera.device': 'TEST', 'camera.skipFrames': 1 },
    ...{ 'camera.widthPx': 1280, 'camera.heightPx': 720 },
    ...settings,
  };
}

export type Json = Readonly<Record<string, unknown>>;

export function json(payload: Uint8Array): Json {
  return JSON.parse(Buffer.from(payload).toString('utf8')) as Json;
}

/** The picture of a request, whole. */
export function pictureOf(request: Json): { widthPx: number; heightPx: number } {
  const jpeg = Buffer.from(String(request['image_data']), 'base64');
  const structure = readJpegStructure(jpeg);
  assert.equal(structure.kind, 'complete', JSON.stringify(structure));
  return { widthPx: structure.widthPx, heightPx: structure.heightPx };
}

/** SIGUSR1 `count` times, each answered by a stored request; gives the ids. */
export async function storeSome(daemon: Daemon, count: number): Promise<string[]> {
  const before = daemon.of('request.stored').length;
  for (let n = 1; n <= count; n += 1) {
    daemon.signal('SIGUSR1');
    await daemon.waitFor('request.stored', before + n);
  }
  return daemon
    .of('request.stored')
    .slice(before)
    .map((line) => String(line['requestId']));
}

/** SIGTERM ends it well, and it leaves no process and no temporary folder behind. */
export async function stopsClean(daemon: Daemon, home: Home): Promise<void> {
  assert.deepEqual(await daemon.stop(), { code: 0, signal: null }, daemon.errors.all.join('\n'));
  assert.deepEqual(await processesIn(home), []);
  assert.deepEqual(await readdir(home.temporary), []);
  assert.deepEqual(daemon.errors.all, []);
}

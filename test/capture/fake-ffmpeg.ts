// Programs that stand in for ffmpeg on PATH: each streams, fails or hangs in a way of its own.
import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export interface FakeProgram {
  /** PATH with the program in front. */
  readonly searchPath: string;
  readonly folder: string;
  /** Puts another program in its place, for the next start. */
  replace(script: string): Promise<void>;
  remove(): Promise<void>;
}

export async function fakeFfmpeg(script: string): Promise<FakeProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'fake-ffmpeg-'));
  const path = join(folder, 'ffmpeg');
  const replace = async (text: string): Promise<void> => {
    // At once, as a whole: the driver may be starting it right now.
    await writeFile(`${path}.new`, text);
    await chmod(`${path}.new`, 0o755);
    await rename(`${path}.new`, path);
  };
  await replace(script);
  return {
    folder,
    replace,
    searchPath: `${folder}${delimiter}${process.env['PATH'] ?? ''}`,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The real ffmpeg with a generated source: 30 JPEGs a second, each stamped with the time at which it was drawn. */
export const GENERATED = `#!/bin/sh
PATH=\${PATH#*:}
exec ffmpeg -v error -nostdin -re -f lavfi -i testsrc2=size=320x240:rate=30 \\
  -vf settb=1/1000000,setpts=RTCTIME,format=yuvj420p -copyts -fps_mode passthrough -enc_time_base 1:1000000 \\
  -map 0:v -c:v mjpeg -threads 1 -q:v 3 -f tee '[f=mjpeg:flush_packets=1]pipe\\:1|[f=framecrc:flush_packets=1]pipe\\:3'
`;

/**
 * Streams small JPEGs that carry their exposure time (milliseconds since 1970) in a comment segment, `latencyMs` late.
 * `frames`: how many before it ends, -1 for ever; `stamped`: whether it writes framecrc lines to descriptor 3.
 */
export function scriptedCamera(options: {
  readonly jpeg: Uint8Array;
  readonly latencyMs?: number;
  readonly frames?: number;
  readonly stamped?: boolean;
  readonly stampOffsetMs?: number;
  /** After the last frame: end with this on standard error, or stay and give nothing. */
  readonly then?: { readonly say: string } | 'freeze';
}): string {
  const { jpeg, latencyMs = 0, frames = -1, stamped = true, stampOffsetMs = 0, then = 'freeze' } = options;
  return `#!/usr/bin/env node
const fs = require('node:fs');
const jpeg = Buffer.from('${Buffer.from(jpeg).toString('base64')}', 'base64');
let left = ${frames};
const timer = setInterval(() => {
  if (left === 0) {
    clearInterval(timer);
    ${then === 'freeze' ? 'setInterval(() => {}, 1000);' : `fs.writeSync(2, ${JSON.stringify(then.say)}); process.exit(1);`}
    return;
  }
  left -= 1;
  const exposed = String(Date.now());
  const comment = Buffer.from(exposed);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(comment.length + 2);
  const frame = Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xfe]), length, comment, jpeg.subarray(2)]);
  setTimeout(() => {
    fs.writeSync(1, frame);
    const ticks = (Number(exposed) + ${stampOffsetMs}) * 1000;
    if (${stamped}) fs.writeSync(3, \`0, \${ticks}, \${ticks}, 33333, \${frame.length}, 0x00000000\\n\`);
  }, ${latencyMs});
}, 33);
`;
}

/** When the frame of a scripted camera was exposed. */
export function exposureOf(bytes: Uint8Array): number {
  const content = Buffer.from(bytes);
  return Number(content.subarray(6, 4 + content.readUInt16BE(4)).toString('latin1'));
}

// Judges the JPEG that a camera gave by what its decoder says of it, because whoever encodes it again hides that. It changes no picture.
import type { JpegCodec } from '../support/jpeg.ts';
import { FRAME_BYTES_MAX } from './driver.ts';
import { createMjpegSplitter } from './mjpeg-splitter.ts';

/**
 * What is wrong with the camera's JPEG; `undefined` where the decoder got every block of the picture from it. `buffer` may
 * go on behind it, with zeros or with an older frame: a frame that was cut short then goes on as well, and is found out
 * where that gives fewer blocks than are missing, or breaks a code.
 */
export async function damageOf(
  buffer: Uint8Array,
  codec: Pick<JpegCodec, 'inspect'>,
): Promise<string | undefined> {
  const [whole] = createMjpegSplitter({ maxBytes: FRAME_BYTES_MAX }).push(buffer);
  const inspection = await codec.inspect(whole ?? withEoi(buffer));
  return inspection.kind === 'undecodable' ? inspection.detail : undefined;
}

/** Some cameras leave EOI out: what counts is whether the picture is there. */
function withEoi(buffer: Uint8Array): Uint8Array {
  const end = buffer.findLastIndex((byte) => byte !== 0) + 1;
  return Buffer.concat([buffer.subarray(0, end), EOI]);
}

const EOI = Uint8Array.of(0xff, 0xd9);

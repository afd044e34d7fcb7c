// Recognises a frame that the camera cut short and that was encoded again as if it were whole. It changes no picture.
import type { JpegCodec, Pixels } from '../support/jpeg.ts';

/**
 * Encoding again changes nothing of what libjpeg made of missing data. At the end of the data it goes on with blocks
 * without any coefficient: level 128 in all channels. Where the camera's buffer goes on with zeros, it reads one block
 * again and again from these: a texture that repeats to the bit. No sensor gives either. An even sky, bar or wall is not
 * taken for one, nor is a frame that lacks less than its last row of blocks or goes on with an older one.
 */
export async function endsWithoutData(
  jpeg: Uint8Array,
  heightPx: number,
  codec: Pick<JpegCodec, 'decode'>,
): Promise<boolean> {
  const rows = Math.min(BLOCK_PX, heightPx);
  const decoded = await codec.decode(jpeg, {
    crop: { left: 0, top: (heightPx - rows) / heightPx, width: 1, height: rows / heightPx },
    ...{ maxWidthPx: 0, rotateDegrees: 0, flip: 'none', greyscale: false },
  });
  if (decoded.kind === 'undecodable') return false; // it decoded just before, and whoever uses it decodes it again
  const { pixels } = decoded;
  return isGrey(pixels) || (repeats(pixels, BLOCK_PX) && !repeats(pixels, 1));
}

const BLOCK_PX = 8;
// The upper rows of a block may take on colour from the block above (chroma upsampling).
const GREY_ROWS = 4;
const GREY = 128;
const GREY_OFF_MAX = 1;

function isGrey({ data, widthPx, channels }: Pixels): boolean {
  const bottom = data.subarray(-GREY_ROWS * widthPx * channels);
  return bottom.every((level) => Math.abs(level - GREY) <= GREY_OFF_MAX);
}

/** Whether each row says the same again and again, every `periodPx` pixels. */
function repeats({ data, widthPx, channels }: Pixels, periodPx: number): boolean {
  const [width, period] = [widthPx * channels, periodPx * channels];
  return data.every((level, at) => at % width < period || level === data[at - period]);
}

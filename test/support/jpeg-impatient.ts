// A process with one second for each picture and nine huge ones at once: prints what became of them as JSON.
import sharp from 'sharp';
import { errorCode, errorMessage } from '../../src/support/errors.ts';
import { createJpegCodec, type Pixels } from '../../src/support/jpeg.ts';
import { noise } from './jpeg-samples.ts';

const codec = createJpegCodec({ secondsMax: 1 });
const asIs = { maxWidthPx: 0, rotateDegrees: 0, flip: 'none', greyscale: false } as const;
const coding = { quality: 100, encoder: 'fast' } as const;

const pixels: Pixels = noise(8000, 5000);
const { data, widthPx: width, heightPx: height } = pixels;
const jpeg = await sharp(data, { raw: { width, height, channels: 3 } })
  .jpeg({ quality: 100 })
  .toBuffer();

const works = [
  async () => {
    const outcome = await codec.decode(jpeg, asIs);
    return outcome.kind === 'decoded' ? outcome.kind : `${outcome.kind} ${outcome.detail}`;
  },
  () => codec.encode(pixels, coding).then(() => 'encoded', described),
  () => codec.transcode(jpeg, { ...asIs, ...coding }).then(() => 'encoded', described),
];
const outcomes = await Promise.all([...works, ...works, ...works].map((work) => work()));
process.stdout.write(`${JSON.stringify(outcomes)}\n`);

function described(error: unknown): string {
  return `${String(errorCode(error))} ${errorMessage(error)}`;
}

// The ways to code a picture that are compared at equal bytes: what each gains in likeness, and what it takes in time.
import sharp, { type JpegOptions } from 'sharp';
import { psnr, ssim } from './fit-likeness.ts';
import { photographed } from './fit-photographs.ts';
import { mean } from './fit-scores.ts';
import { row, timed, type Bench, type Row } from './rows.ts';

const SIZE = { widthPx: 1280, heightPx: 720 };
const BUDGET_BYTES = 95_700; // about what base64 and the metadata leave of 128,000
const PHOTOGRAPHS = { quick: 3, full: 12 };
const HALVED = { chromaSubsampling: '4:2:0' } as const;

/** The first is what `image.encoder: fast` does. */
const WAYS: Readonly<Record<string, JpegOptions>> = {
  '4:2:0': HALVED,
  '4:2:0 progressive': { ...HALVED, progressive: true },
  '4:4:4': { chromaSubsampling: '4:4:4' },
  '4:2:0 table 2': { ...HALVED, quantisationTable: 2 },
  '4:2:0 table 3': { ...HALVED, quantisationTable: 3 },
  '4:2:0 table 4': { ...HALVED, quantisationTable: 4 },
  'mozjpeg 4:2:0': { ...HALVED, mozjpeg: true },
};

export async function measureCoding(
  { rounds, say }: Bench,
  paths: readonly string[],
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const chroma of ['4:2:0', '4:4:4'] as const) {
    const frames: Uint8Array[] = [];
    for (const [seed, path] of paths.slice(0, PHOTOGRAPHS[rounds]).entries()) {
      const photograph = await photographed(path, { ...SIZE, shots: 1, seed, chroma });
      frames.push(...photograph.frames.map(({ jpeg }) => jpeg));
    }
    for (const [name, way] of Object.entries(WAYS)) {
      say(`fit: coded ${name}, frames ${chroma}`);
      const coded: Coded[] = [];
      for (const jpeg of frames) coded.push(...(await codedAt(jpeg, way)));
      const of = `coded ${name}, frame ${chroma}`;
      rows.push(
        row(`${of}, at equal bytes, mean`, 'SSIM', [mean(coded.map((one) => one.ssim))]),
        row(`${of}, at equal bytes, mean`, 'dB', [mean(coded.map((one) => one.psnr))]),
        row(
          `${of}: one encode`,
          'ms',
          coded.map((one) => one.ms),
        ),
      );
    }
  }
  return rows;
}

interface Coded {
  readonly ssim: number;
  readonly psnr: number;
  /** Of one encode, in the middle of all that were made. */
  readonly ms: number;
}

/**
 * Between the best quality that fits and the next, which does not: steps of quality are not equally far apart in every
 * way, and none hits the budget. Nothing where even the lowest is too much.
 */
async function codedAt(frame: Uint8Array, way: JpegOptions): Promise<readonly Coded[]> {
  const { data, info } = await sharp(frame).raw().toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: 3 } as const;
  const ms: number[] = [];
  const tried = new Map<number, Uint8Array>();
  const encode = async (quality: number): Promise<Uint8Array> => {
    let jpeg: Uint8Array = new Uint8Array();
    ms.push(
      await timed(
        async () =>
          (jpeg = await sharp(data, { raw })
            .jpeg({ ...way, quality })
            .toBuffer()),
      ),
    );
    tried.set(quality, jpeg);
    return jpeg;
  };
  let [low, high] = [0, 101];
  while (high - low > 1) {
    const quality = Math.floor((low + high) / 2);
    if ((await encode(quality)).length <= BUDGET_BYTES) low = quality;
    else high = quality;
  }
  const [below, above] = [tried.get(low), tried.get(high)];
  if (below === undefined || above === undefined) return [];
  const log = Math.log;
  const share = (log(BUDGET_BYTES) - log(below.length)) / (log(above.length) - log(below.length));
  const between = async (measure: typeof ssim): Promise<number> =>
    (1 - share) * (await measure(frame, below)) + share * (await measure(frame, above));
  return [{ ssim: await between(ssim), psnr: await between(psnr), ms: row('', 'ms', ms).p50 }];
}

// How long a frame like a photograph takes to fit the default bound, with the quality of the frame before and without.
import type { Frame } from '../../src/domain.ts';
import { jpegBudgetBytes } from '../../src/fit/budget.ts';
import { createFit, type Fit, type FitSettings } from '../../src/fit/fit-frame.ts';
import { overheadBytes } from '../../src/request/build-request.ts';
import { createJpegCodec, type JpegCodec } from '../../src/support/jpeg.ts';
import { photoLike } from './photo-like.ts';
import { millisecondsSince, row, type Bench, type Row } from './rows.ts';

const WIDTH_PX = 1280;
const HEIGHT_PX = 720;
const CAMERA_QUALITY = 95; // about what webcams give
const SAMPLES = { quick: 8, full: 40 };
const SHOTS = 4;

/** The defaults of the configuration. */
const SETTINGS: FitSettings = {
  ...{ maxWidthPx: 0, minWidthPx: 224, minQuality: 40, maxQuality: 90 },
  ...{ encoder: 'fast', greyscale: false, rotateDegrees: 0, flip: 'none' },
};
const MAX_PAYLOAD_BYTES = 128_000;

export async function measureFit({ rounds, say }: Bench): Promise<readonly Row[]> {
  say('fit');
  const codec = createJpegCodec();
  const frames: Frame[] = [];
  for (let shot = 1; shot <= SHOTS; shot += 1) frames.push(await frameOf(codec, shot));
  const frame = (at: number): Frame => pick(frames, at);
  const cold = await fitting(SAMPLES[rounds], frame, () => createFit({ codec, settings: SETTINGS }));
  const warm = createFit({ codec, settings: SETTINGS });
  await fitOnce(warm, frame(-1));
  const hinted = await fitting(SAMPLES[rounds], frame, () => warm);
  return [
    row('fit 1280x720, first frame', 'ms', cold.ms),
    row('fit 1280x720, first frame', 'encodes', cold.encodes),
    row('fit 1280x720, with hint', 'ms', hinted.ms),
    row('fit 1280x720, with hint', 'encodes', hinted.encodes),
  ];
}

async function fitting(
  samples: number,
  frame: (at: number) => Frame,
  fit: () => Fit,
): Promise<{ ms: readonly number[]; encodes: readonly number[] }> {
  const ms: number[] = [];
  const encodes: number[] = [];
  for (let at = 0; at < samples; at += 1) {
    const started = process.hrtime.bigint();
    encodes.push(await fitOnce(fit(), frame(at)));
    ms.push(millisecondsSince(started));
  }
  return { ms, encodes };
}

/** Resolves with the number of encodes. */
async function fitOnce(fit: Fit, frame: Frame): Promise<number> {
  const facts = { requestId: '00000000-0000-4000-8000-000000000000', frame, clockSynchronised: true };
  const payload = { deviceId: 'bench', metadata: true, publishFrame: true };
  const shape = { maxPayloadBytes: MAX_PAYLOAD_BYTES, overheadBytes: overheadBytes(payload, facts) };
  const outcome = await fit(frame, { budgetBytes: jpegBudgetBytes({ ...shape, encoding: 'base64' }) });
  if (outcome.kind !== 'fitted') throw new Error(`Cannot measure fit: the frame is ${outcome.kind}`);
  return outcome.image.encodes;
}

async function frameOf(codec: JpegCodec, shot: number): Promise<Frame> {
  const pixels = photoLike({ widthPx: WIDTH_PX, heightPx: HEIGHT_PX, shot });
  const jpeg = await codec.encode(pixels, { quality: CAMERA_QUALITY, encoder: 'fast' });
  return { jpeg, widthPx: WIDTH_PX, heightPx: HEIGHT_PX, capturedAt: new Date(0) };
}

function pick<T>(values: readonly T[], at: number): T {
  const value = values.at(at % values.length);
  if (value === undefined) throw new RangeError('Cannot pick: there are 0 values, 1 is needed');
  return value;
}

// From an image file to the request that would carry it, as the daemon makes one of a frame; it publishes nothing.
import { pictureBudgetBytes } from '../app/picture-budget.ts';
import { checkFrame } from '../capture/check-frame.ts';
import { FRAME_BYTES_MAX } from '../capture/driver.ts';
import type { Config } from '../config/schema.ts';
import { fitSettings, payloadSettings } from '../config/stage-settings.ts';
import type { FitOutcome, Frame, Request } from '../domain.ts';
import { createFit } from '../fit/fit-frame.ts';
import { fitInTime } from '../fit/fit-in-time.ts';
import { buildRequest, payloadShape } from '../request/build-request.ts';
import { createClockSync } from '../support/clock-sync.ts';
import { readBoundedFile, type FileRead } from '../support/files.ts';
import { createJpegCodec, type JpegCodec } from '../support/jpeg.ts';
import { searchPath } from '../support/machine.ts';
import { createRunProcess } from '../support/run-process.ts';
import { EXIT, type Context } from './command.ts';

/** As the contract words it for `publish --json`; `captureMs` is the reading and checking of the file. */
export interface PictureReport {
  readonly width: number;
  readonly height: number;
  readonly quality?: number;
  readonly bytes: number;
  readonly payloadBytes: number;
  readonly shareOfBudget: number;
  readonly encodes: number;
  readonly captureMs: number;
  readonly fitMs: number;
}

export type PreparedPicture =
  { readonly kind: 'ready'; readonly request: Request; readonly report: PictureReport } | Refused;

interface Refused {
  readonly kind: 'refused';
  readonly message: string;
  readonly exit: number;
}

export async function preparePicture(
  path: string,
  config: Config,
  context: Context,
): Promise<PreparedPicture> {
  const { clock, random } = context;
  const startMs = clock.monotonicMs();
  const codec = createJpegCodec();
  const frame = await readFrame(path, codec, context);
  if ('kind' in frame) return frame;
  const readMs = clock.monotonicMs();
  const facts = { requestId: random.uuid(), frame, clockSynchronised: await isSynchronised(context) };
  const payload = payloadSettings(config);
  const budgetBytes = pictureBudgetBytes(config.image.maxPayloadBytes, payloadShape(payload, facts));
  const fitStartMs = clock.monotonicMs();
  const fit = createFit({ codec, settings: fitSettings(config) });
  const fitted = await fitInTime({ clock, fit }, frame, { budgetBytes });
  if (fitted.kind !== 'fitted') return refused(EXIT.cannotFit, `Cannot fit ${path}: ${whyUnfit(fitted)}`);
  const { image } = fitted;
  const request = buildRequest(payload, facts, image);
  return {
    kind: 'ready',
    request,
    report: {
      ...{ width: image.widthPx, height: image.heightPx },
      ...(image.quality === undefined ? {} : { quality: image.quality }),
      bytes: image.jpeg.length,
      payloadBytes: request.payload.length,
      shareOfBudget: Number((image.jpeg.length / budgetBytes).toFixed(3)),
      encodes: image.encodes,
      captureMs: Math.round(readMs - startMs),
      fitMs: Math.round(clock.monotonicMs() - fitStartMs),
    },
  };
}

async function readFrame(path: string, codec: JpegCodec, { clock }: Context): Promise<Frame | Refused> {
  const read = await readBoundedFile(path, FRAME_BYTES_MAX);
  if (read.kind !== 'read') return refused(EXIT.failure, `Cannot read ${path}: ${whyUnread(read)}`);
  const check = await checkFrame(read.bytes, codec);
  if (check.kind === 'good') {
    const { jpeg, widthPx, heightPx, suspect } = check;
    // A JPEG's own date is of no known zone, and often wrong: the time is that of the reading, as for the file driver.
    const frame = { jpeg, widthPx, heightPx, capturedAt: clock.now() };
    return suspect === undefined ? frame : { ...frame, suspect };
  }
  const found = `Cannot publish ${path}: ${check.detail}, a whole JPEG is needed`;
  return refused(EXIT.cannotFit, isJpeg(read.bytes) ? found : `${found}\n${REMEDY}`);
}

const REMEDY = 'Make one of another kind of picture with: ffmpeg -i PICTURE -q:v 2 PICTURE.jpg';

function isJpeg([first, second]: Uint8Array): boolean {
  return first === 0xff && second === 0xd8; // SOI (ITU-T T.81, B.1.1.3)
}

function whyUnread(read: Exclude<FileRead, { kind: 'read' }>): string {
  switch (read.kind) {
    case 'absent':
      return 'there is no such file, a JPEG is needed';
    case 'tooLarge':
      return `it has ${read.bytes} bytes, ${FRAME_BYTES_MAX} are allowed`;
    case 'failed':
      return `${read.detail}, a JPEG is needed`;
  }
}

function whyUnfit(outcome: Exclude<FitOutcome, { kind: 'fitted' }>): string {
  return outcome.kind === 'undecodable'
    ? outcome.detail
    : `the smallest try has ${outcome.smallestBytes} bytes, ${outcome.budgetBytes} are allowed (image.maxPayloadBytes)`;
}

async function isSynchronised({ clock, machine }: Context): Promise<boolean> {
  const run = createRunProcess({ clock, kill: machine.kill });
  const sync = createClockSync({ clock, run, searchPath: searchPath(machine) });
  await sync.look();
  return sync.synchronised();
}

function refused(exit: number, message: string): Refused {
  return { kind: 'refused', exit, message };
}

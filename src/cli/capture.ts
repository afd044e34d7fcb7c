// `shutterd capture`: one frame through camera, checks and fit into a file; no broker is spoken to.
import { openPictureStages, type PictureStages } from '../app/picture.ts';
import { pictureBudgetBytes } from '../app/picture-budget.ts';
import type { Config } from '../config/schema.ts';
import { payloadSettings } from '../config/stage-settings.ts';
import { fitInTime } from '../fit/fit-in-time.ts';
import { buildRequest, payloadShape } from '../request/build-request.ts';
import { writeFile } from '../support/files.ts';
import { createRunProcess } from '../support/run-process.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { columns } from './help.ts';
import { configurationOrProblems } from './load-configuration.ts';
import type { Arguments } from './parse-arguments.ts';

export const captureCommand: Command = {
  name: 'capture',
  summary: 'one frame through camera, checks and fit, into a file; no MQTT',
  usage: '-o FILE',
  flags: { output: { kind: 'text', short: 'o', value: 'FILE', doc: 'where the JPEG goes' } },
  operands: [],
  exits: { 4: 'the camera failed', 5: 'the picture cannot be made to fit' },
  examples: [
    'shutterd capture -o picture.jpg',
    'shutterd capture -o picture.jpg --set camera.device=TEST --json',
  ],
  run: capture,
};

async function capture(args: Arguments, context: Context): Promise<number> {
  const output = args.text('output');
  if (output === undefined) {
    context.err('Cannot capture: no file is named, -o FILE is needed\nSee shutterd capture --help\n');
    return EXIT.usage;
  }
  const loaded = await configurationOrProblems(args, context);
  if (loaded === undefined) return EXIT.badConfiguration;
  const run = createRunProcess({ clock: context.clock, kill: context.machine.kill });
  const stages = await openPictureStages({
    ...{ ...context, config: loaded.config, run },
    onControlProblems: (problems) => {
      for (const problem of problems) context.err(`${problem}\n`);
    },
  });
  try {
    const picture = await takePicture(loaded.config, stages, context);
    if (picture.kind === 'failed') {
      context.err(picture.message);
      return picture.exit;
    }
    await writeFile(output, picture.jpeg);
    context.out(
      args.isSet('json') ? `${JSON.stringify(picture.report)}\n` : readable(picture.report, output),
    );
    return EXIT.ok;
  } finally {
    await stages.close();
  }
}

/** As the contract words it for `capture --json`. */
interface Report {
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

type Picture =
  | { readonly kind: 'taken'; readonly jpeg: Uint8Array; readonly report: Report }
  | { readonly kind: 'failed'; readonly message: string; readonly exit: number };

async function takePicture(
  config: Config,
  { camera, fit }: PictureStages,
  context: Context,
): Promise<Picture> {
  const { clock, random, stop } = context;
  const startMs = clock.monotonicMs();
  const captured = await camera.capture(stop);
  if (captured.kind === 'failed') {
    const { detail, cause, remedy } = captured;
    return { kind: 'failed', message: `${detail} (${cause})\n${remedy}\n`, exit: EXIT.cameraFailure };
  }
  const { frame } = captured;
  const capturedMs = clock.monotonicMs();
  // The same payload as the daemon would send, so that the budget is the same.
  const facts = { requestId: random.uuid(), triggerId: random.uuid(), frame, clockSynchronised: true };
  const payload = payloadSettings(config);
  const budgetBytes = pictureBudgetBytes(config.image.maxPayloadBytes, payloadShape(payload, facts));
  const fitted = await fitInTime({ clock, fit }, frame, { budgetBytes });
  if (fitted.kind !== 'fitted') {
    const found =
      fitted.kind === 'undecodable'
        ? fitted.detail
        : `the smallest try has ${fitted.smallestBytes} bytes, ${budgetBytes} are allowed (image.maxPayloadBytes)`;
    return { kind: 'failed', message: `Cannot fit the picture: ${found}\n`, exit: EXIT.cannotFit };
  }
  const { jpeg, widthPx, heightPx, quality, encodes } = fitted.image;
  return {
    kind: 'taken',
    jpeg,
    report: {
      width: widthPx,
      height: heightPx,
      ...(quality === undefined ? {} : { quality }),
      bytes: jpeg.length,
      payloadBytes: buildRequest(payload, facts, fitted.image).payload.length,
      shareOfBudget: Number((jpeg.length / budgetBytes).toFixed(3)),
      encodes,
      captureMs: Math.round(capturedMs - startMs),
      fitMs: Math.round(clock.monotonicMs() - capturedMs),
    },
  };
}

function readable(report: Report, output: string): string {
  const { width, height, quality, bytes, payloadBytes, shareOfBudget, encodes, captureMs, fitMs } = report;
  const rows = [
    ['file', output],
    ['size', `${width} x ${height}`],
    ['quality', quality === undefined ? 'as the camera gave it (passed through)' : String(quality)],
    ['bytes', `${bytes} (payload ${payloadBytes}, ${Math.round(shareOfBudget * 100)} % of the budget)`],
    ['capture', `${captureMs} ms`],
    ['fit', `${fitMs} ms, ${encodes} encodes`],
  ];
  return `${columns(rows).join('\n')}\n`;
}

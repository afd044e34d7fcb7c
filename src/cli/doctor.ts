// `shutterd doctor`: looks at everything that a picture needs on its way, and says what to do; it repairs nothing.
import { examine } from '../doctor/examine.ts';
import type { Area } from '../doctor/finding.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { reportText, summaryOf } from './doctor-report.ts';
import {
  configurationPaths,
  DEFAULT_STATE_FOLDER,
  readConfiguration,
  stateFolder,
} from './load-configuration.ts';
import type { Arguments } from './parse-arguments.ts';

export const doctorCommand: Command = {
  name: 'doctor',
  summary:
    'checks camera, broker, certificates, clock, disk, service and configuration, each with its remedy',
  usage: '',
  flags: {},
  operands: [],
  exits: { 0: 'all well, or warnings only', 1: 'something fails' },
  examples: ['sudo shutterd doctor', 'shutterd doctor --config ./config', 'shutterd doctor --json'],
  run: doctor,
};

async function doctor(args: Arguments, context: Context): Promise<number> {
  const { machine, clock, random, version } = context;
  const asJson = args.isSet('json');
  const progress = asJson || !context.outIsTerminal ? undefined : progressLine(context);
  const { findings, eyes } = await examine({
    ...{ machine, clock, random, stop: context.stop },
    paths: configurationPaths(args, []).paths,
    stateDirectory: (unitInstalled) =>
      unitInstalled && machine.env['STATE_DIRECTORY'] === undefined
        ? DEFAULT_STATE_FOLDER
        : stateFolder(context),
    load: (as) => readConfiguration(args, { ...context, machine: as }),
    onPending: (areas) => progress?.(areas),
  });
  const { fail, ...counts } = summaryOf(findings);
  const well = fail === 0;
  if (asJson) context.out(`${JSON.stringify({ well, version, counts: { ...counts, fail }, findings })}\n`);
  else {
    const coloured = context.outIsTerminal && machine.env['NO_COLOR'] === undefined;
    context.out(reportText(findings, { version, eyes, coloured }));
  }
  return well ? EXIT.ok : EXIT.failure;
}

/** One line that is written over; an empty list wipes it away. */
function progressLine(context: Context): (areas: readonly Area[]) => void {
  return (areas) => {
    const text = areas.length === 0 ? '' : `looking at ${areas.join(', ')} ...`;
    context.out(`\r${CLEAR_LINE}${text}`);
  };
}

const CLEAR_LINE = '\u001b[K';

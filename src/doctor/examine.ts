// Has every probe look, all at once and each with an end, and puts what they found in order. It looks at nothing itself.
import { withDeadline } from '../support/clock.ts';
import { searchPath } from '../support/machine.ts';
import { createRunProcess } from '../support/run-process.ts';
import { findEyes } from './eyes.ts';
import { AREAS, findingsOf, type Area, type Finding } from './finding.ts';
import type { Eyes, Surroundings } from './surroundings.ts';
import { readUnit, type UnitState } from './unit-facts.ts';
import { startProbes, type Probe, type ProbeSetting } from './probes.ts';

export interface ExamineOptions
  extends Pick<Surroundings, 'clock' | 'random'>, Omit<ProbeSetting, 'surroundings' | 'unit' | 'eyes'> {
  readonly stop: AbortSignal;
  /** Told of the areas that are still looked at, whenever that changes. */
  readonly onPending: (areas: readonly Area[]) => void;
}

export interface Examination {
  /** In the order of the report. */
  readonly findings: readonly Finding[];
  readonly eyes: Eyes;
}

// All together stay below 25 s: the setup, the probes, and the time that a killed program takes to be gone.
const SETUP_MS_MAX = 4000;
const PROBES_MS_MAX = 17_000;
const ENDING_MS_MAX = 3000;

export async function examine(options: ExamineOptions): Promise<Examination> {
  const { machine, clock, random, stop } = options;
  const ending = new AbortController();
  const end = (): void => {
    ending.abort();
  };
  stop.addEventListener('abort', end, { once: true });
  if (stop.aborted) end();
  const run = createRunProcess({ clock, kill: machine.kill });
  const surroundings = {
    ...{ machine, clock, random, run, searchPath: searchPath(machine), signal: ending.signal },
  };
  try {
    const { unit, eyes } = await setUp(surroundings);
    const probes = await startProbes({ ...options, surroundings, unit, eyes });
    const findings = await collect(probes, { surroundings, end, onPending: options.onPending });
    return { eyes, findings: inOrder(findings) };
  } finally {
    stop.removeEventListener('abort', end);
  }
}

async function setUp(surroundings: Surroundings): Promise<{ unit: UnitState; eyes: Eyes }> {
  const { userId, groupIds = [] } = surroundings.machine;
  const work = async (): Promise<{ unit: UnitState; eyes: Eyes }> => {
    const unit = await readUnit(surroundings);
    return { unit, eyes: await findEyes(surroundings, unit) };
  };
  const done = await withDeadline(surroundings.clock, SETUP_MS_MAX, work());
  if (done.kind === 'done') return done.value;
  return { unit: { kind: 'silent' }, eyes: { self: { name: `user ${String(userId)}`, userId, groupIds } } };
}

async function collect(
  probes: readonly Probe[],
  {
    surroundings: { clock },
    end,
    onPending,
  }: {
    readonly surroundings: Surroundings;
    readonly end: () => void;
    readonly onPending: ExamineOptions['onPending'];
  },
): Promise<readonly Finding[]> {
  const pending = new Set(probes);
  const tell = (): void => {
    onPending([...new Set([...pending].map(({ area }) => area))]);
  };
  tell();
  const settled = probes.map(async (probe) => {
    const done = await withDeadline(clock, PROBES_MS_MAX, probe.work);
    pending.delete(probe);
    tell();
    return done.kind === 'done' ? done.value : [noAnswer(probe.area)];
  });
  const findings = (await Promise.all(settled)).flat();
  end();
  // What was called off still ends its programs.
  await withDeadline(clock, ENDING_MS_MAX, Promise.allSettled(probes.map(({ work }) => work)));
  return findings;
}

function noAnswer(area: Area): Finding {
  return findingsOf(area).fail(
    `no answer within ${String(PROBES_MS_MAX / 1000)} s`,
    'something of this hangs: look at dmesg, and try again with the device or the network unplugged',
  );
}

function inOrder(findings: readonly Finding[]): readonly Finding[] {
  return AREAS.flatMap((area) => findings.filter((finding) => finding.area === area));
}

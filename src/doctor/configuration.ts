// The configuration as it lies there, and what the daemon keeps and says of it; it applies and mends nothing.
import { lookAtState, type KeptState } from '../config/live/kept-state.ts';
import { scanTree } from '../config/live/scan.ts';
import { takeTree } from '../config/live/kept-tree.ts';
import type { Loaded, LoadOutcome } from '../config/load.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import { describeRollout } from '../config/rollout.ts';
import { sharedResponseWarnings } from '../config/shared-response.ts';
import { barrier, type Person } from '../support/access-rights.ts';
import { escapeInvisible } from '../support/visible-text.ts';
import { findingsOf, type Finding } from './finding.ts';
import type { Eyes } from './surroundings.ts';

const { ok, warn, fail } = findingsOf('configuration');

export interface ConfigurationPlace {
  /** The `--config` paths. */
  readonly paths: readonly string[];
  readonly stateDirectory: string;
}

export async function lookAtConfiguration(
  outcome: LoadOutcome,
  place: ConfigurationPlace,
  { service }: Eyes,
): Promise<readonly Finding[]> {
  const kept = await lookAtState(place.stateDirectory, place.paths);
  const state = kept.kind === 'kept' ? kept.state : {};
  const denied = kept.kind === 'denied' ? [NOT_SEEN(place.stateDirectory)] : damaged(kept.damage);
  if (outcome.kind === 'rejected')
    return [...outcome.problems.map(refusal), ...instead(state), NOTHING_ELSE, ...denied];
  const { files, config, rollout } = outcome;
  const read = files.length === 0 ? 'built-in defaults, no file' : files.join(', ');
  return [
    ok(`valid for device ${config.device.id}: ${read}`),
    ...(rollout === undefined ? [] : [ok(describeRollout(rollout))]),
    ...[...outcome.warnings, ...sharedResponseWarnings(outcome)].map(advice),
    ...(await unreadable(files, service)),
    ...denied,
    ...(kept.kind === 'denied' ? [] : await keptState(outcome, state, place)),
  ];
}

/** What the daemon itself has said last, in its status message. */
export function configurationAsTold(told: {
  readonly state: string;
  readonly errors: readonly string[];
}): readonly Finding[] {
  if (told.state === 'applied') return [];
  const errors = told.errors.length === 0 ? '' : `: ${told.errors.map(escapeInvisible).join('; ')}`;
  return [
    fail(
      `the daemon says that it does not run these files (${escapeInvisible(told.state)})${errors}`,
      'correct the files: it reads them again by itself',
    ),
  ];
}

const NOTHING_ELSE: Finding = warn(
  'camera, broker, certificates and outbox are not looked at without a valid configuration',
  'correct it first, then run shutterd doctor again',
);

const NOT_SEEN = (folder: string): Finding =>
  warn(`this user may not see what the daemon keeps in ${folder}`, 'run: sudo shutterd doctor');

function damaged(damage: string | undefined): readonly Finding[] {
  return damage === undefined
    ? []
    : [
        warn(
          `what was kept as the last good configuration cannot be used: ${damage}`,
          'none is needed: the daemon keeps the next one that works; look at dmesg where it happens again',
        ),
      ];
}

/** The last clause of a message is what is allowed: that is the remedy. */
function refusal(problem: Problem): Finding {
  const allowed = `allowed is ${problem.allowed}`;
  return fail(formatProblem(problem).replace(`, ${allowed}`, ''), allowed);
}

/** A warning has its remedy behind the semicolon, else behind the last comma. */
function advice(warning: string): Finding {
  const semicolon = warning.indexOf('; ');
  const at = semicolon < 0 ? warning.lastIndexOf(', ') : semicolon;
  return at < 0 ? warn(warning, 'see the README') : warn(warning.slice(0, at), warning.slice(at + 2));
}

function instead({ good }: KeptState): readonly Finding[] {
  return good === undefined
    ? [
        warn(
          'no last good configuration is kept on this device: the daemon does not start',
          'correct the files',
        ),
      ]
    : [
        warn(
          `the daemon goes on, and starts, with the last good configuration (${short(good.hash)})`,
          'correct the files: it follows them by itself',
        ),
      ];
}

async function unreadable(
  files: readonly string[],
  service: Person | undefined,
): Promise<readonly Finding[]> {
  if (service === undefined) return [];
  const barriers = await Promise.all(files.map((file) => barrier(service, file, 'read')));
  return [...new Set(barriers.filter((at) => at !== undefined))].map((at) =>
    fail(`user ${service.name} of the service may not read ${at}`, `run: sudo chmod go+rX ${at}`),
  );
}

async function keptState(
  { files }: Loaded,
  { good, bad, trial }: KeptState,
  { paths }: ConfigurationPlace,
): Promise<readonly Finding[]> {
  if (good === undefined) return [ok('nothing is kept yet: no daemon has run with it')];
  const tree = await takeTree(paths, files, (await scanTree(paths)).generation);
  if (tree !== undefined && tree.hash === bad) {
    return [
      fail(
        'these files were rolled back, because the broker was not reached with them; the daemon runs the ones before',
        'correct the way to the broker in them: unchanged they are not tried again',
      ),
    ];
  }
  if (trial !== undefined) {
    const runs = trial.side === 'new' ? 'it runs' : 'the one before it runs meanwhile';
    const spent = `${String(Math.round(trial.spentMs / 1000))} s without the broker`;
    return [
      warn(
        `a change of the way to the broker is on probation: ${runs}, ${spent}`,
        'let the daemon reach the broker, or it goes back to the configuration before',
      ),
    ];
  }
  return tree === undefined || tree.hash === good.hash
    ? [ok(`kept as the last good one: ${short(good.hash)}`)]
    : [
        warn(
          `the daemon has not taken these files over yet; its last good ones are ${short(good.hash)}`,
          'it does within some seconds while it runs; journalctl -u shutterd says why not',
        ),
      ];
}

function short(hash: string): string {
  return hash.slice(0, 12);
}

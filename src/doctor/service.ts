// The unit of the daemon: installed, started at boot, running, and how closely it is shut in. It changes nothing.
import { findingsOf, type Finding } from './finding.ts';
import { answerOf, type DaemonState, type Surroundings } from './surroundings.ts';
import { UNIT, type UnitFacts, type UnitState } from './unit-facts.ts';

const { ok, warn, fail } = findingsOf('service');

export async function lookAtService(
  surroundings: Surroundings,
  state: UnitState,
  daemon: DaemonState,
): Promise<readonly Finding[]> {
  switch (state.kind) {
    case 'noSystemd':
      return [ok(`systemd does not run this machine: there is no unit to look at${byHand(daemon)}`)];
    case 'silent':
      return [warn('systemctl does not answer', 'run: systemctl status')];
    case 'unit':
      return state.unit.installed
        ? [...judgeUnit(state.unit), ...(await sandbox(surroundings))]
        : [
            warn(
              `${UNIT} is not installed: nothing starts the daemon at boot${byHand(daemon)}`,
              'run: sudo scripts/install.sh (README, "Install on a Raspberry Pi")',
            ),
          ];
  }
}

function byHand(daemon: DaemonState): string {
  if (daemon.kind !== 'runs') return '';
  return `; a daemon runs by hand${daemon.pid === undefined ? '' : `, process ${String(daemon.pid)}`}`;
}

export function judgeUnit(unit: UnitFacts): readonly Finding[] {
  return [...boot(unit), ...life(unit), ...reload(unit)];
}

function boot({ enabled }: UnitFacts): readonly Finding[] {
  return enabled === 'enabled'
    ? []
    : [warn(`${UNIT} does not start at boot (${enabled})`, `run: sudo systemctl enable ${UNIT}`)];
}

const RESTARTS_MANY = 3;
const JOURNAL = `run: journalctl -u shutterd -n 50`;

function life({ active, sub, restarts, result, exitStatus, pid, status }: UnitFacts): readonly Finding[] {
  const ended = `it ended last with ${result}${exitStatus === 0 ? '' : `, status ${String(exitStatus)}`}`;
  if (active === 'active') {
    const said = status === '' ? '' : `: ${status}`;
    const what = `${UNIT} is ${sub}, process ${String(pid ?? '?')}${said}`;
    return restarts < RESTARTS_MANY
      ? [ok(what)]
      : [warn(`${what}; systemd has restarted it ${String(restarts)} times`, JOURNAL)];
  }
  if (active === 'inactive') return [warn(`${UNIT} is stopped`, `run: sudo systemctl start ${UNIT}`)];
  const again = restarts > 0 ? `, restarted ${String(restarts)} times` : '';
  return [fail(`${UNIT} is ${active} (${sub})${again}; ${ended}${EXITS[exitStatus] ?? ''}`, JOURNAL)];
}

/** Of `shutterd run`. */
const EXITS: Readonly<Record<number, string>> = Object.freeze({
  2: ' (the configuration is bad)',
  3: ' (another instance holds the outbox)',
});

function reload({ needsReload }: UnitFacts): readonly Finding[] {
  return needsReload
    ? [
        warn(
          'the file of the unit has changed since systemd read it',
          `run: sudo systemctl daemon-reload && sudo systemctl restart ${UNIT}`,
        ),
      ]
    : [];
}

// The shipped unit has 1.5 at most with systemd 252; other versions weigh differently.
const EXPOSURE_MAX = 2.5;

async function sandbox(surroundings: Surroundings): Promise<readonly Finding[]> {
  const said = await answerOf(surroundings, ['systemd-analyze', 'security', '--no-pager', UNIT]);
  const exposure = exposureOf(said ?? '');
  if (exposure === undefined) return [];
  const what = `its sandbox: exposure ${exposure.toFixed(1)} of 10 (systemd-analyze security)`;
  return exposure <= EXPOSURE_MAX
    ? [ok(what)]
    : [warn(`${what}, the shipped unit has less`, `run: systemctl cat ${UNIT}, and see what was changed`)];
}

export function exposureOf(said: string): number | undefined {
  const found = /Overall exposure level for \S+: (\d+(?:\.\d+)?)/.exec(said)?.[1];
  return found === undefined ? undefined : Number(found);
}

// What systemd says of the unit, as values; it starts, stops and judges nothing.
import { pathKind } from '../support/files.ts';
import { answerOf, type Surroundings } from './surroundings.ts';

export const UNIT = 'shutterd.service';

export interface UnitFacts {
  readonly installed: boolean;
  /** `enabled`, `disabled`, `static`, `masked`, ... */
  readonly enabled: string;
  /** `active`, `inactive`, `failed`, `activating`, ... */
  readonly active: string;
  /** `running`, `auto-restart`, ... */
  readonly sub: string;
  readonly restarts: number;
  /** How it ended last: `success`, `exit-code`, `watchdog`, ... */
  readonly result: string;
  readonly exitStatus: number;
  readonly pid: number | undefined;
  /** What the daemon says of itself (sd_notify). */
  readonly status: string;
  readonly user: string;
  readonly userId: number | undefined;
  readonly groups: readonly string[];
  readonly needsReload: boolean;
}

export type UnitState =
  | { readonly kind: 'noSystemd' }
  | { readonly kind: 'silent' }
  | { readonly kind: 'unit'; readonly unit: UnitFacts };

const SYSTEMD_RUNS = '/run/systemd/system'; // sd_booted(3)

export async function readUnit(
  surroundings: Pick<Surroundings, 'run' | 'searchPath' | 'signal'>,
  systemdFolder = SYSTEMD_RUNS,
): Promise<UnitState> {
  if ((await pathKind(systemdFolder)) !== 'folder') return { kind: 'noSystemd' };
  const said = await answerOf(surroundings, [
    'systemctl',
    'show',
    UNIT,
    `--property=${PROPERTIES.join(',')}`,
  ]);
  return said === undefined ? { kind: 'silent' } : { kind: 'unit', unit: parseUnit(said) };
}

const PROPERTIES = [
  ...['LoadState', 'UnitFileState', 'ActiveState', 'SubState', 'NRestarts', 'Result', 'ExecMainStatus'],
  ...['MainPID', 'StatusText', 'User', 'UID', 'SupplementaryGroups', 'NeedDaemonReload'],
];

/** Of `systemctl show`: one `Name=value` a line. */
export function parseUnit(said: string): UnitFacts {
  const values = new Map(
    said.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const text = (name: string): string => values.get(name) ?? '';
  const number = (name: string): number | undefined =>
    /^\d+$/.test(text(name)) ? Number(text(name)) : undefined;
  const pid = number('MainPID');
  return {
    installed: !['not-found', ''].includes(text('LoadState')),
    enabled: text('UnitFileState'),
    ...{ active: text('ActiveState'), sub: text('SubState'), result: text('Result') },
    ...{ restarts: number('NRestarts') ?? 0, exitStatus: number('ExecMainStatus') ?? 0 },
    pid: pid === 0 ? undefined : pid,
    ...{ status: text('StatusText'), user: text('User'), userId: number('UID') },
    groups: text('SupplementaryGroups')
      .split(' ')
      .filter((name) => name !== ''),
    needsReload: text('NeedDaemonReload') === 'yes',
  };
}

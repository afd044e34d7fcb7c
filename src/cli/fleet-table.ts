// The table of `shutterd fleet status`: one line a device; it reads nothing.
import { counted } from '../support/counted.ts';
import { inWords } from '../support/time-words.ts';
import type { DeviceStatus } from './fleet-message.ts';
import { columns } from './help.ts';

export interface FleetRow extends DeviceStatus {
  /** By the topic, which only the broker's access list protects; what the message says is second to it. */
  readonly device: string;
}

/** `now` in milliseconds since 1970, for the age of the last picture. */
export function fleetTable(rows: readonly FleetRow[], now: number): string {
  return lines([HEADING, ...rows.map((row) => cells(row, now))]);
}

/** Rows without the heading, for a table that goes on. */
export function fleetLines(rows: readonly FleetRow[], now: number): string {
  return lines(rows.map((row) => cells(row, now)));
}

const HEADING = ['DEVICE', 'STATE', 'VERSION', 'CONFIG', 'OUTBOX', 'LAST PICTURE', 'CPU'];
const HASH_CHARACTERS = 8;
const CELL_CHARACTERS_MAX = 40;
// Of help texts. It is no blank of a device's name, which somebody may have left empty.
const INDENT = 2;

function cells(
  { device, state, version, config, outbox, capturedAt, temperatureCelsius }: FleetRow,
  now: number,
): string[] {
  return [
    device,
    state,
    version ?? '-',
    configCell(config),
    outboxCell(outbox),
    capturedAt === null ? '-' : age(now - Date.parse(capturedAt)),
    temperatureCelsius === null ? '-' : `${temperatureCelsius.toFixed(1)} °C`,
  ].map(shortened);
}

function configCell({ hash, generation, state, errors }: DeviceStatus['config']): string {
  const name = generation ?? hash?.slice(0, HASH_CHARACTERS) ?? '-';
  const count = errors.length === 0 ? '' : ` (${counted(errors.length, 'error')})`;
  return state === null ? name : `${name} ${state}${count}`;
}

function outboxCell({ entries, quarantined }: DeviceStatus['outbox']): string {
  if (entries === null) return '-';
  return quarantined === null || quarantined === 0
    ? String(entries)
    : `${String(entries)} + ${String(quarantined)} in quarantine`;
}

/** A device whose clock is ahead of ours has taken its picture just now. */
function age(ms: number): string {
  return `${inWords(ms)} ago`;
}

function shortened(text: string): string {
  return text.length > CELL_CHARACTERS_MAX ? `${text.slice(0, CELL_CHARACTERS_MAX - 3)}...` : text;
}

function lines(rows: readonly (readonly string[])[]): string {
  return columns(rows)
    .map((line) => `${line.slice(INDENT)}\n`)
    .join('');
}

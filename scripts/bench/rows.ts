// The result of a benchmark as rows, and the rows as an aligned table; it measures nothing.
import type { Scope } from '../../test/helpers/scope.ts';

export interface Row {
  readonly what: string;
  readonly unit:
    | 'ms'
    /** Milliseconds on a processor; what others take of it does not count. */
    | 'CPU ms'
    | 'MB'
    | 'bytes'
    | 'messages'
    | 'encodes'
    | 'times'
    | 'intervals'
    | 'programs'
    | 'pictures'
    | '%'
    | 'SSIM'
    | 'dB';
  /** How many values stand behind it. */
  readonly samples: number;
  /** The median. */
  readonly p50: number;
  readonly p95: number;
}

export interface Bench {
  /** Whatever a measurement opens is closed with it. */
  readonly scope: Scope;
  readonly rounds: 'quick' | 'full';
  readonly say: (text: string) => void;
}

export type Measurement = (bench: Bench) => Promise<readonly Row[]>;

/** Throws a RangeError where there are no values. */
export function row(what: string, unit: Row['unit'], values: readonly number[]): Row {
  return { what, unit, samples: values.length, p50: percentile(values, 50), p95: percentile(values, 95) };
}

/** The smallest value that at least so many percent of them do not exceed (nearest rank). */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('Cannot take a percentile: there are 0 values, 1 is needed');
  return value;
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = process.hrtime.bigint();
  await work();
  return millisecondsSince(started);
}

export function millisecondsSince(started: bigint): number {
  return Number(process.hrtime.bigint() - started) / 1e6;
}

export function tableText(rows: readonly Row[]): string {
  const cells = [
    ['what', 'unit', 'p50', 'p95', 'samples'],
    ...rows.map(({ what, unit, p50, p95, samples }) => [
      what,
      unit,
      shown(p50, unit),
      samples > 1 ? shown(p95, unit) : '-',
      String(samples),
    ]),
  ];
  const widths = [0, 1, 2, 3, 4].map((at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)));
  return cells.map((line) => `${alignedLine(line, widths)}\n`).join('');
}

/** Words to the left, numbers to the right. */
function alignedLine(line: readonly string[], widths: readonly number[]): string {
  const cell = (text: string, at: number): string =>
    at < 2 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0);
  return line.map(cell).join('  ');
}

function shown(value: number, unit: Row['unit']): string {
  if (unit === 'SSIM') return value.toFixed(4); // pictures that look alike differ in its third digit
  return Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 1);
}

// The lines of `shutterd results`, one at a time, so that a table can grow; it reads nothing.
import type { HistoryEntry } from '../result/history-entry.ts';

export function historyHeading(): string {
  return row(['RECEIVED', 'LABEL', 'CONFIDENCE', 'LATENCY', 'CAPTURED', 'BYTES', 'REQUEST', '']);
}

export function historyRow(entry: HistoryEntry): string {
  const { receivedAt, label, confidence, latencyMs, capturedAt, bytes, requestId } = entry;
  return row([
    receivedAt,
    label,
    confidence.toFixed(3),
    `${latencyMs} ms`,
    capturedAt ?? '-',
    String(bytes ?? '-'),
    requestId,
    remarks(entry),
  ]);
}

/** What a person should know before believing the line. */
function remarks({ suspect, matchedBy }: HistoryEntry): string {
  const words = [
    ...(suspect === undefined ? [] : [`suspect: ${suspect}`]),
    ...(matchedBy === 'order' ? ['matched by order'] : []),
  ];
  return words.join(', ');
}

// Time stamps and ids have their length; labels that are longer push the rest aside.
const WIDTHS = [24, 24, 10, 9, 24, 7, 36, 0];
const NUMBERS: readonly number[] = [2, 3, 5];

function row(cells: readonly string[]): string {
  const padded = cells.map((cell, at) =>
    NUMBERS.includes(at) ? cell.padStart(WIDTHS[at] ?? 0) : cell.padEnd(WIDTHS[at] ?? 0),
  );
  return `${padded.join('  ').trimEnd()}\n`;
}

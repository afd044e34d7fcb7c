// History entries that differ by a number, for the tests of the history; it touches no file.
import type { HistoryEntry } from '../../src/result/history-entry.ts';

export function sampleEntry(number: number, changes: Partial<HistoryEntry> = {}): HistoryEntry {
  return {
    receivedAt: '2031-05-06T07:08:11.010Z',
    requestId: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    matchedBy: 'requestId',
    latencyMs: number,
    label: 'Chihuahua',
    confidence: 0.97,
    capturedAt: '2031-05-06T07:08:09.010Z',
    bytes: 127_000,
    ...changes,
  };
}

// An outbox in memory, with the faults a disk has; test/outbox/outbox-contract.test.ts holds it to the real one.
import type { AddOutcome, Entry, Outbox, ReadOutcome, Request } from '../../src/domain.ts';

export interface FakeOutbox extends Outbox {
  /** Every later read of the entry finds it damaged. */
  damage(entry: Entry, detail?: string): void;
  /** The next `times` reads of any entry fail with this code. */
  failReads(code: string, times: number): void;
  readonly inQuarantine: readonly { readonly entry: Entry; readonly reason: string }[];
}

/** `maxEntries`: -1 = no bound; what is over it is refused. */
export function createFakeOutbox({ maxEntries = -1 }: { maxEntries?: number } = {}): FakeOutbox {
  const disk: Disk = { stored: new Map(), damaged: new Map(), failing: { code: '', times: 0 } };
  const { stored } = disk;
  const inQuarantine: { entry: Entry; reason: string }[] = [];
  let sequence = 0;
  return {
    inQuarantine,
    async add(request): Promise<AddOutcome> {
      if (maxEntries >= 0 && stored.size >= maxEntries) return { kind: 'refused', reason: 'outboxFull' };
      sequence += 1;
      const entry = { sequence, requestId: request.requestId, bytes: request.payload.length };
      stored.set(sequence, { entry, request });
      return { kind: 'stored', entry };
    },
    oldest: (isWanted = () => true) => [...stored.values()].find(({ entry }) => isWanted(entry))?.entry,
    read: async (entry) => readStored(disk, entry),
    async remove(entry) {
      stored.delete(entry.sequence);
    },
    async quarantine(entry, reason) {
      stored.delete(entry.sequence);
      inQuarantine.push({ entry, reason });
    },
    release() {},
    counts: () => ({
      entries: stored.size,
      bytes: [...stored.values()].reduce((sum, { entry }) => sum + entry.bytes, 0),
      quarantined: inQuarantine.length,
    }),
    async close() {},
    damage(entry, detail = 'checksum differs') {
      disk.damaged.set(entry.sequence, detail);
    },
    failReads(code, times) {
      disk.failing = { code, times };
    },
  };
}

interface Disk {
  readonly stored: Map<number, { readonly entry: Entry; readonly request: Request }>;
  /** Why, by sequence. */
  readonly damaged: Map<number, string>;
  failing: { readonly code: string; readonly times: number };
}

function readStored(disk: Disk, entry: Entry): ReadOutcome {
  const { code, times } = disk.failing;
  if (times > 0) {
    disk.failing = { code, times: times - 1 };
    return { kind: 'failed', code, detail: 'the disk says no' };
  }
  const found = disk.stored.get(entry.sequence);
  if (found === undefined) return { kind: 'damaged', detail: 'its file is gone' };
  const detail = disk.damaged.get(entry.sequence);
  return detail === undefined ? { kind: 'request', request: found.request } : { kind: 'damaged', detail };
}

// Conservation over random histories: every accepted request is delivered, kept, in quarantine or a recorded drop.
import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Outbox } from '../../src/domain.ts';
import type { OutboxBounds } from '../../src/outbox/bounds.ts';
import { entryFileName, parseEntryFileName } from '../../src/outbox/entry-file.ts';
import { sampleRequest } from '../helpers/sample-request.ts';
import { createOutboxBench, store, takeAll, type OutboxBench } from './outbox-bench.ts';

type Step = 'add' | 'deliver' | 'read' | 'release' | 'quarantine' | 'damage' | 'restart' | 'growOld';

interface History {
  readonly bench: OutboxBench;
  readonly bounds: Partial<OutboxBounds>;
  outbox: Outbox;
  readonly accepted: string[];
  readonly delivered: string[];
}

const steps: Record<Step, (history: History) => Promise<void>> = {
  async add({ outbox, accepted }) {
    const outcome = await outbox.add(sampleRequest(accepted.length + 1), { online: false });
    if (outcome.kind === 'stored') accepted.push(outcome.entry.requestId);
    else assert.equal(outcome.kind, 'refused');
  },
  async deliver({ outbox, delivered }) {
    const entry = outbox.oldest();
    if (entry === undefined) return;
    const read = await outbox.read(entry);
    if (read.kind === 'dropped') return;
    if (read.kind === 'request') {
      await outbox.remove(entry);
      delivered.push(read.request.requestId);
    } else {
      assert.equal(read.kind, 'damaged');
      await outbox.quarantine(entry, read.detail);
    }
  },
  async read({ outbox }) {
    const entry = outbox.oldest();
    if (entry !== undefined) await outbox.read(entry);
  },
  async release({ outbox }) {
    const entry = outbox.oldest();
    if (entry !== undefined) outbox.release(entry);
  },
  async quarantine({ outbox }) {
    const entry = outbox.oldest();
    if (entry !== undefined) await outbox.quarantine(entry, 'a test wants it');
  },
  async damage({ outbox, bench }) {
    const entry = outbox.oldest();
    if (entry !== undefined) truncateSync(join(bench.directory, entryFileName(entry)), 30);
  },
  async restart(history) {
    await history.outbox.close();
    history.outbox = await history.bench.open(history.bounds);
  },
  async growOld({ bench }) {
    bench.clock.jump(100_000);
  },
};

describe('Outbox', () => {
  it('conserves every accepted request over any history of additions, deliveries, faults and restarts', async function () {
    this.timeout(60_000); // a disk that others keep busy: 4 s on a quiet machine
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...(Object.keys(steps) as Step[]), 'add', 'add'), { maxLength: 25 }),
        fc.record({
          maxEntries: fc.constantFrom(-1, 1, 3),
          maxBytes: fc.constantFrom(-1, 25),
          maxAgeSeconds: fc.constantFrom(0, 60),
          whenFull: fc.constantFrom('dropNewest' as const, 'dropOldest' as const),
        }),
        async (plan, bounds) => {
          const bench = createOutboxBench();
          try {
            const outbox = await bench.open(bounds);
            const history: History = { bench, bounds, outbox, accepted: [], delivered: [] };
            for (const step of plan) {
              await steps[step](history);
              checkConservation(history);
            }
          } finally {
            await bench.end();
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is caught by this check when it loses one', async () => {
    const bench = createOutboxBench();
    try {
      const outbox = await bench.open();
      await store(outbox, sampleRequest(1));
      await takeAll(outbox);
      const history = { bench, bounds: {}, outbox, accepted: [sampleRequest(1).requestId], delivered: [] };
      assert.throws(() => {
        checkConservation(history);
      }, assert.AssertionError);
    } finally {
      await bench.end();
    }
  });
});

/** accepted = delivered + in the outbox + in quarantine + recorded drops, by id and on the disk. */
function checkConservation({ bench, outbox, accepted, delivered }: History): void {
  const kept = idsOf(bench.names());
  const aside = idsOf(bench.quarantined());
  const dropped = bench.log.of('request.dropped').map(({ fields }) => String(fields['requestId']));
  assert.deepEqual([...delivered, ...kept, ...aside, ...dropped].sort(), [...accepted].sort());
  assert.equal(outbox.counts().entries, kept.length);
  assert.equal(outbox.counts().quarantined, aside.length);
}

function idsOf(names: readonly string[]): readonly string[] {
  return names.map((name) => parseEntryFileName(name)?.requestId ?? name);
}

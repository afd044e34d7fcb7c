// The outbox where the disk is slow, or lets go of all files but one; and what it reads before it is asked.
import assert from 'node:assert/strict';
import { createDrain } from '../../src/delivery/drain.ts';
import { settle } from '../helpers/fake-clock.ts';
import { createFakeLink } from '../helpers/fake-link.ts';
import { sampleNumber, sampleRequest } from '../helpers/sample-request.ts';
import { createFaultyBench, type FaultyBench } from './faulty-bench.ts';
import { OFFLINE, ONLINE, store, takeAll } from './outbox-bench.ts';

/** Of the event loop; a disk needs a few hundred. */
const TURNS_MAX = 100_000;

async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < TURNS_MAX && !isSo(); turn += 1) await settle();
  assert.ok(isSo());
}

describe('Outbox with a file that cannot be removed', () => {
  let bench: FaultyBench;

  beforeEach(async () => {
    bench = await createFaultyBench({ maxEntries: 3, whenFull: 'dropOldest' });
  });

  afterEach(() => bench.end());

  const numbersDropped = (): readonly number[] =>
    bench.log
      .of('request.dropped')
      .map(({ fields }) => sampleNumber({ requestId: String(fields['requestId']) }));

  it('drops the next oldest instead, says so once, and does not try it again with each request', async () => {
    const { outbox, folder, log, clock } = bench;
    const first = await store(outbox, sampleRequest(1));
    for (const number of [2, 3]) await store(outbox, sampleRequest(number));
    folder.breaks('EPERM', ['move', 'remove'], (name) => name.includes(first.requestId));
    for (const number of [4, 5, 6]) {
      assert.equal((await outbox.add(sampleRequest(number), OFFLINE)).kind, 'stored');
      await clock.advance(5000);
      await until(() => log.of('storage.recovered').length === 1);
    }
    assert.deepEqual(numbersDropped(), [2, 3, 4]);
    assert.deepEqual(
      log.summary().filter((line) => line.includes('storage.')),
      ['error storage.failing', 'info storage.recovered'],
    );
    assert.equal(outbox.counts().entries, 3);
  });

  it('drops it in its turn once a person has mended it', async () => {
    const { outbox, folder, clock } = bench;
    const first = await store(outbox, sampleRequest(1));
    for (const number of [2, 3]) await store(outbox, sampleRequest(number));
    folder.breaks('EPERM', ['move'], (name) => name.includes(first.requestId));
    await outbox.add(sampleRequest(4), OFFLINE);
    folder.works();
    await clock.advance(600_000);
    await store(outbox, sampleRequest(5));
    assert.deepEqual(numbersDropped(), [2, 1]);
    assert.deepEqual(await takeAll(outbox), [3, 4, 5]);
  });

  it('refuses the request where two files in a row are stuck: that is the disk', async () => {
    const { outbox, folder } = bench;
    for (const number of [1, 2, 3]) await store(outbox, sampleRequest(number));
    folder.breaks('EROFS', ['move', 'remove', 'probe']);
    const moves = folder.calls.filter((call) => call === 'move').length;
    assert.equal((await outbox.add(sampleRequest(4), OFFLINE)).kind, 'failed');
    assert.equal(folder.calls.filter((call) => call === 'move').length, moves + 2);
    assert.deepEqual(numbersDropped(), []);
  });
});

describe('Outbox on a slow disk', () => {
  let bench: FaultyBench;

  beforeEach(async () => {
    bench = await createFaultyBench();
  });

  afterEach(() => bench.end());

  it('accepts only when the slow flush is over, and delivers what it has meanwhile', async () => {
    const { outbox, folder, clock, log } = bench;
    for (const number of [1, 2, 3]) await store(outbox, sampleRequest(number));
    const letGo = folder.holds(['write']);
    let accepted = false;
    const adding = outbox.add(sampleRequest(4), ONLINE).then((added) => {
      accepted = added.kind === 'stored';
      drain.wake();
    });
    const delivered: number[] = [];
    const drain = createDrain({
      ...{ outbox, clock, log, pace: { drainPerSecond: 0 } },
      messageOf: ({ payload }) => ({ topic: 't', payload, qos: 1, retain: false }),
      onSending: () => undefined,
      onDelivered: (request) => delivered.push(sampleNumber(request)),
    });
    const online = new AbortController();
    const running = drain.run(createFakeLink(), online.signal);
    await until(() => delivered.length === 3);
    assert.equal(accepted, false);
    assert.equal(outbox.oldest(), undefined, 'what is not on disk is not sent');
    letGo();
    await adding;
    await until(() => delivered.length === 4);
    online.abort();
    await running;
    assert.deepEqual([accepted, delivered], [true, [1, 2, 3, 4]]);
    assert.equal(log.of('storage.failing').length, 0, 'slow is not broken');
  });
});

describe('Outbox.read()', () => {
  let bench: FaultyBench;

  beforeEach(async () => {
    bench = await createFaultyBench({ maxEntries: 4, whenFull: 'dropOldest' });
    for (const number of [1, 2, 3, 4]) await store(bench.outbox, sampleRequest(number));
  });

  afterEach(() => bench.end());

  const reads = (): number => bench.folder.calls.filter((call) => call === 'read').length;

  it('never gives what a bound dropped after it was read ahead', async () => {
    const { outbox } = bench;
    const first = outbox.oldest();
    assert.ok(first !== undefined);
    await outbox.read(first);
    await store(outbox, sampleRequest(5));
    assert.deepEqual(bench.log.of('request.dropped').length, 1);
    await outbox.remove(first);
    assert.deepEqual(await takeAll(outbox), [3, 4, 5]);
  });

  it('tells of a fault that met it ahead, and reads again afterwards', async () => {
    const { outbox, folder, log } = bench;
    const first = outbox.oldest();
    assert.ok(first !== undefined);
    folder.breaks('EIO', ['read'], (name) => !name.includes(first.requestId));
    await outbox.read(first);
    await outbox.remove(first);
    await until(() => reads() === 4);
    folder.works();
    assert.deepEqual(log.lines, [], 'nobody has asked for them');
    const second = outbox.oldest();
    assert.ok(second !== undefined);
    assert.equal((await outbox.read(second)).kind, 'failed');
    assert.equal((await outbox.read(second)).kind, 'request');
  });

  it('begins to read those that come next, and reads each file once', async () => {
    const { outbox } = bench;
    const first = outbox.oldest();
    assert.ok(first !== undefined);
    await outbox.read(first);
    assert.equal(reads(), 4);
    await outbox.remove(first);
    assert.deepEqual(await takeAll(outbox), [2, 3, 4]);
    assert.equal(reads(), 4);
  });
});

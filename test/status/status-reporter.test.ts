import assert from 'node:assert/strict';
import { createStatusReporter, type StatusReporter } from '../../src/status/status-reporter.ts';
import { createFakeClock, settle, type FakeClock } from '../helpers/fake-clock.ts';
import { createFakeLink, type FakeLink } from '../helpers/fake-link.ts';

interface Bench {
  readonly reporter: StatusReporter;
  readonly clock: FakeClock;
  readonly link: FakeLink;
  readonly stop: AbortController;
  /** Starts reporting on a link of its own. */
  readonly run: () => Promise<void>;
  readonly said: () => readonly string[];
}

function createBench(payload?: (state: string) => Promise<Uint8Array>): Bench {
  const clock = createFakeClock();
  const link = createFakeLink();
  const stop = new AbortController();
  const reporter = createStatusReporter({
    ...{ clock, address: { topic: 'device/pi-1/status', retain: true } },
    payload: payload ?? ((state) => Promise.resolve(Buffer.from(state))),
  });
  const run = async (): Promise<void> => reporter.run(link, stop.signal);
  return { reporter, clock, link, stop, run, said: () => textsOf(link) };
}

function textsOf({ published }: FakeLink): readonly string[] {
  return published.map((message) => Buffer.from(message.payload).toString());
}

describe('createStatusReporter()', () => {
  it('says online at once when the link is there, retained and with QoS 1', async () => {
    const { link, run } = createBench();
    void run();
    await settle();
    assert.deepEqual(link.published, [
      {
        topic: 'device/pi-1/status',
        payload: Buffer.from('online'),
        qos: 1,
        retain: true,
        properties: { contentType: 'application/json' },
      },
    ]);
  });

  it('says nothing more while nothing changes', async () => {
    const { clock, run, said } = createBench();
    void run();
    await clock.advance(3_600_000);
    assert.equal(said().length, 1);
  });

  it('does not repeat itself for what changed before the link was there', async () => {
    const { reporter, clock, run, said } = createBench();
    reporter.changed();
    reporter.changed();
    void run();
    await clock.advance(60_000);
    assert.equal(said().length, 1);
  });

  it('tells a change at once where it has been quiet for ten seconds', async () => {
    const { reporter, clock, run, said } = createBench();
    void run();
    await clock.advance(10_000);
    reporter.changed();
    await settle();
    assert.equal(said().length, 2);
  });

  it('tells a burst of changes in one message, ten seconds after the last one', async () => {
    const { reporter, clock, run, said } = createBench();
    void run();
    await clock.advance(1);
    for (let count = 0; count < 9; count += 1) {
      reporter.changed();
      await clock.advance(1000);
    }
    await clock.advance(998);
    assert.equal(said().length, 1);
    await clock.advance(60_000);
    assert.equal(said().length, 2);
  });

  it('tells what changed while it was publishing', async () => {
    let reads = 0;
    const bench = createBench(() => {
      reads += 1;
      if (reads === 1) bench.reporter.changed();
      return Promise.resolve(Buffer.from(`read ${reads}`));
    });
    void bench.run();
    await bench.clock.advance(10_000);
    assert.deepEqual(bench.said(), ['read 1', 'read 2']);
  });

  it('ends with its link, without a timer, and starts afresh on the next one', async () => {
    const { reporter, clock, stop, run } = createBench();
    const running = run();
    await settle();
    stop.abort();
    await running;
    assert.equal(clock.timers(), 0);
    const next = createFakeLink();
    void reporter.run(next, new AbortController().signal);
    await settle();
    assert.deepEqual(textsOf(next), ['online']);
  });

  it('says offline as its last word', async () => {
    const { reporter, clock, link, run, said } = createBench();
    void run();
    await clock.advance(20_000);
    await reporter.sayOffline(link);
    reporter.changed();
    await clock.advance(20_000);
    assert.deepEqual(said(), ['online', 'offline']);
  });

  it('does not say online after offline when the facts for it came late', async () => {
    const late: (() => void)[] = [];
    const bench = createBench((state) =>
      state === 'offline'
        ? Promise.resolve(Buffer.from(state))
        : new Promise((resolve) => {
            late.push(() => {
              resolve(Buffer.from(state));
            });
          }),
    );
    const running = bench.run();
    await bench.reporter.sayOffline(bench.link);
    for (const come of late) come();
    await running;
    assert.deepEqual(bench.said(), ['offline']);
  });
});

import assert from 'node:assert/strict';
import { createStageWatch, watched } from '../../src/support/stage-watch.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';

describe('createStageWatch()', () => {
  it('calls a stage overdue only beyond its deadline and the grace', async () => {
    const clock = createFakeClock();
    const watch = createStageWatch(clock, 1000);
    watch.begin('capture', 5000);
    await clock.advance(6000);
    assert.equal(watch.overdue(), undefined);
    await clock.advance(1);
    assert.deepEqual(watch.overdue(), { stage: 'capture', overdueMs: 1001 });
  });

  it('forgets a stage that has ended, however often that is said', async () => {
    const clock = createFakeClock();
    const watch = createStageWatch(clock, 0);
    const end = watch.begin('store', 10);
    end();
    end();
    await clock.advance(1000);
    assert.equal(watch.overdue(), undefined);
  });

  it('tells two works of one stage apart', async () => {
    const clock = createFakeClock();
    const watch = createStageWatch(clock, 0);
    const first = watch.begin('publish', 10);
    watch.begin('publish', 500);
    first();
    await clock.advance(100);
    assert.equal(watch.overdue(), undefined);
    await clock.advance(401);
    assert.deepEqual(watch.overdue(), { stage: 'publish', overdueMs: 1 });
  });

  it('names the one that is overdue longest', async () => {
    const clock = createFakeClock();
    const watch = createStageWatch(clock, 0);
    watch.begin('connect', 20);
    watch.begin('fit', 10);
    await clock.advance(100);
    assert.deepEqual(watch.overdue(), { stage: 'fit', overdueMs: 90 });
  });
});

describe('watched()', () => {
  for (const [way, work] of [
    ['returns', () => Promise.resolve('done')],
    ['fails', () => Promise.reject(new Error('no disk'))],
  ] as const) {
    it(`lets go of work that ${way}`, async () => {
      const clock = createFakeClock();
      const watch = createStageWatch(clock, 0);
      await watched(watch, { stage: 'store', deadlineMs: 1 }, work).catch(() => undefined);
      await clock.advance(1000);
      assert.equal(watch.overdue(), undefined);
    });
  }

  it('gives the result and the error of the work', async () => {
    const watch = createStageWatch(createFakeClock());
    const stage = { stage: 'store', deadlineMs: 1 };
    assert.equal(await watched(watch, stage, () => Promise.resolve(7)), 7);
    await assert.rejects(
      watched(watch, stage, () => Promise.reject(new Error('no disk'))),
      /no disk/,
    );
  });
});

import assert from 'node:assert/strict';
import { createRecent } from '../../src/support/recent.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';

describe('createRecent()', () => {
  it('forgets a key after the window, counted from when it was last added', async () => {
    const clock = createFakeClock();
    const recent = createRecent({ clock, windowMs: 1000, max: 10 });
    recent.add('a');
    await clock.advance(900);
    recent.add('a');
    await clock.advance(1000);
    assert.equal(recent.has('a'), true);
    await clock.advance(1);
    assert.equal(recent.has('a'), false);
  });

  it('forgets the oldest keys when there are too many', () => {
    const recent = createRecent({ clock: createFakeClock(), windowMs: 1000, max: 2 });
    for (const key of ['a', 'b', 'a', 'c']) recent.add(key);
    assert.deepEqual(
      ['a', 'b', 'c'].map((key) => recent.has(key)),
      [true, false, true],
    );
  });

  it('is not misled by a jump of the wall clock', () => {
    const clock = createFakeClock();
    const recent = createRecent({ clock, windowMs: 1000, max: 2 });
    recent.add('a');
    clock.jump(1e12);
    assert.equal(recent.has('a'), true);
  });

  it('knows only what was added', () => {
    assert.equal(createRecent({ clock: createFakeClock(), windowMs: 1000, max: 2 }).has('a'), false);
  });
});

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { createWakeup } from '../../src/support/wakeup.ts';
import { settle } from '../helpers/fake-clock.ts';

describe('createWakeup()', () => {
  /** Whether a wait is over after everything has settled. */
  async function isOver(wait: Promise<void>): Promise<boolean> {
    let over = false;
    void wait.then(() => {
      over = true;
    });
    await settle();
    return over;
  }

  it('does not wait on a signal that aborted before', async () => {
    assert.equal(await isOver(createWakeup().wait(AbortSignal.abort())), true);
  });

  it('ends the wait when the signal aborts', async () => {
    const controller = new AbortController();
    const wait = createWakeup().wait(controller.signal);
    assert.equal(await isOver(wait), false);
    controller.abort();
    assert.equal(await isOver(wait), true);
  });

  it('ends the wait at a wake-up, and leaves no listener on the signal', async () => {
    const { signal } = new AbortController();
    const wakeup = createWakeup();
    const wait = wakeup.wait(signal);
    assert.equal(await isOver(wait), false);
    wakeup.wake();
    assert.equal(await isOver(wait), true);
    assert.deepEqual(getEventListeners(signal, 'abort'), []);
  });

  it('does not lose a wake-up that came before the wait, and counts many as one', async () => {
    const { signal } = new AbortController();
    const wakeup = createWakeup();
    wakeup.wake();
    wakeup.wake();
    assert.equal(await isOver(wakeup.wait(signal)), true);
    assert.equal(await isOver(wakeup.wait(signal)), false);
  });
});

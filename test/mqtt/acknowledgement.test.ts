// An answer's deadline runs from the last byte of its packet, and nothing of a wait is left once it is over.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { Duplex } from 'node:stream';
import { createAnswers, type Answer, type Answers } from '../../src/mqtt/acknowledgement.ts';
import type { Clock } from '../../src/support/clock.ts';
import { createFakeClock, settle, type FakeClock } from '../helpers/fake-clock.ts';

const ACK_MS = 20_000;

describe('createAnswers()', () => {
  let clock: FakeClock;
  let stream: Duplex;
  /** The last byte of what was written leaves for the system. */
  let leave: () => void;
  let over: AbortController;
  let answers: Answers;

  beforeEach(() => {
    clock = createFakeClock();
    over = new AbortController();
    stream = new Duplex({
      writableHighWaterMark: 1,
      read: () => undefined,
      write(_chunk, _encoding, done) {
        leave = done;
      },
    });
    answers = createAnswers({ clock, stream, over: over.signal });
  });

  afterEach(() => {
    assert.deepEqual([clock.timers(), stream.listenerCount('drain')], [0, 0], 'timers and listeners left');
  });

  function never(): Promise<Answer<never>> {
    return answers.wait(new Promise<never>(() => undefined), ACK_MS);
  }

  it('gives the answer, and lets the next packet wait for its own', async () => {
    for (const value of [1, 2]) {
      stream.write('packet');
      const wait = answers.wait(Promise.resolve(value), ACK_MS);
      leave();
      assert.deepEqual(await wait, { kind: 'answered', value });
    }
  });

  it('takes an answer that comes before the last byte was written', async () => {
    stream.write('packet');
    assert.deepEqual(await answers.wait(Promise.resolve('early'), ACK_MS), {
      ...{ kind: 'answered', value: 'early' },
    });
    leave();
    await settle();
  });

  it('counts the deadline from the last byte, however long the packet took', async () => {
    stream.write('packet');
    const told: Answer<never>[] = [];
    void never().then((answer) => told.push(answer));
    await clock.advance(10 * ACK_MS);
    leave();
    await clock.advance(ACK_MS - 1);
    assert.deepEqual(told, []);
    await clock.advance(2);
    assert.deepEqual(told, [{ kind: 'timeout' }]);
  });

  it('ends all that wait with the link, and says of each whether it was written whole', async () => {
    const written = [never(), never()];
    stream.write('packet');
    const half = [never(), never()];
    over.abort();
    const whole = { kind: 'ended', wholePacketWritten: true };
    assert.deepEqual(await Promise.all(written), [whole, whole]);
    const cut = { kind: 'ended', wholePacketWritten: false };
    assert.deepEqual(await Promise.all(half), [cut, cut]);
  });

  it('ends at once what begins after the link, also while it ends', async () => {
    const during = new Promise<Answer<never>>((resolve) => {
      over.signal.addEventListener('abort', () => {
        resolve(never());
      });
    });
    over.abort();
    const cut = { kind: 'ended', wholePacketWritten: false };
    assert.deepEqual([await during, await never()], [cut, cut]);
  });

  it('forgets a wait that is over: the end of the link has nothing to do with it', async () => {
    let stops = 0;
    const counting: Clock = {
      ...clock,
      timer(ms, action) {
        const stop = clock.timer(ms, action);
        return () => {
          stops += 1;
          stop();
        };
      },
    };
    await createAnswers({ clock: counting, stream, over: over.signal }).wait(Promise.resolve(1), ACK_MS);
    over.abort();
    assert.equal(stops, 1);
  });

  it('listens to the end of the link once, however many wait', async () => {
    const answered = await Promise.all(
      [1, 2, 3].map((value) => answers.wait(Promise.resolve(value), ACK_MS)),
    );
    assert.equal(answered.length, 3);
    const waiting = [never(), never(), never()];
    assert.equal(getEventListeners(over.signal, 'abort').length, 1);
    over.abort();
    await Promise.all(waiting);
  });
});

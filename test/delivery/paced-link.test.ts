// A link under a rate, on a clock that only the test moves.
import assert from 'node:assert/strict';
import { pacedLink } from '../../src/delivery/paced-link.ts';
import type { OutgoingMessage } from '../../src/domain.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { createFakeLink } from '../helpers/fake-link.ts';

const KIB = 1024;

describe('pacedLink()', () => {
  const clock = createFakeClock();
  const message = (topic: string, bytes: number): OutgoingMessage => ({
    ...{ topic, payload: new Uint8Array(bytes), qos: 1, retain: false },
  });

  it('loses what waits for its turn when the link ends, and sends none of it', async () => {
    const link = createFakeLink();
    const ended = new AbortController();
    const limits = { messagesPerSecond: 1, bytesPerSecond: 512 * KIB };
    const paced = pacedLink(link, { limits, clock, ended: ended.signal });
    await paced.publish(message('a', 1));
    const late = [paced.publish(message('b', 1)), paced.publish(message('c', 1))];
    await clock.advance(500);
    link.end('network');
    ended.abort();
    const lost = { kind: 'lost', wholePacketWritten: false };
    assert.deepEqual(await Promise.all(late), [lost, lost]);
    assert.deepEqual(
      link.published.map(({ topic }) => topic),
      ['a'],
    );
    assert.equal(clock.timers(), 0);
  });

  it('counts every publish of the connection, in the order they were made', async () => {
    const link = createFakeLink();
    const ended = new AbortController();
    const limits = { messagesPerSecond: 100, bytesPerSecond: 512 * KIB };
    const paced = pacedLink(link, { limits, clock, ended: ended.signal });
    const topics: string[] = [];
    for (let at = 0; at < 8; at += 1) {
      topics.push(`request/${at}`, `status/${at}`);
      void paced.publish(message(`request/${at}`, 126 * KIB));
      void paced.publish(message(`status/${at}`, 100));
    }
    await clock.advance(0);
    assert.deepEqual(
      link.published.map(({ topic }) => topic),
      topics.slice(0, 8),
    );
    await clock.advance(999);
    assert.equal(link.published.length, 8);
    await clock.advance(1);
    assert.deepEqual(
      link.published.map(({ topic }) => topic),
      topics,
    );
    ended.abort();
  });

  it('is the link itself in everything else', async () => {
    const link = createFakeLink({ protocol: 4 });
    const limits = { messagesPerSecond: 1, bytesPerSecond: 1 };
    const paced = pacedLink(link, { limits, clock, ended: new AbortController().signal });
    assert.deepEqual([paced.protocol, paced.ended], [4, link.ended]);
    await paced.close();
    paced.abort({ fault: 'network', detail: 'late', remedy: 'none' });
    assert.equal(link.problem()?.fault, 'stopped');
  });
});

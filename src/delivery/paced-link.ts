// A link whose publishes, whoever makes them, stay in turn within the broker's rate; it changes and refuses none.
import type { Link, OutgoingMessage } from '../domain.ts';
import { isAborted } from '../support/abort.ts';
import { sleep, type Clock } from '../support/clock.ts';
import { createRateWindow, type RateLimits } from './rate-window.ts';

// Fixed header, packet id, and the properties' heads; content type, correlation data and expiry are short.
const PACKET_OVERHEAD_BYTES = 256;

export function pacedLink(
  link: Link,
  { limits, clock, ended }: { limits: RateLimits; clock: Clock; ended: AbortSignal },
): Link {
  const rate = createRateWindow(limits);
  let turn: Promise<unknown> = Promise.resolve();
  const waitForRoom = async (bytes: number): Promise<void> => {
    for (;;) {
      const waitMs = rate.take(bytes, clock.monotonicMs());
      if (waitMs === 0 || (await sleep(clock, waitMs, ended)) === 'aborted') return;
    }
  };
  return {
    protocol: link.protocol,
    ended: link.ended,
    close: () => link.close(),
    abort: (problem) => {
      link.abort(problem);
    },
    async publish(message) {
      const mine = turn.then(() => waitForRoom(packetBytes(message)));
      turn = mine;
      await mine;
      return isAborted(ended) ? { kind: 'lost', wholePacketWritten: false } : link.publish(message);
    },
  };
}

function packetBytes({ topic, payload }: OutgoingMessage): number {
  return payload.length + Buffer.byteLength(topic) + PACKET_OVERHEAD_BYTES;
}

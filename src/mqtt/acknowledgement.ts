// Waits for the broker's answer to one packet, from the moment its last byte has left; it sends and ends nothing.
import type { Duplex } from 'node:stream';
import { orAborted } from '../support/abort.ts';
import { sleep, type Clock } from '../support/clock.ts';

export interface AnswerWait {
  readonly clock: Clock;
  readonly stream: Duplex;
  /** From the last byte written to the socket: a slow link is not taken for a silent broker. */
  readonly ackMs: number;
  /** Aborts when the link ends. */
  readonly over: AbortSignal;
}

export type Answer<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'ended'; readonly wholePacketWritten: boolean };

// A reason given saves the stack of an error that nobody sees, at each publish.
const DONE = 'done';

/** Call it right after the packet was given to the stream. */
export async function awaitAnswer<T>(wait: AnswerWait, answer: Promise<T>): Promise<Answer<T>> {
  const done = new AbortController();
  let wholePacketWritten = false;
  const late = drained(wait.stream, done.signal)
    .then(() => {
      wholePacketWritten = true;
      return sleep(wait.clock, wait.ackMs, done.signal);
    })
    .then(() => ({ kind: 'timeout' }) as const);
  const answered = answer.then((value) => ({ kind: 'answered', value }) as const);
  try {
    const first = await orAborted(Promise.race([answered, late]), wait.over);
    return first.kind === 'done' ? first.value : { kind: 'ended', wholePacketWritten };
  } finally {
    done.abort(DONE);
  }
}

/** True of the outcome of a QoS 0 publish: no word of the broker's. */
export function isSent(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'sent';
}

/** Never settles on a link that ends first; the caller races it against the end. */
function drained(stream: Duplex, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (!stream.writableNeedDrain) {
      resolve();
      return;
    }
    stream.once('drain', resolve);
    signal.addEventListener('abort', () => stream.off('drain', resolve), { once: true });
  });
}

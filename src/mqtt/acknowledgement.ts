// Waits for the broker's answer to one packet, from the moment its last byte has left; it sends and ends nothing.
import type { Duplex } from 'node:stream';
import type { Clock } from '../support/clock.ts';

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

/**
 * Call it right after the packet was given to the stream; `answer` never rejects. One promise, one timer and one listener: it
 * runs for every message, and made of `sleep`, `orAborted` and a signal of its own it took half as long as the wire itself.
 */
export function awaitAnswer<T>(wait: AnswerWait, answer: Promise<T>): Promise<Answer<T>> {
  const { clock, stream, ackMs, over } = wait;
  return new Promise((resolve) => {
    let stopTimer: (() => void) | undefined;
    const finish = (outcome: Answer<T>): void => {
      stopTimer?.();
      stream.off('drain', onWritten);
      over.removeEventListener('abort', onOver);
      resolve(outcome);
    };
    const onWritten = (): void => {
      stopTimer = clock.timer(ackMs, () => {
        finish({ kind: 'timeout' });
      });
    };
    const onOver = (): void => {
      finish({ kind: 'ended', wholePacketWritten: stopTimer !== undefined });
    };
    if (over.aborted) {
      onOver();
      return;
    }
    over.addEventListener('abort', onOver, { once: true });
    if (stream.writableNeedDrain) stream.once('drain', onWritten);
    else onWritten();
    void answer.then((value) => {
      finish({ kind: 'answered', value });
    });
  });
}

/** True of the outcome of a QoS 0 publish: no word of the broker's. */
export function isSent(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'sent';
}

// Waits for the broker's answers, each from the moment the last byte of its packet has left; it sends and ends nothing.
import type { Duplex } from 'node:stream';
import type { Clock } from '../support/clock.ts';

export interface AnswersParts {
  readonly clock: Clock;
  readonly stream: Duplex;
  /** Aborts when the link ends. */
  readonly over: AbortSignal;
}

export type Answer<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'ended'; readonly wholePacketWritten: boolean };

export interface Answers {
  /**
   * Call it right after the packet was given to the stream; `answer` never rejects. `ackMs` runs from the last byte
   * written to the socket: a slow link is not taken for a silent broker.
   */
  wait<T>(answer: Promise<T>, ackMs: number): Promise<Answer<T>>;
}

/**
 * One promise and one timer a packet: it runs for every message, and made of `sleep`, `orAborted` and a signal of its own it
 * took half as long as the wire itself. The end of the link is listened to once for all.
 */
export function createAnswers({ clock, stream, over }: AnswersParts): Answers {
  const waiting = new Set<() => void>();
  const endAll = (): void => {
    for (const end of waiting) end();
  };
  over.addEventListener('abort', endAll, { once: true });
  return {
    wait<T>(answer: Promise<T>, ackMs: number) {
      return new Promise<Answer<T>>((resolve) => {
        let stopTimer: (() => void) | undefined;
        const onWritten = (): void => {
          stopTimer = clock.timer(ackMs, () => {
            finish({ kind: 'timeout' });
          });
        };
        const onOver = (): void => {
          finish({ kind: 'ended', wholePacketWritten: stopTimer !== undefined });
        };
        const finish = (outcome: Answer<T>): void => {
          if (stopTimer === undefined) stream.off('drain', onWritten);
          else stopTimer();
          waiting.delete(onOver);
          resolve(outcome);
        };
        if (over.aborted) {
          onOver();
          return;
        }
        waiting.add(onOver);
        if (stream.writableNeedDrain) stream.once('drain', onWritten);
        else onWritten();
        void answer.then((value) => {
          finish({ kind: 'answered', value });
        });
      });
    },
  };
}

/** True of the outcome of a QoS 0 publish: no word of the broker's. */
export function isSent(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'sent';
}

// Ties each result to the request it answers and logs it; knows which requests are still open. It publishes nothing.
import type { Classification, IncomingMessage } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import type { Log } from '../support/log.ts';
import { parseResult } from './parse-result.ts';

export interface ResultsDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** An open request without a result is overdue after this. */
  readonly timeoutSeconds: number;
  /** A result that answers a request of ours. */
  readonly onClassification: (classification: Classification) => void;
}

export interface Results {
  /** The request is on its way: a result may come from now on. */
  opened(requestId: string): void;
  message(message: IncomingMessage): void;
  stop(): void;
}

// Requests that wait for a result at the same time: 30 s at the 2 a second of a drain is 60.
const OPEN_MAX = 1000;
const EXCERPT_BYTES = 60;

export function createResults(deps: ResultsDeps): Results {
  const { clock, log, timeoutSeconds } = deps;
  const open = new Map<string, { sentMs: number; cancel: () => void }>();

  const close = (requestId: string): { sentMs: number } | undefined => {
    const found = open.get(requestId);
    found?.cancel();
    open.delete(requestId);
    return found;
  };

  return {
    opened(requestId) {
      const again = close(requestId);
      const [oldest] = open.keys();
      if (oldest !== undefined && open.size >= OPEN_MAX) close(oldest);
      const cancel = clock.timer(timeoutSeconds * 1000, () => {
        close(requestId);
        log.warn('result.overdue', { requestId, timeoutSeconds });
      });
      open.set(requestId, { sentMs: again?.sentMs ?? clock.monotonicMs(), cancel });
    },
    message(message) {
      const result = parseResult(message.payload);
      if (result.kind === 'invalid') {
        log.warn('result.invalid', { detail: result.detail, ...excerpt(message.payload) });
        return;
      }
      const match = matchOf(open, result.requestId ?? correlationOf(message));
      const found = match === undefined ? undefined : close(match.requestId);
      const said = result.kind === 'failed' ? { error: result.error } : result.classification;
      if (match === undefined || found === undefined) {
        log.info('result.unmatched', { ...said, requestId: result.requestId });
      } else {
        const latencyMs = Math.round(clock.monotonicMs() - found.sentMs);
        const [level, event] = result.kind === 'failed' ? FAILED : RECEIVED;
        log[level](event, { ...said, ...match, latencyMs });
      }
      // What answers another device's request on a shared topic is not what this camera saw.
      if (result.kind === 'classification' && match !== undefined)
        deps.onClassification(result.classification);
    },
    stop() {
      for (const requestId of open.keys()) close(requestId);
    },
  };
}

const FAILED = ['warn', 'result.failed'] as const;
const RECEIVED = ['info', 'result.received'] as const;

/** Enough to recognise who sends what; the log makes it visible and bounds it. */
function excerpt(payload: Uint8Array): { readonly bytes: number; readonly starts: string } {
  return { bytes: payload.length, starts: Buffer.from(payload.subarray(0, EXCERPT_BYTES)).toString('utf8') };
}

interface Match {
  readonly requestId: string;
  readonly matchedBy: 'requestId' | 'order';
}

/** Without an id the far side is taken to answer in order. An id that is not ours answers somebody else. */
function matchOf(open: ReadonlyMap<string, unknown>, requestId: string | undefined): Match | undefined {
  const [oldest] = open.keys();
  if (requestId === undefined)
    return oldest === undefined ? undefined : { requestId: oldest, matchedBy: 'order' };
  return open.has(requestId) ? { requestId, matchedBy: 'requestId' } : undefined;
}

function correlationOf(message: IncomingMessage): string | undefined {
  const { correlationData } = message;
  return correlationData === undefined ? undefined : Buffer.from(correlationData).toString('utf8');
}

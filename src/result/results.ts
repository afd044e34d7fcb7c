// Says what became of each result, and hands the classifications of our own requests on. It publishes nothing itself.
import type { Classification, IncomingMessage } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import { createLineLimit, type LineLimit } from '../support/line-limit.ts';
import type { Fields, Log } from '../support/log.ts';
import { createResultFilter, type ResultChoice } from './filter.ts';
import {
  createOpenRequests,
  OPEN_MAX,
  type Answered,
  type RequestFacts,
  type Unmatched,
} from './open-requests.ts';
import { parseResult, type ParsedResult } from './parse-result.ts';
import { returnedIds, type ReturnedIds } from './returned-ids.ts';

export interface ResultsDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** An open request without a result is overdue after this; read for each request. */
  readonly settings: { readonly timeoutSeconds: number };
  /** None for what is only counted, and logged at `debug`; without it everything is logged at `info`. */
  readonly choose?: ResultChoice;
  /** A result that answers a request of ours, filtered or not; what it returns is told in the result's line. */
  readonly onClassification: (seen: Classification, answered: Answered) => Fields | undefined;
}

export interface Results {
  /** The request is on its way: a result may come from now on. */
  opened(requestId: string, facts?: RequestFacts): void;
  message(message: IncomingMessage): void;
  /** Results that have no line of their own in a flood, told or not. */
  counters(): Readonly<Record<'result.invalid' | 'result.unmatched', number>>;
  stop(): void;
}

const EXCERPT_BYTES = 60;

export function createResults(deps: ResultsDeps): Results {
  const { clock, log, settings, onClassification, choose = createResultFilter(null) } = deps;
  const open = createOpenRequests({
    ...{ clock, settings },
    onOverdue: (requestId, why) => {
      const displaced = why === 'displaced' ? { displacedBy: `${OPEN_MAX} newer requests` } : {};
      const { timeoutSeconds } = settings;
      log.warn('result.overdue', { requestId, timeoutSeconds, ...displaced });
    },
  });
  const lines = createLimitedLines(deps);
  return {
    opened(requestId, facts = {}) {
      open.add(requestId, facts);
    },
    message(message) {
      const result = parseResult(message.payload);
      if (result.kind === 'invalid') {
        lines.invalid({ detail: result.detail, ...excerpt(message.payload) });
        return;
      }
      const chosen = result.kind === 'failed' ? undefined : choose(result);
      const worth = result.kind === 'failed' || chosen !== undefined;
      const ids = returnedIds(result, message);
      const match = open.take(ids);
      if (match.kind === 'unmatched') {
        const { why } = match;
        const level = worth ? LEVEL[why] : 'debug';
        lines.unmatched[level](why, unmatchedFields(result, { chosen, ids, why }));
        return;
      }
      const { facts, ...answered } = match.answered;
      if (result.kind === 'failed') {
        log.warn('result.failed', { error: result.error, ...answered });
        return;
      }
      // What answers another device's request on a shared topic is not what this camera saw, so only these go on.
      const seen = chosen ?? result.classification;
      const more = onClassification(seen, { ...answered, facts });
      const [level, event] = worth ? RECEIVED : FILTERED;
      log[level](event, { ...seen, ...answered, ...more });
    },
    counters: () => lines.counters(),
    stop() {
      open.clear();
      lines.flush();
    },
  };
}

const RECEIVED = ['info', 'result.received'] as const;
const FILTERED = ['debug', 'result.filtered'] as const;

/** On a topic that a fleet shares, each device hears every other's results: they are counted, and fill no log. */
const LEVEL: Readonly<Record<Unmatched, 'info' | 'debug'>> = {
  nothingOpen: 'info',
  retained: 'info',
  late: 'info',
  again: 'info',
  displaced: 'info',
  foreign: 'debug',
};

/** The lines of results that are not ours: anybody may publish on the response topic, and as fast as they like. */
function createLimitedLines({ clock, log }: ResultsDeps) {
  const invalid = createLineLimit({
    clock,
    onSummary: ({ count }) => {
      log.warn('result.invalid', { count });
    },
  });
  const unmatchedAt = (level: 'info' | 'debug'): LineLimit =>
    createLineLimit({
      clock,
      onSummary: ({ count, byWord: byWhy }) => {
        log[level]('result.unmatched', { count, byWhy });
      },
    });
  const [info, debug] = [unmatchedAt('info'), unmatchedAt('debug')];
  return {
    invalid(fields: Fields): void {
      invalid.note('invalid', () => {
        log.warn('result.invalid', fields);
      });
    },
    unmatched: {
      info(why: Unmatched, fields: Fields): void {
        info.note(why, () => {
          log.info('result.unmatched', fields);
        });
      },
      debug(why: Unmatched, fields: Fields): void {
        debug.note(why, () => {
          log.debug('result.unmatched', fields);
        });
      },
    },
    counters: () => ({
      'result.invalid': total(invalid),
      'result.unmatched': total(info) + total(debug),
    }),
    flush(): void {
      for (const limit of [invalid, info, debug]) limit.flush();
    },
  };
}

function total(limit: LineLimit): number {
  return Object.values(limit.totals()).reduce((sum, count) => sum + count, 0);
}

type Readable = Exclude<ParsedResult, { kind: 'invalid' }>;

function unmatchedFields(
  result: Readable,
  { chosen, ids, why }: { chosen: Classification | undefined; ids: ReturnedIds; why: Unmatched },
): Fields {
  const said = result.kind === 'failed' ? { error: result.error } : (chosen ?? result.classification);
  return { ...said, requestId: result.requestId ?? ids.correlationData, why };
}

/** Enough to recognise who sends what; the log makes it visible and bounds it. */
function excerpt(payload: Uint8Array): { readonly bytes: number; readonly starts: string } {
  return { bytes: payload.length, starts: Buffer.from(payload.subarray(0, EXCERPT_BYTES)).toString('utf8') };
}

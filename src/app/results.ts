// Builds what happens to results: matching, filter, history on disk, actions; it starts nothing before the first result.
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import type { Classification, Link } from '../domain.ts';
import { createActions, type ActionTaken } from '../result/actions.ts';
import { createResultFilter } from '../result/filter.ts';
import { createHistory, type HistoryWriter } from '../result/history.ts';
import { createResults, type Results } from '../result/results.ts';
import type { Clock } from '../support/clock.ts';
import { removeWhole } from '../support/files.ts';
import type { Log } from '../support/log.ts';
import { derived, follow, type LiveConfig } from './live-config.ts';

export interface ResultsDeps {
  readonly live: LiveConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly onClassification: (seen: Classification) => void;
}

export interface ResultsPart extends Pick<Results, 'opened' | 'message'> {
  /** For the actions: uses a link until the signal aborts. */
  run(link: Link, signal: AbortSignal): Promise<void>;
  /** Actions by what became of them, and the results that a flood leaves without lines, for the counters of the status. */
  counters(): Readonly<Record<`action.${ActionTaken['state']}`, number>> & ReturnType<Results['counters']>;
  /** Writes the rest of the history. Never rejects; harmless twice. */
  stop(): Promise<void>;
}

export function buildResults(deps: ResultsDeps): ResultsPart {
  const { live, clock, log } = deps;
  const settings = follow(() => live.now().results);
  const choose = derived(() => live.now().results.filter, createResultFilter);
  const history = buildHistory(deps);
  const actions = createActions({
    actions: () => settings.actions,
    deviceId: () => live.link().device.id,
    clock,
  });
  const results = createResults({
    ...{ clock, log, settings, choose: (result) => choose()(result) },
    onClassification: (seen, { facts, ...answered }) => {
      deps.onClassification(seen);
      history.add({ receivedAt: clock.now().toISOString(), ...seen, ...answered, ...facts });
      const action = actions.seen(seen, answered.requestId);
      return action === undefined ? undefined : { action };
    },
  });
  return {
    opened: (requestId, facts) => {
      results.opened(requestId, facts);
    },
    message: (message) => {
      results.message(message);
    },
    run: (link, signal) => actions.run(link, signal),
    counters: () => {
      const { sent, offline, tooOften, busy } = actions.counts();
      return {
        ...{
          'action.sent': sent,
          'action.offline': offline,
          'action.tooOften': tooOften,
          'action.busy': busy,
        },
        ...results.counters(),
      };
    },
    stop: () => {
      results.stop();
      return history.close();
    },
  };
}

/**
 * Where the history is kept: in the folder of the outbox, which alone is known to be ours, on the disk that the owner
 * chose and apart from that of a demo or another instance.
 */
export function historyFolder({ outbox }: Pick<Config, 'outbox'>): string {
  return join(outbox.directory, '.results'); // hidden names are never entries
}

function buildHistory({ live, clock, log }: ResultsDeps): HistoryWriter {
  const folder = historyFolder(live.now());
  const maxEntries = live.now().results.historyEntries; // one of the keys that need a restart
  if (maxEntries > 0) return createHistory({ folder, maxEntries, clock, log });
  // Off: what an earlier run kept goes as well.
  const removed = removeWhole(folder);
  return { add: () => undefined, close: () => removed.then(() => undefined) };
}

// Keeps the retained status up to date while a link is there: at once when it comes up, then when something changed.
import type { Link, OutgoingMessage } from '../domain.ts';
import { sleep, type Clock } from '../support/clock.ts';
import { createWakeup } from '../support/wakeup.ts';

export interface StatusReporter {
  /** Something that the status tells has changed. */
  changed(): void;
  /** Reports until the link's signal aborts. */
  run(link: Link, signal: AbortSignal): Promise<void>;
  /** The last word before a clean stop: a DISCONNECT discards the will message. */
  sayOffline(link: Link): Promise<void>;
}

export interface StatusReporterDeps {
  readonly clock: Clock;
  readonly topic: string;
  readonly retain: boolean;
  readonly payload: (state: 'online' | 'offline') => Promise<Uint8Array>;
}

// A burst of pictures is one change of status; on AWS IoT Core each message costs.
const REPORT_INTERVAL_MS = 10_000;

export function createStatusReporter(deps: StatusReporterDeps): StatusReporter {
  const wakeup = createWakeup();
  const message = async (state: 'online' | 'offline'): Promise<OutgoingMessage> => ({
    topic: deps.topic,
    payload: await deps.payload(state),
    qos: 1,
    retain: deps.retain,
    properties: { contentType: 'application/json' },
  });
  return {
    changed: () => {
      wakeup.wake();
    },
    async run(link, signal) {
      while (!signal.aborted) {
        await link.publish(await message('online'));
        await sleep(deps.clock, REPORT_INTERVAL_MS, signal);
        await wakeup.wait(signal);
      }
    },
    async sayOffline(link) {
      await link.publish(await message('offline'));
    },
  };
}

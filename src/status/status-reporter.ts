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
  /** Reports again, over the next link: this was no end but a move to another broker or topic. */
  comeBack(): void;
}

export interface StatusReporterDeps {
  readonly clock: Clock;
  /** Read for each message. */
  readonly address: { readonly topic: string; readonly retain: boolean };
  readonly payload: (state: 'online' | 'offline') => Promise<Uint8Array>;
}

// A burst of pictures is one change of status; on AWS IoT Core each message costs.
const REPORT_INTERVAL_MS = 10_000;

export function createStatusReporter(deps: StatusReporterDeps): StatusReporter {
  const wakeup = createWakeup();
  let changes = 0;
  let leaving = false;
  const message = async (state: 'online' | 'offline'): Promise<OutgoingMessage> => ({
    topic: deps.address.topic,
    payload: await deps.payload(state),
    qos: 1,
    retain: deps.address.retain,
    properties: { contentType: 'application/json' },
  });
  return {
    changed: () => {
      changes += 1;
      wakeup.wake();
    },
    async run(link, signal) {
      let told: number | undefined;
      while (!signal.aborted) {
        if (told !== changes) {
          told = changes;
          const online = await message('online');
          if (leaving) return; // the facts took their time: `online` must not follow `offline`
          await link.publish(online);
          await sleep(deps.clock, REPORT_INTERVAL_MS, signal);
        }
        await wakeup.wait(signal);
      }
    },
    async sayOffline(link) {
      leaving = true;
      await link.publish(await message('offline'));
    },
    comeBack() {
      leaving = false;
    },
  };
}

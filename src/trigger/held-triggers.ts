// Keeps triggers back until the retained pause of a new link has had its moment; it judges none and drops none unsaid.
import type { IncomingMessage } from '../domain.ts';
import { untilAborted } from '../support/abort.ts';
import { sleep, type Clock } from '../support/clock.ts';

export interface HeldTriggers {
  /** Passed on at once while a link has settled, else when it has. */
  message(message: IncomingMessage): void;
  /** A link whose subscriptions are proved, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Passes on what is held, and from now on everything at once; for the end. */
  end(): void;
}

export interface HeldTriggersDeps {
  readonly clock: Clock;
  readonly pass: (message: IncomingMessage) => void;
  /** There is no room to hold it. */
  readonly onBusy: (message: IncomingMessage) => void;
}

// What waited in the session comes before SUBACK, the retained pause after it (MQTT 5, 3.8.4): a pause that was set while
// the device was away would lose to an older trigger. Brokers send both within milliseconds.
const SETTLE_MS = 300;
// A link that never gets its SUBACK must not keep a trigger for ever; the deadline of a SUBACK is 20 s by default.
const HELD_MS_MAX = 30_000;
// As many as a session of mosquitto keeps by default (max_queued_messages), in the memory of a few pictures.
export const HELD_MAX = 1000;
export const HELD_BYTES_MAX = 4 * 1024 * 1024;

export function createHeldTriggers({ clock, pass, onBusy }: HeldTriggersDeps): HeldTriggers {
  let held: IncomingMessage[] = [];
  let heldBytes = 0;
  let settled: AbortSignal | undefined;
  let ended = false;
  let cancel: (() => void) | undefined;

  const release = (): void => {
    cancel?.();
    cancel = undefined;
    const messages = held;
    held = [];
    heldBytes = 0;
    messages.forEach(pass);
  };
  const hasRoomFor = ({ payload }: IncomingMessage): boolean =>
    held.length < HELD_MAX && heldBytes + payload.length <= HELD_BYTES_MAX;

  return {
    message(message) {
      if (ended || settled?.aborted === false) {
        pass(message);
      } else if (hasRoomFor(message)) {
        held.push(message);
        heldBytes += message.payload.length;
        cancel ??= clock.timer(HELD_MS_MAX, release);
      } else {
        onBusy(message);
      }
    },
    async run(signal) {
      if ((await sleep(clock, SETTLE_MS, signal)) === 'aborted') return;
      settled = signal;
      release();
      await untilAborted(signal);
    },
    end() {
      ended = true;
      release();
    },
  };
}

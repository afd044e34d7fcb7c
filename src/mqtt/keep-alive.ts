// Says when one link needs a PINGREQ and when its broker is silent for too long; it writes and closes nothing.
import type { Clock } from '../support/clock.ts';

export interface KeepAliveParts {
  readonly clock: Clock;
  /** What both sides agreed on; 0 turns it off. */
  readonly keepaliveMs: number;
  readonly sendPing: () => void;
  /** Called once; nothing is asked for afterwards. */
  readonly onSilent: () => void;
}

export interface KeepAlive {
  /** A packet was given to the stream. */
  readonly sent: () => void;
  /** Bytes came, of whatever packet. */
  readonly heard: () => void;
  readonly stop: () => void;
}

// [MQTT-3.1.2-23] has us send something within the interval, [MQTT-3.1.2-24] has the broker wait for half as long again.
// mosquitto counts whole seconds: of an interval of 1 s no such half is left, and a busy moment here is the end of the link.
const PING_SHARE = 0.75;
const SILENT_SHARE = 1.5;
const ANSWER_SHARE = 0.5;

/**
 * MQTT.js counts answers alone: its PINGRESP waits behind every PUBLISH that the broker has queued for us, and a backlog longer
 * than half an interval passed for a dead broker. Any byte is a sign of life; only who says nothing at all is silent.
 *
 * One timer, which looks at two times when it fires: a flood must not set and clear one for each packet.
 */
export function startKeepAlive({ clock, keepaliveMs, sendPing, onSilent }: KeepAliveParts): KeepAlive {
  const startedMs = clock.monotonicMs();
  let sentMs = startedMs;
  let heardMs = startedMs;
  /** The first PINGREQ since then; -Infinity before any. */
  let askedMs = -Infinity;
  let stopTimer = (): void => undefined;
  const isAsked = (): boolean => askedMs > heardMs;
  /** Something of ours for the broker's sake, and something of its for ours; asked once, the broker says that by itself. */
  const pingDueMs = (): number => (isAsked() ? sentMs : Math.min(sentMs, heardMs)) + PING_SHARE * keepaliveMs;
  /** Whoever was held up (SIGSTOP, a suspended machine) asks first, and waits for the answer. */
  const silentDueMs = (): number =>
    isAsked()
      ? Math.max(heardMs + SILENT_SHARE * keepaliveMs, askedMs + ANSWER_SHARE * keepaliveMs)
      : Infinity;
  const look = (): void => {
    const nowMs = clock.monotonicMs();
    if (nowMs >= silentDueMs()) {
      onSilent();
      return;
    }
    if (nowMs >= pingDueMs()) {
      if (!isAsked()) askedMs = nowMs;
      sentMs = nowMs;
      sendPing();
    }
    stopTimer = clock.timer(Math.min(pingDueMs(), silentDueMs()) - nowMs, look);
  };
  if (keepaliveMs > 0) look();
  return {
    sent() {
      sentMs = clock.monotonicMs();
    },
    heard() {
      heardMs = clock.monotonicMs();
    },
    stop() {
      stopTimer();
    },
  };
}

// Publishes a message when a label is seen, while a link is there; it runs no command and keeps nothing for later.
import type { Classification, Link, OutgoingMessage } from '../domain.ts';
import { untilAborted } from '../support/abort.ts';
import type { Clock } from '../support/clock.ts';
import { escapeInvisible } from '../support/visible-text.ts';

export interface ResultAction {
  /** Exactly this label; there are no patterns. */
  readonly label: string;
  readonly minConfidence: number;
  /** Topic name. */
  readonly publish: string;
  /** Published as it stands; without it the message is JSON that tells what was seen. */
  readonly payload?: string;
}

/** What became of the action that a classification asked for. */
export interface ActionTaken {
  readonly topic: string;
  readonly state: 'sent' | 'offline' | 'tooOften' | 'busy';
}

export interface Actions {
  /** The first action that fits, and no other; `undefined` where none does. */
  seen(classification: Classification, requestId: string): ActionTaken | undefined;
  /** Sends over this link until the signal aborts. */
  run(link: Link, signal: AbortSignal): Promise<void>;
  /** How many ended in each state. */
  counts(): Readonly<Record<ActionTaken['state'], number>>;
}

export interface ActionsDeps {
  /** Asked for each classification; other actions than before start with full buckets. */
  readonly actions: () => readonly ResultAction[];
  readonly deviceId: () => string;
  readonly clock: Clock;
}

// A classifier gone wild, or a flood on a shared response topic, must not become a flood of switched lights: a few
// pictures in a row each have their message, and in the long run one action has one a second.
const BURST_MAX = 5;
const REFILL_MS = 1000;
// AWS IoT Core allows 100 unacknowledged publishes; requests and outcomes need their share.
const IN_FLIGHT_MAX = 20;

export function createActions({ actions, deviceId, clock }: ActionsDeps): Actions {
  let known = actions();
  let armed = known.map((action) => arm(action, clock));
  const counts = { sent: 0, offline: 0, tooOften: 0, busy: 0 };
  let link: Link | undefined;
  let inFlight = 0;

  const publish = (message: OutgoingMessage, over: Link): void => {
    inFlight += 1;
    void over.publish(message).finally(() => {
      inFlight -= 1;
    });
  };

  return {
    seen(classification, requestId) {
      if (known !== actions()) {
        known = actions();
        armed = known.map((each) => arm(each, clock));
      }
      const { label, confidence } = classification;
      const action = armed.find((each) => each.label === label && confidence >= each.minConfidence);
      if (action === undefined) return undefined;
      const state = stateOf({ link, inFlight, mayPublish: action.mayPublish });
      counts[state] += 1;
      if (link !== undefined && state === 'sent')
        publish(messageOf(action, { ...classification, request_id: requestId, device_id: deviceId() }), link);
      return { topic: action.publish, state };
    },
    async run(newLink, signal) {
      link = newLink;
      await untilAborted(signal);
      if (link === newLink) link = undefined;
    },
    counts: () => ({ ...counts }),
  };
}

interface Armed extends ResultAction {
  readonly mayPublish: () => boolean;
}

function arm(action: ResultAction, clock: Clock): Armed {
  // As the labels of parsed results are.
  return { ...action, label: escapeInvisible(action.label), mayPublish: createRateLimit(clock) };
}

/** In this order, so that what is not sent uses up nothing of the rate. */
function stateOf(now: {
  readonly link: Link | undefined;
  readonly inFlight: number;
  readonly mayPublish: () => boolean;
}): ActionTaken['state'] {
  if (now.link === undefined) return 'offline';
  if (now.inFlight >= IN_FLIGHT_MAX) return 'busy';
  return now.mayPublish() ? 'sent' : 'tooOften';
}

/** A bucket of `BURST_MAX` that fills by one each `REFILL_MS`. */
function createRateLimit(clock: Clock): () => boolean {
  let [left, sinceMs] = [BURST_MAX, clock.monotonicMs()];
  return () => {
    const nowMs = clock.monotonicMs();
    left = Math.min(BURST_MAX, left + (nowMs - sinceMs) / REFILL_MS);
    sinceMs = nowMs;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}

function messageOf({ publish, payload }: ResultAction, told: object): OutgoingMessage {
  return {
    topic: publish,
    payload: Buffer.from(payload ?? JSON.stringify(told)),
    qos: 1,
    retain: false, // what was seen is over; a retained message would act again at every subscription
    ...(payload === undefined ? { properties: { contentType: 'application/json' } } : {}),
  };
}

// Builds the stages and joins each to its neighbours; it starts and stops nothing.
import type { Config } from '../config/schema.ts';
import * as settings from '../config/stage-settings.ts';
import { createDelivery, type Delivery, type LinkUser } from '../delivery/delivery.ts';
import type { IncomingMessage, Outbox, Random } from '../domain.ts';
import type { Stages } from '../pipeline.ts';
import { buildRequest, payloadShape } from '../request/build-request.ts';
import { requestMessage } from '../request/request-message.ts';
import type { HostWatch } from '../status/host-watch.ts';
import type { ConfigFacts } from '../status/status-message.ts';
import { createStatus, type Status } from '../status/status.ts';
import type { ClockSync } from '../support/clock-sync.ts';
import type { Clock } from '../support/clock.ts';
import type { CountingLog } from '../support/count-events.ts';
import type { Log } from '../support/log.ts';
import type { Machine } from '../support/machine.ts';
import type { StageWatch } from '../support/stage-watch.ts';
import { derived, follow, type LiveConfig } from './live-config.ts';
import { takeOverLink } from './live-link.ts';
import type { LivePicture } from './live-picture.ts';
import { pictureBudgetBytes } from './picture-budget.ts';
import type { RestingPicture } from './resting-picture.ts';
import type { ResultsPart } from './results.ts';
import type { Triggers } from './triggers.ts';
import { watchedStages } from './watched.ts';

/** What every part is built on. */
export interface Base {
  readonly live: LiveConfig;
  /** What the status tells of the configuration. */
  readonly configNow: () => ConfigFacts;
  readonly version: string;
  readonly machine: Machine;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly counters: CountingLog['counters'];
  readonly sync: ClockSync;
  readonly outbox: Outbox;
  readonly camera: RestingPicture;
  readonly watch: StageWatch;
  /** The status line of the service may say something new. */
  readonly onStatus: () => void;
  readonly onShutOut?: () => void;
  readonly host: HostWatch;
  readonly readThrottled: () => Promise<number | undefined>;
}

export function buildStatus(base: Base, triggers: Triggers, results: ResultsPart): Status {
  const { live, clock, version, sync, outbox } = base;
  const address = follow(() => {
    const { device, mqtt, topics } = live.link();
    return { topic: topics.status, retain: mqtt.retain, deviceId: device.id };
  });
  return createStatus({
    ...{ clock, version, address, config: base.configNow },
    ...{ camera: follow(() => live.picture().camera), diskPath: live.now().outbox.directory },
    // Of triggers not the lines are counted: a flood has a line a second.
    counters: () => ({ ...base.counters(), ...triggers.counters(), ...results.counters() }),
    paused: () => triggers.paused(),
    outbox: () => outbox.counts(),
    clockSynchronised: () => sync.synchronised(),
    onChange: base.onStatus,
    readThrottled: base.readThrottled,
  });
}

/** A camera that takes pictures and not its configuration is found, with a warning: no event is nearer. */
export function controlLog(log: Log, camera: () => Config['camera']): (problems: readonly string[]) => void {
  return (problems) => {
    const { driver, device } = camera();
    const state = problems.length === 0 ? 'set' : 'refused';
    log[state === 'set' ? 'info' : 'warn']('camera.found', { driver, device, controls: state, problems });
  };
}

export function buildDelivery(
  base: Base,
  users: {
    status: Status;
    results: ResultsPart;
    triggers: Triggers;
    onMessage: (message: IncomingMessage) => void;
    /** A link is up that was opened with this configuration. */
    onReached: (config: Config) => void;
  },
): Delivery {
  const { live, clock, random, log, outbox, sync } = base;
  const { status, results, triggers, onMessage } = users;
  return createDelivery({
    onWay: base.onStatus,
    ...{ outbox, clock, random, log, clockSync: sync, pace: follow(() => live.now().outbox) },
    connection: () => takeOverLink(base, { status, onMessage }),
    messageOf: (request) => {
      const { outbox: bounds } = live.now();
      return requestMessage(settings.requestAddress({ ...live.link(), outbox: bounds }), request);
    },
    onSending: ({ requestId, capturedAt, payload, suspect }) => {
      const known = suspect === undefined ? {} : { suspect };
      results.opened(requestId, { capturedAt, bytes: payload.length, ...known });
    },
    onDelivered: (_request, by) => {
      if (by === 'broker') status.acknowledged();
    },
    users: [
      () => {
        users.onReached(live.link());
        return Promise.resolve();
      },
      ...[results, status, triggers].map(
        (user): LinkUser =>
          (link, signal) =>
            user.run(link, signal),
      ),
    ],
  });
}

export function buildStages(
  base: Base,
  ends: { triggers: Triggers; status: Status; delivery: Delivery; picture: LivePicture },
): Stages {
  const { live, clock, random, log, outbox, sync, camera } = base;
  const { triggers, status, delivery, picture } = ends;
  const payload = derived(() => live.picture(), settings.payloadSettings);
  const stages: Stages = {
    ...{ clock, log, fit: picture.fit },
    take: (signal) => picture.take(signal),
    tell: (trigger, outcome) => {
      triggers.tell(trigger, outcome);
    },
    capture: (signal) => camera.capture(signal),
    noteCapture: (outcome) => {
      status.captured(outcome);
      return picture.noteCapture(outcome);
    },
    describe: (frame, { triggerId }) => ({
      ...{ frame, triggerId, requestId: random.uuid(), clockSynchronised: sync.synchronised() },
    }),
    budgetBytes: (facts) =>
      pictureBudgetBytes(live.picture().image.maxPayloadBytes, payloadShape(payload(), facts)),
    build: (facts, image) => buildRequest(payload(), facts, image),
    store: async (request) => {
      const outcome = await outbox.add(request, { online: delivery.link() !== undefined });
      delivery.wake();
      return outcome;
    },
    queued: () => outbox.counts().entries,
  };
  return watchedStages(stages, base.watch, () => live.picture());
}

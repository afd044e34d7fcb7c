// Builds the stages and joins each to its neighbours; it starts and stops nothing.
import { createCameraWatch, type CameraWatch } from '../capture/camera-watch.ts';
import type { Config } from '../config/schema.ts';
import * as settings from '../config/stage-settings.ts';
import { createDelivery, type Delivery } from '../delivery/delivery.ts';
import type { IncomingMessage, Outbox, Random } from '../domain.ts';
import { createOpenLink } from '../mqtt/open-link.ts';
import { tellWithheld } from '../mqtt/tell-withheld.ts';
import type { Stages } from '../pipeline.ts';
import { buildRequest, payloadShape } from '../request/build-request.ts';
import { requestMessage } from '../request/request-message.ts';
import { willPayload } from '../status/status-message.ts';
import { createStatus, type Status } from '../status/status.ts';
import type { ClockSync } from '../support/clock-sync.ts';
import type { Clock } from '../support/clock.ts';
import type { CountingLog } from '../support/count-events.ts';
import type { Log } from '../support/log.ts';
import type { Machine } from '../support/machine.ts';
import { pictureBudgetBytes } from './picture-budget.ts';
import type { PictureStages } from './picture.ts';
import type { RestingPicture } from './resting-picture.ts';
import type { ResultsPart } from './results.ts';
import type { Triggers } from './triggers.ts';

/** What every part is built on. */
export interface Base {
  readonly config: Config;
  readonly configHash: string;
  readonly version: string;
  readonly machine: Machine;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly counters: CountingLog['counters'];
  readonly sync: ClockSync;
  readonly outbox: Outbox;
  readonly picture: Pick<PictureStages, 'findCamera' | 'fit'>;
  readonly camera: RestingPicture;
}

export function buildStatus(base: Base, triggers: Triggers, results: ResultsPart): Status {
  const { config, configHash, clock, version, sync, outbox } = base;
  return createStatus({
    ...{ clock, version, configHash, camera: config.camera, deviceId: config.device.id },
    ...{ topic: config.topics.status, retain: config.mqtt.retain, diskPath: config.outbox.directory },
    // Of triggers not the lines are counted: a flood has a line a second.
    counters: () => ({ ...base.counters(), ...triggers.counters(), ...results.counters() }),
    paused: () => triggers.paused(),
    outbox: () => outbox.counts(),
    clockSynchronised: () => sync.synchronised(),
  });
}

export function buildCameraWatch({ config, clock, log, picture }: Base): CameraWatch {
  return createCameraWatch({ clock, log, camera: config.camera, find: picture.findCamera });
}

/** A camera that takes pictures and not its configuration is found, with a warning: no event is nearer. */
export function controlLog(
  log: Log,
  { driver, device }: Config['camera'],
): (problems: readonly string[]) => void {
  return (problems) => {
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
  },
): Delivery {
  const { config, version, clock, random, log, outbox, sync } = base;
  const { status, results, triggers, onMessage } = users;
  const { id: deviceId } = config.device;
  const will = {
    topic: config.topics.status,
    payload: willPayload({ version, deviceId }),
    retain: config.mqtt.retain,
  };
  const { filters } = settings.subscriptions(config);
  return createDelivery({
    ...{ outbox, clock, random, log, clockSync: sync, ...settings.publishLimits(config) },
    ...{ policy: config.mqtt.reconnect, drainPerSecond: config.outbox.drainPerSecond },
    openLink: createOpenLink(
      { ...settings.brokerSettings(config), will, filters },
      {
        ...{ clock, onMessage, clockSynchronised: () => sync.synchronised() },
        onWithheld: tellWithheld(log, config.topics.trigger),
        reader: base.machine,
      },
    ),
    messageOf: (request) => requestMessage(settings.requestAddress(config), request),
    onSending: ({ requestId, capturedAt, payload, suspect }) => {
      const known = suspect === undefined ? {} : { suspect };
      results.opened(requestId, { capturedAt, bytes: payload.length, ...known });
    },
    onDelivered: (_request, by) => {
      if (by === 'broker') status.acknowledged();
    },
    users: [results, status, triggers].map((user) => (link, signal) => user.run(link, signal)),
  });
}

export function buildStages(
  base: Base,
  ends: {
    triggers: Triggers;
    status: Status;
    delivery: Delivery;
    cameraWatch: CameraWatch;
  },
): Stages {
  const { config, clock, random, log, outbox, sync, picture, camera } = base;
  const { triggers, status, delivery, cameraWatch } = ends;
  const payload = settings.payloadSettings(config);
  const { maxPayloadBytes } = config.image;
  return {
    ...{ clock, log, fit: picture.fit },
    take: (signal) => triggers.take(signal),
    tell: (trigger, outcome) => {
      triggers.tell(trigger, outcome);
    },
    capture: (signal) => camera.capture(signal),
    noteCapture: (outcome) => {
      status.captured(outcome);
      return cameraWatch.captured(outcome);
    },
    describe: (frame, { triggerId }) => ({
      ...{ frame, triggerId, requestId: random.uuid(), clockSynchronised: sync.synchronised() },
    }),
    budgetBytes: (facts) => pictureBudgetBytes(maxPayloadBytes, payloadShape(payload, facts)),
    build: (facts, image) => buildRequest(payload, facts, image),
    store: async (request) => {
      const outcome = await outbox.add(request, { online: delivery.link() !== undefined });
      delivery.wake();
      return outcome;
    },
    queued: () => outbox.counts().entries,
  };
}

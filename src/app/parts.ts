// Builds the stages and joins each to its neighbours; it starts and stops nothing.
import { createCameraWatch, type CameraWatch } from '../capture/camera-watch.ts';
import type { Config } from '../config/schema.ts';
import * as settings from '../config/stage-settings.ts';
import { createDelivery, type Delivery } from '../delivery/delivery.ts';
import type { IncomingMessage, Outbox, Random } from '../domain.ts';
import { jpegBudgetBytes } from '../fit/budget.ts';
import { createOpenLink } from '../mqtt/open-link.ts';
import type { Stages } from '../pipeline.ts';
import { buildRequest, overheadBytes } from '../request/build-request.ts';
import { requestMessage } from '../request/request-message.ts';
import type { Results } from '../result/results.ts';
import { willPayload } from '../status/status-message.ts';
import { createStatus, type Status } from '../status/status.ts';
import type { ClockSync } from '../support/clock-sync.ts';
import type { Clock } from '../support/clock.ts';
import type { CountingLog } from '../support/count-events.ts';
import type { Log } from '../support/log.ts';
import { createIntake, type Intake } from '../trigger/intake.ts';
import type { Mailbox } from '../trigger/mailbox.ts';
import type { OutcomeSender } from '../trigger/outcome-sender.ts';
import type { PictureStages } from './picture.ts';

/** What every part is built on. */
export interface Base {
  readonly config: Config;
  readonly configHash: string;
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly counters: CountingLog['counters'];
  readonly sync: ClockSync;
  readonly outbox: Outbox;
  readonly picture: PictureStages;
}

export function buildStatus(base: Base): Status {
  const { config, configHash, clock, version, sync, outbox, counters } = base;
  return createStatus({
    ...{ clock, version, configHash, counters, camera: config.camera, deviceId: config.device.id },
    ...{ topic: config.topics.status, retain: config.mqtt.retain, diskPath: config.outbox.directory },
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

export function buildIntake(base: Base, mailbox: Mailbox, outcomes: OutcomeSender): Intake {
  const { config, clock, random, log, sync } = base;
  return createIntake({
    ...{ policy: config.trigger, mailbox, clock, random, clockSynchronised: () => sync.synchronised() },
    onAdmitted: ({ triggerId, source }) => {
      log.info('trigger.accepted', { triggerId, source });
    },
    onIgnored: ({ triggerId, reason, detail, ...reply }) => {
      log.info('trigger.ignored', { triggerId, reason, detail });
      outcomes.tell({ triggerId, ...reply }, { kind: 'ignored', reason });
    },
  });
}

export function buildDelivery(
  base: Base,
  users: {
    status: Status;
    results: Results;
    outcomes: OutcomeSender;
    onMessage: (message: IncomingMessage) => void;
  },
): Delivery {
  const { config, version, clock, random, log, outbox } = base;
  const { status, results, outcomes, onMessage } = users;
  const { id: deviceId } = config.device;
  const will = {
    topic: config.topics.status,
    payload: willPayload({ version, deviceId }),
    retain: config.mqtt.retain,
  };
  const { filters } = settings.subscriptions(config);
  return createDelivery({
    ...{
      outbox,
      clock,
      random,
      log,
      policy: config.mqtt.reconnect,
      drainPerSecond: config.outbox.drainPerSecond,
    },
    openLink: createOpenLink({ ...settings.brokerSettings(config), will, filters }, { clock, onMessage }),
    messageOf: (request) => requestMessage(settings.requestAddress(config), request),
    onSending: ({ requestId }) => {
      results.opened(requestId);
    },
    onDelivered: (_request, by) => {
      if (by === 'broker') status.acknowledged();
    },
    users: [(link, signal) => status.run(link, signal), (link, signal) => outcomes.run(link, signal)],
  });
}

export function buildStages(
  base: Base,
  ends: {
    mailbox: Mailbox;
    status: Status;
    delivery: Delivery;
    outcomes: OutcomeSender;
    cameraWatch: CameraWatch;
  },
): Stages {
  const { config, clock, random, log, outbox, sync, picture } = base;
  const { mailbox, status, delivery, outcomes, cameraWatch } = ends;
  const payload = settings.payloadSettings(config);
  const { maxPayloadBytes } = config.image;
  return {
    ...{ clock, log, fit: picture.fit },
    take: (signal) => mailbox.take(signal),
    capture: async (signal) => {
      const outcome = await picture.camera.capture(signal);
      if (signal.aborted) return outcome; // called off, which says nothing about the camera
      status.captured(outcome);
      cameraWatch.captured(outcome);
      return outcome;
    },
    describe: (frame, { triggerId }) => ({
      ...{ frame, triggerId, requestId: random.uuid(), clockSynchronised: sync.synchronised() },
    }),
    budgetBytes: (facts) =>
      jpegBudgetBytes({ maxPayloadBytes, overheadBytes: overheadBytes(payload, facts), encoding: 'base64' }),
    build: (facts, image) => buildRequest(payload, facts, image),
    store: async (request) => {
      const outcome = await outbox.add(request, { online: delivery.link() !== undefined });
      delivery.wake();
      return outcome;
    },
    queued: () => outbox.counts().entries,
    tell: (trigger, outcome) => {
      outcomes.tell(trigger, outcome);
    },
  };
}

// The composition root: builds the adapters, joins the stages, starts the sinks first and stops in reverse.
import {
  buildCameraWatch,
  buildDelivery,
  buildIntake,
  buildStages,
  buildStatus,
  controlLog,
  type Base,
} from './app/parts.ts';
import { openPictureStages } from './app/picture.ts';
import type { CameraWatch } from './capture/camera-watch.ts';
import type { Config } from './config/schema.ts';
import { subscriptions } from './config/stage-settings.ts';
import type { Delivery } from './delivery/delivery.ts';
import type { IncomingMessage, Random } from './domain.ts';
import { openOutbox } from './outbox/open-outbox.ts';
import { runPipeline, type Stages } from './pipeline.ts';
import { createResults, type Results } from './result/results.ts';
import type { Status } from './status/status.ts';
import { createClockSync } from './support/clock-sync.ts';
import { withDeadline, type Clock } from './support/clock.ts';
import { countEvents } from './support/count-events.ts';
import type { Log } from './support/log.ts';
import { searchPath, type Machine } from './support/machine.ts';
import { createRunProcess } from './support/run-process.ts';
import { fireEvery } from './trigger/every.ts';
import type { Intake } from './trigger/intake.ts';
import { createMailbox, type Mailbox } from './trigger/mailbox.ts';
import { createOutcomeSender, type OutcomeSender } from './trigger/outcome-sender.ts';
import { mayReplyTo } from './trigger/reply-topic.ts';

export interface AppDeps {
  readonly config: Config;
  readonly configHash: string;
  readonly version: string;
  readonly machine: Machine;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface App {
  /** A trigger of this machine's own. */
  triggerNow(): void;
  /** Loses nothing, drains nothing, ends within 10 s; harmless twice. */
  stop(): Promise<void>;
}

export type StartOutcome =
  | { readonly kind: 'running'; readonly app: App }
  /** Another instance holds the outbox. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'failed'; readonly code: string; readonly detail: string };

/** Each bounds one step of the stop; together they stay below the 10 s that the contract gives it. */
const STOP_SOURCES_MS = 3000;
const STOP_STATUS_MS = 2000;
const STOP_SINKS_MS = 3000;

export async function startApp(deps: AppDeps): Promise<StartOutcome> {
  const { config, clock, machine } = deps;
  const counting = countEvents(deps.log);
  const run = createRunProcess({ clock, kill: machine.kill });
  const sync = createClockSync({ clock, run, searchPath: searchPath(machine) });
  await sync.look();
  const opened = await openOutbox({
    directory: config.outbox.directory,
    bounds: config.outbox,
    clock,
    clockSynchronised: () => sync.synchronised(),
    log: counting.log,
    run,
    searchPath: searchPath(machine),
  });
  if (opened.kind !== 'open') return opened;
  const onControlProblems = controlLog(counting.log, config.camera);
  const picture = await openPictureStages({ ...deps, run, onControlProblems });
  return {
    kind: 'running',
    app: startStages({ ...deps, ...counting, sync, picture, outbox: opened.outbox }),
  };
}

function startStages(base: Base): App {
  const { config, clock, log, outbox } = base;
  const status = buildStatus(base);
  const results = createResults({
    ...{ clock, log, timeoutSeconds: config.results.timeoutSeconds },
    onClassification: (classification) => {
      status.classified(classification);
    },
  });
  const { isTrigger, isResult, replyPolicy } = subscriptions(config);
  const outcomes = createOutcomeSender({
    topic: config.topics.outcome,
    mayReplyTo: (topic) => mayReplyTo(replyPolicy, topic),
  });
  const mailbox = createMailbox(config.trigger);
  const intake = buildIntake(base, mailbox, outcomes);
  const onMessage = (message: IncomingMessage): void => {
    if (isTrigger(message.topic)) intake.message(message);
    else if (isResult(message.topic)) results.message(message);
  };
  const delivery = buildDelivery(base, { status, results, outcomes, onMessage });
  const cameraWatch = buildCameraWatch(base);
  const stages = buildStages(base, { mailbox, status, delivery, outcomes, cameraWatch });
  const parts = { status, results, outcomes, mailbox, intake, delivery, stages, cameraWatch };
  const stop = startLoops(base, parts);
  const { id: deviceId } = config.device;
  log.info('daemon.ready', { version: base.version, deviceId, broker: config.mqtt.url, ...outbox.counts() });
  let stopped: Promise<void> | undefined;
  return {
    triggerNow: () => {
      intake.local('signal');
    },
    stop: () => (stopped ??= stop()),
  };
}

interface Parts {
  readonly status: Status;
  readonly results: Results;
  readonly outcomes: OutcomeSender;
  readonly mailbox: Mailbox;
  readonly intake: Intake;
  readonly delivery: Delivery;
  readonly stages: Stages;
  readonly cameraWatch: CameraWatch;
}

/** Sinks first, sources last; the returned function stops them the other way round. */
function startLoops(base: Base, parts: Parts): () => Promise<void> {
  const { config, clock, log, sync, outbox, picture } = base;
  const { status, results, outcomes, mailbox, intake, delivery, stages, cameraWatch } = parts;
  const sinks = new AbortController();
  const sources = new AbortController();
  const delivering = delivery.run(sinks.signal);
  const fire = (): void => {
    intake.local('timer');
  };
  const working = Promise.all([
    runPipeline(stages, sources.signal),
    fireEvery({ clock, seconds: config.trigger.everySeconds, fire }, sources.signal),
    sync.watch(sources.signal),
    cameraWatch.watch(sources.signal),
  ]);
  return async () => {
    log.info('daemon.stopping', { ...outbox.counts() });
    sources.abort();
    for (const trigger of mailbox.clear()) outcomes.tell(trigger, { kind: 'ignored', reason: 'stopping' });
    await withDeadline(clock, STOP_SOURCES_MS, working);
    const link = delivery.link();
    if (link !== undefined) await withDeadline(clock, STOP_STATUS_MS, status.sayOffline(link));
    sinks.abort();
    await withDeadline(clock, STOP_SINKS_MS, delivering);
    results.stop();
    await picture.close();
    await outbox.close();
  };
}

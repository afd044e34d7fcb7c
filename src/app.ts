// The composition root: builds the adapters, joins the stages, starts the sinks first and stops in reverse.
import { createLiveConfig, derived, follow } from './app/live-config.ts';
import { moveLink } from './app/live-link.ts';
import { createLivePicture, type LivePicture } from './app/live-picture.ts';
import { buildDelivery, buildStages, buildStatus, controlLog, type Base } from './app/parts.ts';
import { openPictureStages } from './app/picture.ts';
import { createRestingPicture } from './app/resting-picture.ts';
import { buildResults, type ResultsPart } from './app/results.ts';
import { createTriggers, pauseFolder, type Triggers } from './app/triggers.ts';
import { watchedOutbox } from './app/watched.ts';
import { changesBetween } from './config/live/changes.ts';
import type { Config } from './config/schema.ts';
import { brokerName, subscriptions } from './config/stage-settings.ts';
import type { Delivery } from './delivery/delivery.ts';
import type { IncomingMessage, Random } from './domain.ts';
import { openOutbox } from './outbox/open-outbox.ts';
import { runPipeline, type Stages } from './pipeline.ts';
import type { ConfigFacts } from './status/status-message.ts';
import { createHostWatch } from './status/host-watch.ts';
import { createThrottledReader } from './status/read-throttled.ts';
import { serviceLine } from './status/service-line.ts';
import type { Status } from './status/status.ts';
import { createClockSync } from './support/clock-sync.ts';
import { withDeadline, type Clock } from './support/clock.ts';
import { countEvents } from './support/count-events.ts';
import type { Log } from './support/log.ts';
import { searchPath, type Machine } from './support/machine.ts';
import { createRunProcess, type RunProcess } from './support/run-process.ts';
import { createStageWatch, type Overdue } from './support/stage-watch.ts';
import { readPause, type KeptPause } from './trigger/pause.ts';

export interface AppDeps {
  readonly config: Config;
  /** What the status tells of the configuration. */
  readonly configNow: () => ConfigFacts;
  /** A link is up, with its subscriptions, that was opened with this configuration. */
  readonly onReached?: (config: Config) => void;
  /** `line` may say something new. */
  readonly onStatus?: () => void;
  /** The Greengrass nucleus will not have this process any more, only another one. */
  readonly onShutOut?: () => void;
  readonly version: string;
  readonly machine: Machine;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface App {
  /** A trigger of this machine's own. */
  triggerNow(): void;
  /** Follows another configuration: what it concerns changes, each thing at its own moment, and nothing else restarts. */
  apply(config: Config): void;
  online(): boolean;
  /** How the service is, in one sentence. */
  line(): string;
  /** A stage that is beyond its own deadline, for a watchdog. */
  overdue(): Overdue | undefined;
  /** What `configNow` says has changed. */
  configChanged(): void;
  /** Loses nothing, drains nothing, ends within 10 s; harmless twice. */
  stop(): Promise<void>;
}

export type StartOutcome =
  | { readonly kind: 'running'; readonly app: App }
  /** Another instance holds the outbox. */
  | { readonly kind: 'taken' }
  /** The outbox would be in a folder that is somebody else's. */
  | { readonly kind: 'foreign'; readonly detail: string }
  | { readonly kind: 'failed'; readonly code: string; readonly detail: string };

/** Each bounds one step of the stop; together they stay below the 10 s that the contract gives it. */
const STOP_SOURCES_MS = 2500;
const STOP_STATUS_MS = 1500;
const STOP_SINKS_MS = 3000;
const STOP_HISTORY_MS = 1000;
const STOP_REST_MS = 1000;

export async function startApp(deps: AppDeps): Promise<StartOutcome> {
  const { config, clock, machine } = deps;
  const counting = countEvents(deps.log);
  const run = createRunProcess({ clock, kill: machine.kill });
  const sync = createClockSync({ clock, run, searchPath: searchPath(machine) });
  await sync.look();
  const live = createLiveConfig(config);
  const watch = createStageWatch(clock);
  const opened = await openOutbox({
    directory: config.outbox.directory,
    bounds: follow(() => live.now().outbox),
    clock,
    clockSynchronised: () => sync.synchronised(),
    log: counting.log,
    run,
    searchPath: searchPath(machine),
  });
  if (opened.kind !== 'open') return opened;
  const onControlProblems = controlLog(counting.log, () => live.picture().camera);
  const openPicture = (): ReturnType<typeof openPictureStages> =>
    openPictureStages({ ...deps, config: live.picture(), run, onControlProblems });
  const camera = createRestingPicture(await openPicture(), openPicture);
  const keptPause = await readPause(pauseFolder(config), counting.log);
  const outbox = watchedOutbox(opened.outbox, watch);
  const { onStatus = () => undefined } = deps;
  const readThrottled = createThrottledReader({ run, searchPath: searchPath(machine) });
  const host = createHostWatch({ clock, log: counting.log, read: readThrottled });
  const base = {
    ...{ ...deps, ...counting, live, sync, run, camera, outbox, watch, onStatus, host, readThrottled },
  };
  return { kind: 'running', app: startStages(base, keptPause) };
}

type AppBase = Base & Pick<AppDeps, 'machine' | 'onReached'> & { readonly run: RunProcess };

function startStages(base: AppBase, keptPause: KeptPause): App {
  const { live, log, outbox, camera } = base;
  const onPause = (paused: boolean): void => {
    if (paused) void camera.rest();
    status.changed();
  };
  const triggers = createTriggers({ ...base, keptPause, onPause });
  const results = buildResults({
    ...base,
    onClassification: (classification) => {
      status.classified(classification);
    },
  });
  const status = buildStatus(base, triggers, results);
  const subscribed = derived(() => live.link(), subscriptions);
  const onMessage = (message: IncomingMessage): void => {
    if (triggers.message(message) === 'notOurs' && subscribed().isResult(message.topic))
      results.message(message);
  };
  const { onReached = () => undefined } = base;
  const delivery = buildDelivery(base, { status, results, triggers, onMessage, onReached });
  const picture = createLivePicture({ ...base, take: (signal) => triggers.take(signal) });
  const stages = buildStages(base, { triggers, status, delivery, picture });
  const stop = startLoops(base, { status, results, triggers, delivery, stages, picture });
  const { device } = live.now();
  const start = { version: base.version, deviceId: device.id, broker: brokerName(live.now()) };
  log.info('daemon.ready', { ...start, paused: triggers.paused(), ...outbox.counts() });
  let stopped: Promise<void> | undefined;
  return {
    triggerNow: () => {
      triggers.now();
    },
    apply: (next) => {
      if (stopped !== undefined) return;
      const { link } = changesBetween(live.now(), next);
      live.set(next);
      picture.changed();
      if (link.length > 0) void moveLink(base, { delivery, status });
    },
    online: () => delivery.link() !== undefined,
    line: () => lineOf(base, { status, triggers, delivery }),
    overdue: () => base.watch.overdue(),
    configChanged: () => {
      status.changed();
    },
    stop: () => (stopped ??= stop()),
  };
}

function lineOf(
  { clock, outbox, configNow }: Base,
  { status, triggers, delivery }: Pick<Parts, 'status' | 'triggers' | 'delivery'>,
): string {
  const { camera, lastMs } = status.picture();
  const facts = { way: delivery.way(), paused: triggers.paused(), outbox: outbox.counts(), camera };
  return serviceLine({ ...facts, lastPictureMs: lastMs, config: configNow().state }, clock.monotonicMs());
}

interface Parts {
  readonly status: Status;
  readonly results: ResultsPart;
  readonly triggers: Triggers;
  readonly delivery: Delivery;
  readonly stages: Stages;
  readonly picture: LivePicture;
}

/** Sinks first, sources last; the returned function stops them the other way round. */
function startLoops(base: Base, parts: Parts): () => Promise<void> {
  const { clock, log, sync, outbox, camera } = base;
  const { status, results, triggers, delivery, stages, picture } = parts;
  const sinks = new AbortController();
  const sources = new AbortController();
  const delivering = delivery.run(sinks.signal);
  const working = Promise.all([
    runPipeline(stages, sources.signal),
    triggers.watch(sources.signal),
    sync.watch(sources.signal),
    base.host.watch(sources.signal),
    picture.watch(sources.signal),
  ]);
  return async () => {
    log.info('daemon.stopping', { ...outbox.counts() });
    sources.abort();
    triggers.dismiss();
    await withDeadline(clock, STOP_SOURCES_MS, working);
    const closing = camera.close(); // beside the rest: a driver that hangs takes its time
    const link = delivery.link();
    if (link !== undefined) await withDeadline(clock, STOP_STATUS_MS, status.sayOffline(link));
    sinks.abort();
    await withDeadline(clock, STOP_SINKS_MS, delivering);
    triggers.close();
    await withDeadline(clock, STOP_HISTORY_MS, results.stop());
    await withDeadline(clock, STOP_REST_MS, Promise.all([closing, outbox.close()]));
  };
}

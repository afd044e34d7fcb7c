// Gives each stage the time after which something is wrong with it, for the watchdog; it changes nothing that they do.
import type { Config } from '../config/schema.ts';
import type { Link, OpenLink, Outbox } from '../domain.ts';
import { FIT_MS_MAX } from '../fit/fit-in-time.ts';
import type { Stages } from '../pipeline.ts';
import { watched, type StageWatch } from '../support/stage-watch.ts';

// An SD card that tidies up takes seconds, a dying one tens of seconds, and a restart would mend neither.
const DISK_MS_MAX = 120_000;
// 1 kB/s out, and as long again for the answer: as patient as the link itself.
const MS_PER_BYTE = 2;
// Subscriptions that are tried one by one have the time of an answer each: six triggers, response, pause.
const FILTERS_MAX = 8;

/** Each capture and each fit; `config` is asked before each of them. */
export function watchedStages(stages: Stages, watch: StageWatch, config: () => Config): Stages {
  return {
    ...stages,
    capture: (signal) => {
      const deadlineMs = config().camera.timeoutSeconds * 1000;
      return watched(watch, { stage: 'capture', deadlineMs }, () => stages.capture(signal));
    },
    // The work itself: the pipeline goes on without it after this time, and a codec that never ends would stay.
    fit: (...args) => watched(watch, { stage: 'fit', deadlineMs: FIT_MS_MAX }, () => stages.fit(...args)),
  };
}

/** Each look at the disk. */
export function watchedOutbox(outbox: Outbox, watch: StageWatch): Outbox {
  const onDisk = <T>(stage: string, work: () => Promise<T>): Promise<T> =>
    watched(watch, { stage, deadlineMs: DISK_MS_MAX }, work);
  return {
    add: (request, link) => onDisk('store', () => outbox.add(request, link)),
    read: (entry) => onDisk('read', () => outbox.read(entry)),
    remove: (entry) => onDisk('remove', () => outbox.remove(entry)),
    quarantine: (entry, reason) => onDisk('quarantine', () => outbox.quarantine(entry, reason)),
    oldest: (isWanted) => outbox.oldest(isWanted),
    release: (entry) => {
      outbox.release(entry);
    },
    counts: () => outbox.counts(),
    close: () => outbox.close(),
  };
}

/** Each attempt at a connection, and each publish until its acknowledgement. */
export function watchedOpenLink(openLink: OpenLink, watch: StageWatch, { mqtt }: Config): OpenLink {
  const ackMs = mqtt.ackTimeoutSeconds * 1000;
  const deadlineMs = mqtt.connectTimeoutSeconds * 1000 + FILTERS_MAX * ackMs;
  return async (signal) => {
    const outcome = await watched(watch, { stage: 'connect', deadlineMs }, () => openLink(signal));
    if (outcome.kind === 'failed') return outcome;
    // What is written into a dead link waits for the keep alive to notice, which may just have been answered.
    const patienceMs = ackMs + 2 * mqtt.keepaliveSeconds * 1000;
    return { ...outcome, link: watchedLink(outcome.link, watch, patienceMs) };
  };
}

function watchedLink(link: Link, watch: StageWatch, patienceMs: number): Link {
  return {
    protocol: link.protocol,
    ended: link.ended,
    close: () => link.close(),
    abort: (problem) => {
      link.abort(problem);
    },
    publish: (message) => {
      const deadlineMs = patienceMs + message.payload.length * MS_PER_BYTE;
      return watched(watch, { stage: 'publish', deadlineMs }, () => link.publish(message));
    },
  };
}

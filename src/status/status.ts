// The status of this device: remembers what was seen last and keeps the retained message true. It decides nothing.
import type { CaptureOutcome, Classification, Link, OutboxCounts } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import { createHost, type HostFacts } from './host.ts';
import { statusPayload, type CameraFacts, type ConfigFacts, type LastFacts } from './status-message.ts';
import { createStatusReporter } from './status-reporter.ts';

export interface StatusOptions {
  readonly clock: Clock;
  readonly version: string;
  /** Read for each message: the next link may have another. */
  readonly address: { readonly topic: string; readonly retain: boolean; readonly deviceId: string };
  readonly config: () => ConfigFacts;
  /** Read for each message. */
  readonly camera: { readonly driver: string; readonly device: string };
  /** A path on the disk whose free space is told. */
  readonly diskPath: string;
  readonly paused: () => boolean;
  readonly outbox: () => OutboxCounts;
  readonly clockSynchronised: () => boolean;
  readonly counters: () => Readonly<Record<string, number | undefined>>;
  /** What the status tells has changed. */
  readonly onChange?: () => void;
  readonly readThrottled?: () => Promise<number | undefined>;
}

export interface Status {
  captured(outcome: CaptureOutcome): void;
  acknowledged(): void;
  classified(classification: Classification): void;
  /** Something else that the status tells has changed. */
  changed(): void;
  /** Reports while the link is there. */
  run(link: Link, signal: AbortSignal): Promise<void>;
  sayOffline(link: Link): Promise<void>;
  /** Reports again after `sayOffline`: this was no end but a move. */
  comeBack(): void;
  /** For the status line of the service. */
  picture(): PictureFacts;
}

export interface PictureFacts {
  readonly camera: Pick<CameraFacts, 'state' | 'cause'>;
  /** Of the last one, monotonic. */
  readonly lastMs?: number;
}

export function createStatus(options: StatusOptions): Status {
  const { clock, address, version } = options;
  const host = createHost(options);
  let picture: PictureFacts = { camera: { state: 'unused' } };
  let last: LastFacts = { captured_at: null, acknowledged_at: null, classification: null };
  let hostFacts: HostFacts | undefined;
  const payload = async (state: 'online' | 'offline'): Promise<Uint8Array> => {
    // A stop has no time for a sensor that hangs; without the last word the retained status would stay `online`.
    if (state === 'online' || hostFacts === undefined) hostFacts = await host.facts();
    // One by one: what is handed in may be the camera's whole configuration, and its URL may hold a password.
    const { driver, device } = options.camera;
    return statusPayload(state, {
      ...{ version, deviceId: address.deviceId, camera: { driver, device, ...picture.camera }, last },
      ...{ config: options.config(), paused: options.paused() },
      outbox: options.outbox(),
      host: hostFacts,
      clockSynchronised: options.clockSynchronised(),
      counters: options.counters(),
    });
  };
  const reporter = createStatusReporter({ clock, address, payload });
  const changed = (): void => {
    reporter.changed();
    options.onChange?.();
  };
  return {
    captured(outcome) {
      if (outcome.kind === 'failed') {
        picture = { ...picture, camera: { state: 'failing', cause: outcome.cause } };
      } else {
        picture = { camera: { state: 'ok' }, lastMs: clock.monotonicMs() };
        last = { ...last, captured_at: outcome.frame.capturedAt.toISOString() };
      }
      changed();
    },
    acknowledged() {
      last = { ...last, acknowledged_at: clock.now().toISOString() };
      changed();
    },
    classified(classification) {
      last = { ...last, classification };
      changed();
    },
    changed,
    run: (link, signal) => reporter.run(link, signal),
    sayOffline: (link) => reporter.sayOffline(link),
    picture: () => picture,
    comeBack: () => {
      reporter.comeBack();
    },
  };
}

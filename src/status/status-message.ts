// The retained status of this device as a message, and the will message. It reads nothing by itself.
import type { Classification, OutboxCounts } from '../domain.ts';
import type { HostFacts } from './host.ts';

export interface StatusFacts {
  readonly version: string;
  readonly deviceId: string;
  /** Triggers are ignored, and the camera is closed. */
  readonly paused: boolean;
  readonly config: ConfigFacts;
  readonly outbox: OutboxCounts;
  readonly camera: CameraFacts;
  readonly last: LastFacts;
  readonly host: HostFacts;
  readonly clockSynchronised: boolean;
  readonly counters: Readonly<Record<string, number | undefined>>;
}

export interface ConfigFacts {
  /** Of the configuration that runs. */
  readonly hash: string;
  /** The id of its files, where they have one. */
  readonly generation?: string;
  /** What became of the files that lie there. */
  readonly state: 'applied' | 'rejected' | 'rolled-back';
  readonly errors?: readonly string[];
}

export interface CameraFacts {
  readonly driver: string;
  readonly device: string;
  readonly state: 'unused' | 'ok' | 'failing';
  /** The cause while it is failing. */
  readonly cause?: string;
}

export interface LastFacts {
  readonly captured_at: string | null;
  readonly acknowledged_at: string | null;
  readonly classification: Classification | null;
}

export function statusPayload(state: 'online' | 'offline', facts: StatusFacts): Uint8Array {
  const { version, deviceId, paused, config, outbox, camera, last, host, clockSynchronised, counters } =
    facts;
  return Buffer.from(
    JSON.stringify({
      state,
      version,
      device_id: deviceId,
      paused,
      config,
      outbox,
      camera,
      last,
      host: { ...host, clock_synchronised: clockSynchronised },
      counters,
    }),
  );
}

/** Published by the broker when we vanish, so it holds only what is true then as well. */
export function willPayload(facts: { readonly version: string; readonly deviceId: string }): Uint8Array {
  return Buffer.from(JSON.stringify({ state: 'offline', version: facts.version, device_id: facts.deviceId }));
}

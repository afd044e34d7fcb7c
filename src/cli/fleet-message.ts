// Parses one status message of a device. Whoever may publish may write one, so nothing in it is believed or shown as it is.
import { isRecord } from '../config/format.ts';
import { escapeInvisible } from '../support/visible-text.ts';

/** What a device said of itself; what it left out, or what is none of the kind, is `null`. Texts are safe to print. */
export interface DeviceStatus {
  readonly state: 'online' | 'offline' | 'unreadable';
  readonly deviceId: string | null;
  readonly version: string | null;
  readonly config: {
    readonly hash: string | null;
    readonly generation: string | null;
    readonly state: string | null;
    readonly errors: readonly string[];
  };
  readonly outbox: {
    readonly entries: number | null;
    readonly bytes: number | null;
    readonly quarantined: number | null;
  };
  /** RFC 3339. */
  readonly capturedAt: string | null;
  readonly temperatureCelsius: number | null;
}

/** Ours has about a kilobyte; a hostile one should cost no more than reading it. */
export const STATUS_BYTES_MAX = 64 * 1024;

/** Never throws. */
export function parseDeviceStatus(payload: Uint8Array): DeviceStatus {
  const said = recordOf(payload.length > STATUS_BYTES_MAX ? undefined : jsonOf(payload));
  const { state } = said;
  return {
    state: state === 'online' || state === 'offline' ? state : 'unreadable',
    deviceId: textOf(said['device_id']),
    version: textOf(said['version']),
    config: configOf(recordOf(said['config'])),
    outbox: outboxOf(recordOf(said['outbox'])),
    capturedAt: timeOf(recordOf(said['last'])['captured_at']),
    temperatureCelsius: numberOf(recordOf(said['host'])['cpu_temperature_c']),
  };
}

/**
 * The will that a broker publishes for a device that is gone says that it is offline and little else: what the device
 * itself said before is still the last that is known. Whatever else it says replaces all of it.
 */
export function withoutForgetting(known: DeviceStatus | undefined, now: DeviceStatus): DeviceStatus {
  if (known === undefined || now.state !== 'offline') return now;
  const { config, outbox } = now;
  const saysConfig = config.hash !== null || config.generation !== null || config.state !== null;
  return {
    state: now.state,
    deviceId: now.deviceId ?? known.deviceId,
    version: now.version ?? known.version,
    config: saysConfig ? config : known.config,
    outbox: outbox.entries === null ? known.outbox : outbox,
    capturedAt: now.capturedAt ?? known.capturedAt,
    temperatureCelsius: now.temperatureCelsius ?? known.temperatureCelsius,
  };
}

function configOf({ hash, generation, state, errors }: Said): DeviceStatus['config'] {
  return {
    hash: textOf(hash),
    generation: textOf(generation),
    state: textOf(state),
    errors: Array.isArray(errors) ? errors.slice(0, ERRORS_MAX).flatMap((error) => textOf(error) ?? []) : [],
  };
}

function outboxOf({ entries, bytes, quarantined }: Said): DeviceStatus['outbox'] {
  return { entries: countOf(entries), bytes: countOf(bytes), quarantined: countOf(quarantined) };
}

type Said = Readonly<Record<string, unknown>>;

const ERRORS_MAX = 5;
const CHARACTERS_MAX = 200;

function jsonOf(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    return undefined; // no JSON, so it says nothing
  }
}

function recordOf(value: unknown): Said {
  return isRecord(value) ? value : {};
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? escapeInvisible(value.slice(0, CHARACTERS_MAX)) : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function countOf(value: unknown): number | null {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : null;
}

function timeOf(value: unknown): string | null {
  const time = typeof value === 'string' && value.length <= 40 ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

// What a daemon has said of itself last: its retained status message, read as whatever it is. It asks nobody.
import { isRecord } from '../config/format.ts';

export interface Told {
  readonly state: string;
  readonly paused: boolean;
  readonly config: { readonly state: string; readonly errors: readonly string[] };
  readonly camera: { readonly state: string; readonly cause?: string };
  /** RFC 3339, or empty. */
  readonly capturedAt: string;
}

/** `undefined` where it is no status message. */
export function parseStatus(payload: Uint8Array | undefined): Told | undefined {
  const said = jsonOf(Buffer.from(payload ?? []).toString('utf8'));
  if (!isRecord(said) || typeof said['state'] !== 'string') return undefined;
  const config = recordOf(said['config']);
  const camera = recordOf(said['camera']);
  const { errors } = config;
  const cause = camera['cause'];
  return {
    state: said['state'],
    paused: said['paused'] === true,
    config: {
      state: textOf(config['state'], 'applied'),
      errors: Array.isArray(errors) ? errors.filter((error) => typeof error === 'string') : [],
    },
    camera: {
      state: textOf(camera['state'], 'unknown'),
      ...(typeof cause === 'string' ? { cause } : {}),
    },
    capturedAt: textOf(recordOf(said['last'])['captured_at'], ''),
  };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function textOf(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // anybody may publish on a topic
  }
}

// The devices that have been heard of, by name, the last word of each; bounded, and it connects to nothing.
import type { IncomingMessage } from '../domain.ts';
import { escapeInvisible } from '../support/visible-text.ts';
import { parseDeviceStatus, withoutForgetting } from './fleet-message.ts';
import type { FleetRow } from './fleet-table.ts';
import type { FleetTopic } from './fleet-topic.ts';

/** Far more than one screen or one broker of cameras; who floods the topic gets no more of our memory. */
const DEVICES_MAX = 20_000;

export class FleetRoster {
  readonly #topic: FleetTopic;
  readonly #rows = new Map<string, FleetRow>();
  #changed = new Set<string>();
  #heard = 0;

  constructor(topic: FleetTopic) {
    this.#topic = topic;
  }

  hear({ topic, payload }: Pick<IncomingMessage, 'topic' | 'payload'>): void {
    this.#heard += 1;
    const status = parseDeviceStatus(payload);
    const named = this.#topic.deviceOf(topic);
    const device = named === undefined ? (status.deviceId ?? escapeInvisible(topic)) : escapeInvisible(named);
    if (payload.length === 0) {
      this.#rows.delete(device); // how a retained message is taken away (MQTT 5, 3.3.1.3)
    } else {
      const known = this.#rows.get(device);
      if (known !== undefined || this.#rows.size < DEVICES_MAX)
        this.#rows.set(device, { device, ...withoutForgetting(known, status) });
    }
    this.#changed.add(device);
  }

  /** Messages so far. */
  get heard(): number {
    return this.#heard;
  }

  /** All devices, by name. */
  rows(): readonly FleetRow[] {
    return [...this.#rows.values()].sort((a, b) => (a.device < b.device ? -1 : 1));
  }

  /** Those that were heard since the last call, by name. */
  takeChanged(): readonly FleetRow[] {
    const changed = this.#changed;
    this.#changed = new Set();
    return this.rows().filter(({ device }) => changed.has(device));
  }
}

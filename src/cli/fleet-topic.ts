// The status topic of one device turned into the filter of all devices, and back into ids. Pure.

export interface FleetTopic {
  readonly filter: string;
  /** The device that publishes on this topic; `undefined` where the topic does not name it. */
  deviceOf(topic: string): string | undefined;
}

/** `topic` as it is configured, with `{deviceId}` in it; without it there is one topic for all, and it names nobody. */
export function fleetTopic(topic: string): FleetTopic {
  const levels = topic.split('/');
  // A wildcard stands for a whole level (MQTT 5, 4.7.1.3), so `cam-{deviceId}` becomes `+`.
  const filter = levels.map((level) => (level.includes(PLACEHOLDER) ? '+' : level)).join('/');
  const [first = '', ...others] = topic.split(PLACEHOLDER).map(escaped);
  const shape = new RegExp(`^${first}${others.map((text) => `([^/]+)${text}`).join('')}$`, 'u');
  return {
    filter,
    deviceOf(published) {
      const ids = shape.exec(published)?.slice(1) ?? [];
      return ids.every((id) => id === ids[0]) ? ids[0] : undefined;
    },
  };
}

const PLACEHOLDER = '{deviceId}';

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}

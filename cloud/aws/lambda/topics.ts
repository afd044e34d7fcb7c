// Topics with a place for the device: which device a topic names, and the topic of a device. It sends nothing.

export const DEVICE_PLACE = '{deviceId}';

/** The daemon's own pattern for `device.id`: no slash, no wildcard, so that a name stays within its level of a topic. */
export function isDeviceId(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9._-]{1,128}$/.test(value);
}

/** `undefined` where the topic names a place for the device and there is none to put there. */
export function topicOf(template: string, deviceId: string | undefined): string | undefined {
  if (!template.includes(DEVICE_PLACE)) return template;
  return deviceId === undefined ? undefined : template.replaceAll(DEVICE_PLACE, () => deviceId);
}

/** The level of `topic` that stands where `template` has its place; `undefined` where the two do not match. */
export function deviceIn(topic: string, template: string): string | undefined {
  const levels = topic.split('/');
  const wanted = template.split('/');
  if (levels.length !== wanted.length) return undefined;
  const matches = wanted.every((level, at) => level === DEVICE_PLACE || level === levels[at]);
  return matches ? levels[wanted.indexOf(DEVICE_PLACE)] : undefined;
}

/** AWS IoT Core: at most 7 slashes and 256 bytes; the place must be a level of its own, as the rule's `+` is one. */
export function topicProblem(template: string): string | undefined {
  if (template === '' || /[+#\0]/.test(template)) return 'a topic name without wildcards is allowed';
  if (template.startsWith('$')) return 'a topic that does not begin with $ is allowed';
  const places = template.split('/').filter((level) => level.includes(DEVICE_PLACE));
  if (places.length > 1 || places.some((level) => level !== DEVICE_PLACE))
    return `${DEVICE_PLACE} is allowed once, as a level of its own`;
  if (template.split('/').length > 8) return 'at most 7 slashes are allowed';
  return Buffer.byteLength(template) > 256 ? 'at most 256 bytes are allowed' : undefined;
}

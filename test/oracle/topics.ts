// Topic filters and topic names of MQTT (section 4.7). It knows no broker.

/** [MQTT-4.7.2-1]: a wildcard in front does not match a topic that begins with `$`. */
export function matches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  const asked = filter.split('/');
  const levels = topic.split('/');
  for (const [at, level] of asked.entries()) {
    if (level === '#') return true;
    if (at >= levels.length || (level !== '+' && level !== levels[at])) return false;
  }
  return asked.length === levels.length;
}

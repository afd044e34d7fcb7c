// Topic names and topic filters as MQTT 5 section 4.7 defines them, and the one placeholder; it sends nothing.

/** A UTF-8 string on the wire has a two-byte length (MQTT 5, 1.5.4). */
export const UTF8_BYTES_MAX = 65_535;

/** The longest text that `{deviceId}` can become. */
export const LONGEST_DEVICE_ID = 'x'.repeat(128);

/** Puts the device id in place of every `{deviceId}`. */
export function withDeviceId(text: string, deviceId: string): string {
  return text.replaceAll('{deviceId}', () => deviceId);
}

/** True for what may be published on: not empty, no wildcards, no NUL, no unknown placeholder. */
export function isTopicName(text: string): boolean {
  return isTopicText(text) && !/[+#]/.test(text);
}

/** True for what may be subscribed to: wildcards only as whole levels, `#` only as the last one. */
export function isTopicFilter(text: string): boolean {
  if (!isTopicText(text)) return false;
  if (text.startsWith('$share/') && !/^\$share\/[^/+#]+\/./.test(text)) return false;
  const levels = subscribedPart(text).split('/');
  return levels.every(
    (level, at) => level === '+' || (level === '#' && at === levels.length - 1) || !/[+#]/.test(level),
  );
}

/** Whether a subscription to `filter` receives what is published on `topic`. */
export function filterMatches(filter: string, topic: string): boolean {
  const wanted = subscribedPart(filter).split('/');
  const levels = topic.split('/');
  // 4.7.2: a filter that starts with a wildcard does not match topics that start with `$`.
  if (topic.startsWith('$') && /^[+#]$/.test(wanted[0] ?? '')) return false;
  for (const [at, level] of wanted.entries()) {
    if (level === '#') return true; // also the parent level, so `a/#` matches `a`
    if (at >= levels.length || (level !== '+' && level !== levels[at])) return false;
  }
  return wanted.length === levels.length;
}

/**
 * Whether every message that a subscription to `other` receives comes by `filter` as well, so that with both of them it
 * comes twice from most brokers (3.3.4). A shared subscription covers nothing but itself: others take their part of it.
 */
export function filterCovers(filter: string, other: string): boolean {
  if (filter === other) return true;
  if (filter.startsWith('$share/')) return false;
  const wide = filter.split('/');
  const narrow = subscribedPart(other).split('/');
  if (!sharesFirstLevel(wide, narrow)) return false;
  for (const [at, level] of wide.entries()) {
    if (level === '#') return true;
    const covered = narrow[at];
    if (covered === undefined || covered === '#') return false;
    if (level !== '+' && level !== covered) return false;
  }
  return wide.length === narrow.length;
}

/** Whether there is a topic that both filters match. */
export function filtersOverlap(one: string, other: string): boolean {
  const ones = subscribedPart(one).split('/');
  const others = subscribedPart(other).split('/');
  if (!sharesFirstLevel(ones, others)) return false;
  for (let at = 0; at < Math.max(ones.length, others.length); at += 1) {
    const [left, right] = [ones[at], others[at]];
    if (left === '#' || right === '#') return true; // also the parent level, where the other one has ended
    if (left === undefined || right === undefined) return false;
    if (left !== '+' && right !== '+' && left !== right) return false;
  }
  return true;
}

/** 4.7.2, as in `filterMatches`: a leading wildcard has nothing in common with a first level that starts with `$`. */
function sharesFirstLevel([one = '']: readonly string[], [other = '']: readonly string[]): boolean {
  const isApart = (wild: string, named: string): boolean => /^[+#]$/.test(wild) && named.startsWith('$');
  return !isApart(one, other) && !isApart(other, one);
}

// A shared subscription (4.8.2) is `$share/NAME/FILTER`; only FILTER is matched.
function subscribedPart(filter: string): string {
  return filter.replace(/^\$share\/[^/]*\//, '');
}

function isTopicText(text: string): boolean {
  const bytes = Buffer.byteLength(withDeviceId(text, LONGEST_DEVICE_ID));
  // 1.5.4: NUL must not, other control characters and non-characters should not occur; brokers may close over them.
  return (
    text !== '' &&
    bytes <= UTF8_BYTES_MAX &&
    !/[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u.test(text) &&
    !/[{}]/.test(withDeviceId(text, ''))
  );
}

// The configuration while it changes: what is asked for now, and what picture and link have taken over. It applies nothing.
import { changesBetween } from '../config/live/changes.ts';
import type { Config } from '../config/schema.ts';
import { isAborted, untilAborted } from '../support/abort.ts';

export interface LiveConfig {
  now(): Config;
  /** For camera, fit and payload: another one only between two pictures. */
  picture(): Config;
  /** For connection and topics: another one only between two links. */
  link(): Config;
  set(next: Config): void;
  /** Whether there was something to take over. */
  adoptPicture(): boolean;
  adoptLink(): boolean;
  /** Calls `listener` after each of the three above; the returned function ends that. */
  onChange(listener: () => void): () => void;
}

export function createLiveConfig(first: Config): LiveConfig {
  let [now, picture, link] = [first, first, first];
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of [...listeners]) listener();
  };
  return {
    now: () => now,
    picture: () => picture,
    link: () => link,
    set(next) {
      now = next;
      // What concerns neither needs no such moment.
      if (changesBetween(picture, next).picture.length === 0) picture = next;
      if (changesBetween(link, next).link.length === 0) link = next;
      tell();
    },
    adoptPicture() {
      if (picture === now) return false;
      picture = now;
      tell();
      return true;
    },
    adoptLink() {
      if (link === now) return false;
      link = now;
      tell();
      return true;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}

/** An object whose fields are read from `current()` each time they are asked for; the names are those of the first. */
export function follow<T extends object>(current: () => T): T {
  const getters = Object.keys(current()).map((name) => {
    const get = (): unknown => Object.entries(current()).find(([each]) => each === name)?.[1];
    return [name, { enumerable: true, get }] as const;
  });
  return Object.defineProperties({}, Object.fromEntries(getters)) as T; // field by field the same
}

/** What `make` makes of the configuration, made anew when that is another one. */
export function derived<S, T>(source: () => S, make: (from: S) => T): () => T {
  let from = source();
  let made = make(from);
  return () => {
    if (source() === from) return made;
    from = source();
    made = make(from);
    return made;
  };
}

/** Runs `work` with a value of the configuration; another value ends it and begins it anew. Ends at the abort. */
export async function whileSame<T>(
  value: { readonly live: LiveConfig; readonly of: () => T },
  work: (value: T, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!isAborted(signal)) {
    const now = value.of();
    const over = new AbortController();
    const forget = value.live.onChange(() => {
      if (value.of() !== now) over.abort();
    });
    const either = AbortSignal.any([signal, over.signal]);
    await work(now, either);
    await untilAborted(either); // work may end before
    forget();
  }
}

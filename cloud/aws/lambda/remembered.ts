// The last answers of this container, so that a request delivered twice is not classified twice. It outlives no container.
import type { Classification } from '../../../src/domain.ts';
import type { Asker } from './request.ts';

export interface Remembered {
  find(asker: Asker): Classification | undefined;
  /** Forgets the oldest one where there are too many. A request without an id is never known again. */
  keep(asker: Asker, classification: Classification): void;
}

/** A repeat comes within seconds, of a flow of a few a second: enough, and a fraction of a megabyte. */
export const REMEMBERED_MAX = 500;

export function createRemembered(max: number = REMEMBERED_MAX): Remembered {
  const answers = new Map<string, Classification>();
  return {
    find(asker) {
      const key = keyOf(asker);
      return key === undefined ? undefined : answers.get(key);
    },
    keep(asker, classification) {
      const key = keyOf(asker);
      if (key === undefined) return;
      answers.set(key, classification);
      const [oldest] = answers.keys();
      if (answers.size > max && oldest !== undefined) answers.delete(oldest);
    },
  };
}

/** Two devices may choose the same id; neither has a slash in its name. */
function keyOf({ deviceId = '', requestId }: Asker): string | undefined {
  return requestId === undefined ? undefined : `${deviceId}/${requestId}`;
}

// Which of two trees a device takes, the current one or `next/`, by the hash of its id. Pure; it reads no file.
import { createHash } from 'node:crypto';

export type Tree = 'current' | 'next';

/** How a device came to its tree, where there are two. */
export interface Rollout {
  readonly tree: Tree;
  /** `rollout.percent`, as the current tree, local, environment or flags have it. */
  readonly percent: number;
  /** Where this device stands, 0 up to but not including 100: below `percent` it takes the next tree. */
  readonly sharePercent: number;
}

export function rolloutOf(deviceId: string, { percent, salt }: { percent: number; salt: string }): Rollout {
  const sharePercent = shareOf(deviceId, salt);
  return { tree: sharePercent < percent ? 'next' : 'current', percent, sharePercent };
}

/** One sentence for people. */
export function describeRollout({ tree, percent, sharePercent }: Rollout): string {
  const compared = tree === 'next' ? 'below' : 'not below';
  return `This device takes the ${tree} tree: its share is ${sharePercent.toFixed(3)}, ${compared} rollout.percent ${String(percent)}.`;
}

/** The same for a device wherever it is computed; raising the percentage only adds devices, a new salt draws anew. */
export function shareOf(deviceId: string, salt: string): number {
  const hash = createHash('sha256').update(`${salt}:${deviceId}`).digest();
  return (hash.readUInt32BE(0) / 2 ** 32) * 100;
}

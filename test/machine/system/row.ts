// What a row of the system test is, and what it is given.
import type { Clock } from '../../../src/support/clock.ts';
import type { Host } from './host.ts';
import type { Service } from './service.ts';

/** Commands of this machine for what a host cannot do to itself. */
export type Hand = 'unplug' | 'plug' | 'cut';

export interface Bench {
  readonly host: Host;
  readonly service: Service;
  readonly clock: Clock;
  readonly archive: string | undefined;
  readonly deb: string | undefined;
  /** @throws where the command fails. */
  readonly hand: (name: Hand) => Promise<void>;
}

export interface Row {
  readonly name: string;
  readonly needs?: readonly (Hand | 'archive' | 'deb')[];
  /** What it saw, in some words. @throws an Error that says what was not as it has to be. */
  run(bench: Bench): Promise<string>;
}

export function expect(isSo: boolean, otherwise: string): void {
  if (!isSo) throw new Error(otherwise);
}

// Collects what arrives and lets a test wait for the n-th of a kind; it never polls and never waits without a deadline.
import { inspect } from 'node:util';

// Only what never comes waits so long; a machine that is busy with other things as well starts a daemon in ten seconds.
const DEADLINE_MS = process.env['SHUTTERD_TEST_LONG'] === '1' ? 60_000 : 30_000;
const SHOWN = 12;

export class Arrivals<T> {
  readonly all: T[] = [];
  readonly #looks = new Set<() => void>();
  /** Called with each arrival from now on. */
  onAdded: (item: T) => void = () => undefined;

  add(item: T): void {
    this.all.push(item);
    this.onAdded(item);
    for (const look of this.#looks) look();
  }

  count(isOne: (item: T) => boolean): number {
    return this.all.filter(isOne).length;
  }

  /** The n-th that `isOne` accepts, counted from 1 and from the very first arrival. */
  nth(n: number, isOne: (item: T) => boolean = () => true): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#looks.delete(look);
      };
      const look = (): void => {
        const found = this.all.filter(isOne)[n - 1];
        if (found === undefined) return;
        end();
        resolve(found);
      };
      const timer = setTimeout(() => {
        end();
        const last = inspect(this.all.slice(-SHOWN), { maxStringLength: 300, depth: 4 });
        reject(
          new Error(`number ${n} of what ${isOne.toString()} accepts did not arrive; the last ones: ${last}`),
        );
      }, DEADLINE_MS);
      this.#looks.add(look);
      look();
    });
  }
}

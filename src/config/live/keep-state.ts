// Keeps what has to outlive the daemon, where the disk allows it; a daemon runs without it just as well.
import { errorCode, errorMessage } from '../../support/errors.ts';
import type { Log } from '../../support/log.ts';
import type { KeptState, StateStore } from './kept-state.ts';

export interface StateKeeping {
  readonly store: StateStore;
  readonly log: Log;
}

/** A disk that refuses it takes the way back after a power cut, and nothing else. Never rejects. */
export async function keepState({ store, log }: StateKeeping, kept: KeptState): Promise<void> {
  try {
    await store.write(kept);
  } catch (error) {
    warnOfStorage(log, error);
  }
}

/** What was kept; nothing where the disk does not give it or gives something else, which is said. Never rejects. */
export async function readState({ store, log }: StateKeeping): Promise<KeptState> {
  try {
    const { state, damage } = await store.read();
    if (damage !== undefined) {
      const detail = `Cannot use ${store.path}: ${damage}, it is written anew`;
      log.warn('storage.failing', { code: 'damaged', detail, concerns: CONCERNS });
    }
    return state;
  } catch (error) {
    warnOfStorage(log, error);
    return {};
  }
}

const CONCERNS = 'the last good configuration, nothing else';

function warnOfStorage(log: Log, error: unknown): void {
  const failure = { code: errorCode(error) ?? 'unknown', detail: errorMessage(error) };
  log.warn('storage.failing', { ...failure, concerns: CONCERNS });
}

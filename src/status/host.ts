// Facts about the machine for the status message; few, cheap, each under a deadline, and none is ever an error.
import systeminformation from 'systeminformation';
import { withDeadline, type Clock } from '../support/clock.ts';
import { freeBytes, readSystemText } from '../support/files.ts';
import { readCpuTemperature, readThrottledBits } from '../support/throttled.ts';

/** What cannot be read on this machine is `null`. */
export interface HostFacts {
  readonly model: string | null;
  readonly cpu_temperature_c: number | null;
  /** The firmware's bits: 0-3 now (under-voltage, capped, throttled, soft limit), 16-19 since boot. */
  readonly throttled: number | null;
  readonly memory_bytes: { readonly total: number; readonly available: number } | null;
  readonly disk_free_bytes: number | null;
}

export interface Host {
  facts(): Promise<HostFacts>;
}

// On a Pi and its like the board says its name itself; asking systeminformation starts a dozen programs.
const BOARD_FILE = '/proc/device-tree/model';
// Some of systeminformation's calls start programs; a hung one must not hold up the status message.
const CALL_DEADLINE_MS = 5000;

export interface HostDeps {
  readonly clock: Clock;
  readonly diskPath: string;
  readonly readThrottled?: () => Promise<number | undefined>;
}

export function createHost(deps: HostDeps): Host {
  const { readThrottled = readThrottledBits } = deps;
  const within = async <T>(work: Promise<T>): Promise<T | undefined> => {
    const settled = work.catch(() => undefined); // a missing sensor is a null in the message, not a failure
    const outcome = await withDeadline(deps.clock, CALL_DEADLINE_MS, settled);
    return outcome.kind === 'done' ? outcome.value : undefined;
  };
  let model: Promise<string | null> | undefined;
  return {
    async facts() {
      model ??= readModel(within); // started once: it does not change, and it is the dearest call
      const memory = await within(systeminformation.mem());
      return {
        model: await model,
        cpu_temperature_c: (await within(readCpuTemperature())) ?? null,
        throttled: (await within(readThrottled())) ?? null,
        memory_bytes: memory === undefined ? null : { total: memory.total, available: memory.available },
        disk_free_bytes: (await within(freeBytes(deps.diskPath))) ?? null,
      };
    },
  };
}

async function readModel(within: <T>(work: Promise<T>) => Promise<T | undefined>): Promise<string | null> {
  const board = await within(readSystemText(BOARD_FILE));
  if (board !== undefined && board !== '') return board;
  const system = await within(systeminformation.system());
  const words = [system?.manufacturer, system?.model].filter((word) => word !== undefined && word !== '');
  return words.length === 0 ? null : words.join(' ');
}

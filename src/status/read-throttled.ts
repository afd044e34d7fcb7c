// Reads the firmware's bits of power and heat: the kernel's file, or vcgencmd where there is no such file.
import type { RunProcess } from '../support/run-process.ts';
import { parseThrottledBits, readThrottledBits } from '../support/throttled.ts';

export interface ReadThrottledDeps {
  readonly run: RunProcess;
  readonly searchPath: string;
  readonly readFile?: () => Promise<number | undefined>;
}

const VCGENCMD_DEADLINE_MS = 5000;

/** The returned function never rejects; once the program has not answered it is not started again. */
export function createThrottledReader(deps: ReadThrottledDeps): () => Promise<number | undefined> {
  const { run, searchPath, readFile = readThrottledBits } = deps;
  let asks = true;
  return async () => {
    const bits = await readFile();
    if (bits !== undefined || !asks) return bits;
    const ran = await run({
      ...{ file: 'vcgencmd', args: ['get_throttled'], deadlineMs: VCGENCMD_DEADLINE_MS },
      env: { PATH: searchPath, LC_ALL: 'C' },
    });
    const said = ran.kind === 'exited' && ran.code === 0 ? parseThrottledBits(ran.stdout) : undefined;
    asks = said !== undefined;
    return said;
  };
}

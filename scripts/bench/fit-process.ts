// Runs a script of the bench in a process of its own, with the environment of the unit, and hands over what it printed last.
import { fileURLToPath } from 'node:url';
import { startChild } from '../../test/helpers/child.ts';
import { unitEnvironment } from '../../test/helpers/unit-environment.ts';
import type { Bench } from './rows.ts';

const CHILD_MS_MAX = 900_000;

/** `name`: of a script beside this one. Its last line is JSON; those before it are progress. */
export async function runMeasured(
  { scope, say }: Pick<Bench, 'scope' | 'say'>,
  name: string,
  args: readonly string[],
): Promise<unknown> {
  const script = fileURLToPath(new URL(`${name}.js`, import.meta.url));
  // With Node's own 16 MB, the young generation grows by some 15 MB over thousands of fits: that looks like a leak.
  const env = { PATH: process.env['PATH'] ?? '', ...unitEnvironment() };
  const child = startChild(scope, { file: process.execPath, args: ['--expose-gc', script, ...args], env });
  child.lines.onAdded = (line) => {
    say(`${name}: ${line}`);
  };
  const killed = setTimeout(() => {
    child.signal('SIGKILL');
  }, CHILD_MS_MAX);
  const { code, signal } = await child.ended;
  clearTimeout(killed);
  if (code === 0) return JSON.parse(child.lines.all.at(-1) ?? '') as unknown;
  const said = child.errors.all.join('\n');
  throw new Error(`Cannot measure with ${name}: it ended with ${String(code ?? signal)}, ${said}`);
}

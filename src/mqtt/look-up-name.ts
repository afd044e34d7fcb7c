// Looks a host name up as the system does, in a program that a deadline can end: Node cannot call off its own lookup.
import type { LinkProblem } from '../domain.ts';
import type { RunProcess } from '../support/run-process.ts';
import { linkProblem } from './problem.ts';

export type NameLookup =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly kind: 'failed'; readonly problem: LinkProblem }
  /** The program is not there: the connection will tell. */
  | { readonly kind: 'unknown' };

const LOOKUP_MS_MAX = 5000;
const ADDRESSES_MAX = 4;

/** Never rejects. */
export async function lookUpName(
  host: string,
  {
    run,
    searchPath,
    signal,
  }: { readonly run: RunProcess; readonly searchPath: string; readonly signal: AbortSignal },
): Promise<NameLookup> {
  const ran = await run({
    file: 'getent',
    args: ['ahosts', '--', host],
    env: { PATH: searchPath, LC_ALL: 'C' },
    deadlineMs: LOOKUP_MS_MAX,
    signal,
  });
  switch (ran.kind) {
    case 'exited': {
      const lines = ran.stdout.split('\n').map((line) => line.split(/\s/)[0] ?? '');
      const addresses = [...new Set(lines.filter((line) => line !== ''))].slice(0, ADDRESSES_MAX);
      if (addresses.length > 0) return { kind: 'addresses', addresses };
      return { kind: 'failed', problem: linkProblem('dns', `no address is known for ${host}`) };
    }
    case 'missing':
      return { kind: 'unknown' };
    case 'timeout':
    case 'aborted':
    case 'wedged': {
      const detail = `no name server answered about ${host} within ${String(LOOKUP_MS_MAX / 1000)} s`;
      return { kind: 'failed', problem: linkProblem('dns', detail) };
    }
  }
}

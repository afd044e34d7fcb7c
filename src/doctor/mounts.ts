// Finds the mount that a path lies on (proc_pid_mountinfo(5)); it mounts nothing.
import { basename } from 'node:path';
import { readSystemText, resolveLink } from '../support/files.ts';

export interface Mount {
  readonly point: string;
  readonly readOnly: boolean;
  /** As the kernel names the device, without `/dev/`; the source's name where there is none. */
  readonly device: string;
}

export async function mountOf(path: string): Promise<Mount | undefined> {
  const text = (await readSystemText('/proc/self/mountinfo')) ?? '';
  const real = (await resolveLink(path)) ?? path;
  const found = mountIn(text, real);
  if (found === undefined) return undefined;
  const { number, ...mount } = found;
  const block = await resolveLink(`/sys/dev/block/${number}`);
  return block === undefined ? mount : { ...mount, device: basename(block) };
}

/** The longest mount point above the path; of several on one point the last, which hides the others. */
export function mountIn(text: string, path: string): NumberedMount | undefined {
  let best: NumberedMount | undefined;
  for (const mount of text.split('\n').map(parseMount)) {
    if (mount !== undefined && isAbove(mount.point, path) && mount.point.length >= (best?.point.length ?? 0))
      best = mount;
  }
  return best;
}

interface NumberedMount extends Mount {
  /** Of the device: `179:2`. */
  readonly number: string;
}

const LINE = /^\S+ \S+ (\S+) \S+ (\S+) (\S+) .*?- \S+ (\S+) (\S+)$/;

function parseMount(line: string): NumberedMount | undefined {
  const [, number, point, options, source, superOptions] = LINE.exec(line.trim()) ?? [];
  if (number === undefined || point === undefined) return undefined;
  const readOnly = [options, superOptions].some((list) => list?.split(',').includes('ro') === true);
  return { point: unescaped(point), readOnly, device: basename(source ?? ''), number };
}

function isAbove(point: string, path: string): boolean {
  return path === point || path.startsWith(point === '/' ? '/' : `${point}/`);
}

/** Space, tab, newline and backslash are written in octal. */
function unescaped(point: string): string {
  return point.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

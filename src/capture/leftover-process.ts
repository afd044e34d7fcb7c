// Finds what a capture left running and ends it; it touches no process that does not carry the mark of its program.
import { join } from 'node:path';
import { sleep, withDeadline, type Clock } from '../support/clock.ts';
import { OperatingError } from '../support/errors.ts';
import { listFolder, readSystemText } from '../support/files.ts';

export interface LeftoverOptions {
  /** The environment entry (`NAME=value`) that the program passes on to everything it starts. */
  readonly mark: string;
  /** Of the program: a process inside the kernel is told by it alone. */
  readonly groupId: number | undefined;
  /** Processes that are not looked at. */
  readonly except: readonly string[];
  readonly killStray: (pid: number) => void;
  readonly clock: Clock;
  readonly procFolder?: string;
}

/** `left`: one stays, because a process in uninterruptible sleep outlives SIGKILL. */
export type Clearing = 'clear' | 'left' | NotListed;

/** The machine did not say which processes there are. */
export interface NotListed {
  readonly kind: 'notListed';
  readonly detail: string;
}

/** Kills every marked process, also one that left the program's group, and waits a moment for it to be gone. */
export async function clearLeftovers(options: LeftoverOptions): Promise<Clearing> {
  const { clock, killStray } = options;
  let notListed: NotListed | undefined;
  for (let look = 1; look <= LOOKS_MAX; look += 1) {
    const found = await withDeadline(clock, LOOK_MS_MAX, findLeftovers(options));
    notListed = found.kind === 'done' && found.value.kind === 'notListed' ? found.value : undefined;
    if (found.kind === 'done' && found.value.kind === 'found') {
      const { marked, stuck, unclear } = found.value;
      if (stuck === 0 && marked.length === 0 && (unclear === 0 || look === LOOKS_MAX)) {
        return 'clear';
      }
      marked.forEach(killStray);
    }
    await sleep(clock, LOOK_INTERVAL_MS);
  }
  return notListed ?? 'left';
}

/** The ids of all processes. */
export async function listProcesses(
  procFolder = '/proc',
): Promise<{ readonly kind: 'listed'; readonly pids: readonly string[] } | NotListed> {
  try {
    const names = await listFolder(procFolder);
    return { kind: 'listed', pids: names.filter((name) => /^\d+$/.test(name)) };
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return { kind: 'notListed', detail: error.message };
  }
}

/**
 * Whether any process of this name (proc_pid_comm(5): 15 characters at most) is there; where the machine does not say in
 * time, one may be. Nothing is killed.
 */
export async function mayRun(
  name: string,
  { clock, procFolder = '/proc' }: Pick<LeftoverOptions, 'clock' | 'procFolder'>,
): Promise<boolean> {
  const look = async (): Promise<boolean> => {
    const listing = await listProcesses(procFolder);
    if (listing.kind === 'notListed') return true;
    const stats = await Promise.all(listing.pids.map((pid) => readSystemText(join(procFolder, pid, 'stat'))));
    return stats.some((stat) => stat !== undefined && isAliveAs(name, stat));
  };
  const found = await withDeadline(clock, LOOK_MS_MAX, look());
  return found.kind !== 'done' || found.value;
}

const KTHREADD = '2';
const LOOKS_MAX = 6;
const LOOK_INTERVAL_MS = 25;
// What is asked here answers at once, on a busy machine within a few tenths; a look that does not is one at a process
// that hangs: then it is there.
const LOOK_MS_MAX = 1000;

/** proc_pid_stat(5): `pid (name) state ...`; Z and X are dead, their parent has not asked yet. */
function isAliveAs(name: string, stat: string): boolean {
  const end = stat.lastIndexOf(')');
  return stat.slice(stat.indexOf('(') + 1, end) === name && !'ZX'.includes(stat.slice(end + 2, end + 3));
}

interface Leftovers {
  readonly kind: 'found';
  readonly marked: readonly number[];
  readonly stuck: number;
  readonly unclear: number;
}

async function findLeftovers(options: LeftoverOptions): Promise<Leftovers | NotListed> {
  const listing = await listProcesses(options.procFolder);
  if (listing.kind === 'notListed') return listing;
  const except = new Set(options.except);
  const pids = listing.pids.filter((pid) => !except.has(pid));
  const kinds = await Promise.all(pids.map(async (pid) => ({ pid, kind: await kindOf(pid, options) })));
  return {
    kind: 'found',
    marked: kinds.filter(({ kind }) => kind === 'marked').map(({ pid }) => Number(pid)),
    stuck: kinds.filter(({ kind }) => kind === 'stuck').length,
    unclear: kinds.filter(({ kind }) => kind === 'unclear').length,
  };
}

async function kindOf(
  pid: string,
  { mark, groupId, procFolder = '/proc' }: LeftoverOptions,
): Promise<'marked' | 'stuck' | 'unclear' | 'other'> {
  // proc_pid_stat(5): the name in parentheses may hold anything; state, parent and group follow the last one.
  const stat = await readSystemText(join(procFolder, pid, 'stat'));
  if (stat === undefined) return 'unclear'; // it ended since it was listed, and may have left a child that was not
  const [state = '', parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if ('ZX'.includes(state)) return 'other'; // dead, its parent has not asked yet
  // In uninterruptible sleep it may hold its memory map, and then reading its environment would hang as well.
  if (state === 'D') return Number(group) === groupId ? 'stuck' : 'other';
  const environment = await readSystemText(join(procFolder, pid, 'environ'));
  // In the midst of execve(2) a process shows none for a moment; a kernel thread, child of kthreadd, has none at all.
  if (environment === '' && parent !== KTHREADD) return 'unclear';
  return environment?.includes(mark) === true ? 'marked' : 'other';
}

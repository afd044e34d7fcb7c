// One run of the program that streams from the camera: frames out, and why it ended. It is never restarted here.
import type { Random } from '../domain.ts';
import { withDeadline, type Clock } from '../support/clock.ts';
import type { ProcessEnd, ProcessGroup, StartProcess } from '../support/process-group.ts';
import { FRAME_BYTES_MAX } from './driver.ts';
import { clearLeftovers } from './leftover-process.ts';
import type { StreamCommand } from './stream-command.ts';
import { createStreamFrames, type StreamFrame } from './stream-frames.ts';

export interface StreamSession {
  /** Settles when the program and whatever it started are gone, or cannot be killed. Never rejects. */
  readonly ended: Promise<SessionEnd>;
  /** Ends it now. */
  stop(): void;
}

export interface SessionEnd {
  /** `ended`: by itself; `notRun`: it was not there to run; `stalled`: alive, but without frames; `wedged`: something outlived SIGKILL. */
  readonly kind: 'ended' | 'notRun' | 'stalled' | 'stopped' | 'wedged';
  readonly frames: number;
  /** Milliseconds. */
  readonly lastedMs: number;
  /** The end of what the program said on standard error. */
  readonly said: string;
  /** Looks again for what outlived the session, and kills what can be killed. */
  clear(): Promise<'clear' | 'left'>;
}

export interface SessionDeps {
  readonly startProcess: StartProcess;
  readonly clock: Clock;
  readonly random: Random;
  /** PATH of the program. */
  readonly searchPath: string;
  readonly procFolder?: string;
  /** What the program is started with: itself, or through another one. */
  readonly launcher: readonly string[];
  /** `index` counts from 0 in this session. */
  readonly onFrame: (frame: StreamFrame, index: number) => void;
}

// Opening a USB camera takes up to two seconds, and its first frame comes late; in the dark it gives 2 frames a second.
export const FIRST_FRAME_MS = 5000;
export const NEXT_FRAME_MS = 2500;

export function openStreamSession(command: StreamCommand, deps: SessionDeps): StreamSession {
  const { clock } = deps;
  const openedMs = clock.monotonicMs();
  const { program, mark } = startProgram(command, deps);
  const over = createEnd();
  const watched = watchFrames(program, {
    ...deps,
    stamped: command.stamped,
    onStall: () => {
      over.end('stalled');
    },
  });
  let said = '';
  program.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-SAID_CHARACTERS_MAX);
  });
  let gone = false;
  void program.ended.then(async (end) => {
    gone = true;
    await withDeadline(clock, LAST_WORDS_MS, program.closed);
    if (end.kind === 'missing') said = end.detail;
    over.end(wasRun(end, said) ? 'ended' : 'notRun');
  });
  const clear = async (): Promise<'clear' | 'left'> => {
    if (!gone) return 'left';
    const killStray = (pid: number): void => {
      program.killStray(pid);
    };
    const what = await clearLeftovers({
      ...{ mark, groupId: program.pid, except: [], killStray, clock },
      ...(deps.procFolder === undefined ? {} : { procFolder: deps.procFolder }),
    });
    // Where the machine does not say which processes there are, that the program itself is gone has to do: if another
    // one still holds the camera, the next session is told that it is busy.
    return what === 'left' ? 'left' : 'clear';
  };
  const ended = over.ended.then(async (kind): Promise<SessionEnd> => {
    watched.cancel();
    const lastedMs = clock.monotonicMs() - openedMs;
    await program.kill();
    const left = (await clear()) === 'left';
    return { kind: left ? 'wedged' : kind, frames: watched.frames(), lastedMs, said, clear };
  });
  return {
    ended,
    stop: () => {
      over.end('stopped');
    },
  };
}

const SAID_CHARACTERS_MAX = 2000;
// A grandchild may hold the pipes open after the program has ended; what it said has been read by then.
const LAST_WORDS_MS = 100;
const MARK_NAME = 'SHUTTERD_STREAM';

function startProgram(
  { file, args, stamped }: StreamCommand,
  { startProcess, random, searchPath, launcher }: SessionDeps,
): { readonly program: ProcessGroup; readonly mark: string } {
  const [through, ...more] = launcher;
  const name = random.uuid();
  const program = startProcess({
    file: through ?? file,
    args: through === undefined ? args : [...more, file, ...args],
    // LC_ALL: what the program says is matched as English text. The mark finds what leaves the program's group.
    env: { PATH: searchPath, LC_ALL: 'C', [MARK_NAME]: name },
    stdin: 'ignore',
    extra: stamped ? ['pipe'] : [],
  });
  return { program, mark: `${MARK_NAME}=${name}` };
}

function createEnd(): {
  readonly ended: Promise<SessionEnd['kind']>;
  readonly end: (kind: SessionEnd['kind']) => void;
} {
  let end: (kind: SessionEnd['kind']) => void = () => undefined;
  const ended = new Promise<SessionEnd['kind']>((resolve) => {
    end = resolve;
  });
  return { ended, end };
}

/** Tells each frame, and `onStall` once none comes in time. */
function watchFrames(
  program: ProcessGroup,
  deps: Pick<SessionDeps, 'clock' | 'onFrame'> & { readonly stamped: boolean; readonly onStall: () => void },
): { readonly frames: () => number; readonly cancel: () => void } {
  const joined = createStreamFrames({ maxBytes: FRAME_BYTES_MAX, stamped: deps.stamped });
  let count = 0;
  let over = false;
  let cancelStall = deps.clock.timer(FIRST_FRAME_MS, deps.onStall);
  const tell = (found: readonly StreamFrame[]): void => {
    if (over || found.length === 0) return;
    for (const frame of found) {
      deps.onFrame(frame, count);
      count += 1;
    }
    cancelStall();
    cancelStall = deps.clock.timer(NEXT_FRAME_MS, deps.onStall);
  };
  program.stdout.on('data', (chunk: Buffer) => {
    tell(joined.picture(chunk));
  });
  program.pipes[0]?.on('data', (chunk: Buffer) => {
    tell(joined.stamp(chunk));
  });
  return {
    frames: () => count,
    cancel: () => {
      over = true;
      cancelStall();
    },
  };
}

/** A launcher or a shell that cannot run a program ends with 126 or 127 (POSIX, env and command) and says so. */
function wasRun(end: ProcessEnd, said: string): boolean {
  if (end.kind === 'missing') return false;
  return !((end.code === 126 || end.code === 127) && /failed to execute|not found/i.test(said));
}

// One run of the program that streams from the camera: frames out, and why it ended. It is never restarted here.
import type { Clock } from '../support/clock.ts';
import type { ProcessGroup, StartProcess } from '../support/process-group.ts';
import { FRAME_BYTES_MAX } from './driver.ts';
import type { StreamCommand } from './stream-command.ts';
import { createStreamFrames, type StreamFrame } from './stream-frames.ts';

export interface StreamSession {
  /** Settles when the program is gone, or cannot be killed. Never rejects. */
  readonly ended: Promise<SessionEnd>;
  /** Ends it now. */
  stop(): void;
}

export interface SessionEnd {
  /** `ended`: by itself; `stalled`: alive, but without frames; `wedged`: it outlived SIGKILL. */
  readonly kind: 'ended' | 'stalled' | 'stopped' | 'wedged';
  readonly frames: number;
  /** The end of what the program said on standard error. */
  readonly said: string;
  /** Settles when the program itself is gone; later than `ended` only for a wedged one. */
  readonly gone: Promise<unknown>;
}

export interface SessionDeps {
  readonly startProcess: StartProcess;
  readonly clock: Clock;
  /** PATH of the program. */
  readonly searchPath: string;
  /** What the program is started with: itself, or through another one. */
  readonly launcher: readonly string[];
  /** `index` counts from 0 in this session. */
  readonly onFrame: (frame: StreamFrame, index: number) => void;
}

// Opening a USB camera takes up to two seconds, and its first frame comes late; in the dark it gives 2 frames a second.
const FIRST_FRAME_MS = 5000;
const NEXT_FRAME_MS = 2500;
const SAID_CHARACTERS_MAX = 2000;

export function openStreamSession(command: StreamCommand, deps: SessionDeps): StreamSession {
  const program = startProgram(command, deps);
  const frames = createStreamFrames({ maxBytes: FRAME_BYTES_MAX, stamped: command.stamped });
  let count = 0;
  let said = '';
  let end: (kind: SessionEnd['kind']) => void = () => undefined;
  const over = new Promise<SessionEnd['kind']>((resolve) => {
    end = resolve;
  });
  const stall = (): void => {
    end('stalled');
  };
  let cancelStall = deps.clock.timer(FIRST_FRAME_MS, stall);
  const tell = (found: readonly StreamFrame[]): void => {
    for (const frame of found) {
      deps.onFrame(frame, count);
      count += 1;
    }
    if (found.length === 0) return;
    cancelStall();
    cancelStall = deps.clock.timer(NEXT_FRAME_MS, stall);
  };
  program.stdout.on('data', (chunk: Buffer) => {
    tell(frames.picture(chunk));
  });
  program.pipes[0]?.on('data', (chunk: Buffer) => {
    tell(frames.stamp(chunk));
  });
  program.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-SAID_CHARACTERS_MAX);
  });
  void program.ended.then(() => {
    end('ended');
  });
  const ended = over.then(async (kind): Promise<SessionEnd> => {
    const gone = await program.kill();
    cancelStall();
    return { kind: gone === 'wedged' ? 'wedged' : kind, frames: count, said, gone: program.ended };
  });
  return {
    ended,
    stop: () => {
      end('stopped');
    },
  };
}

function startProgram(
  { file, args, stamped }: StreamCommand,
  { startProcess, searchPath, launcher }: SessionDeps,
): ProcessGroup {
  const [through, ...more] = launcher;
  return startProcess({
    file: through ?? file,
    args: through === undefined ? args : [...more, file, ...args],
    // LC_ALL: what the program says is matched as English text.
    env: { PATH: searchPath, LC_ALL: 'C' },
    stdin: 'ignore',
    extra: stamped ? ['pipe'] : [],
  });
}

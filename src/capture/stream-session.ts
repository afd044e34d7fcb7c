// One run of the program that streams from the camera: frames out, and why it ended. It is never restarted here.
import { sleep, type Clock } from '../support/clock.ts';
import type { StartProcess } from '../support/process-group.ts';
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
  /** `index` counts from 0 in this session. */
  readonly onFrame: (frame: StreamFrame, index: number) => void;
}

// Opening a USB camera takes up to two seconds, and its first frame comes late; in the dark it gives 2 frames a second.
const FIRST_FRAME_MS = 5000;
const NEXT_FRAME_MS = 2500;
const SAID_CHARACTERS_MAX = 2000;

export function openStreamSession({ file, args, stamped }: StreamCommand, deps: SessionDeps): StreamSession {
  const { startProcess, clock, searchPath, onFrame } = deps;
  const program = startProcess({
    // The parent-death signal: a killed daemon must not leave a program behind that holds the camera.
    file: 'setpriv',
    args: ['--pdeathsig', 'KILL', file, ...args],
    // LC_ALL: what the program says is matched as English text.
    env: { PATH: searchPath, LC_ALL: 'C' },
    stdin: 'ignore',
    extra: stamped ? ['pipe'] : [],
  });
  const frames = createStreamFrames({ maxBytes: FRAME_BYTES_MAX, stamped });
  let count = 0;
  let said = '';
  const stopping = new AbortController();
  let ticking = new AbortController();
  const tell = (found: readonly StreamFrame[]): void => {
    for (const frame of found) {
      onFrame(frame, count);
      count += 1;
    }
    if (found.length > 0) ticking.abort();
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

  async function watch(): Promise<SessionEnd['kind']> {
    for (;;) {
      ticking = new AbortController();
      const silence = sleep(
        clock,
        count === 0 ? FIRST_FRAME_MS : NEXT_FRAME_MS,
        AbortSignal.any([ticking.signal, stopping.signal]),
      );
      const first = await Promise.race([silence, program.ended.then(() => 'ended' as const)]);
      if (stopping.signal.aborted) return 'stopped';
      if (first === 'ended') return 'ended';
      if (first === 'elapsed') return 'stalled';
    }
  }

  const ended = watch().then(async (kind): Promise<SessionEnd> => {
    ticking.abort();
    const gone = await program.kill();
    return { kind: gone === 'wedged' ? 'wedged' : kind, frames: count, said, gone: program.ended };
  });
  return {
    ended,
    stop: () => {
      stopping.abort();
    },
  };
}

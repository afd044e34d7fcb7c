// A Debian host with systemd, reached as root over ssh; it knows nothing of what is tested there.
import { spawn } from 'node:child_process';
import { type Clock, sleep } from '../../../src/support/clock.ts';

export interface HostOptions {
  /** `root@pi` */
  readonly destination: string;
  readonly port?: string;
  readonly identity?: string;
}

export interface Ran {
  readonly code: number;
  /** Standard output and error, as they came. */
  readonly output: string;
}

export interface Host {
  /** A line of bash on the host. */
  run(line: string, secondsMax?: number): Promise<Ran>;
  /** The same, and an error where it does not end with 0; without the last line break. */
  must(line: string, secondsMax?: number): Promise<string>;
  copy(file: string, to: string): Promise<void>;
  /** Ends when it has booted again; `boot` makes it do so. */
  booted(boot: () => Promise<void>): Promise<number>;
}

// A slow host under emulation takes minutes for what a Pi does in seconds.
const LINE_SECONDS_MAX = 600;
const BOOT_SECONDS_MAX = 600;
const OUTPUT_CHARACTERS_MAX = 4_000_000;

// A host under emulation may have no time for an answer during a minute.
const SSH_OPTIONS = [
  ...['BatchMode=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR'],
  ...['ConnectTimeout=20', 'ServerAliveInterval=10', 'ServerAliveCountMax=12'],
];

export function createHost({ destination, port, identity }: HostOptions, clock: Clock): Host {
  const options = SSH_OPTIONS.flatMap((option) => ['-o', option]);
  if (identity !== undefined) options.push('-i', identity);
  const run = (line: string, secondsMax = LINE_SECONDS_MAX): Promise<Ran> =>
    started('ssh', [...options, ...(port === undefined ? [] : ['-p', port]), destination, line], secondsMax);

  async function must(line: string, secondsMax?: number): Promise<string> {
    const { code, output } = await run(line, secondsMax);
    if (code !== 0) throw new Error(`${line} ended with ${code}: ${output.trim().slice(-600)}`);
    return output.trimEnd();
  }

  async function copy(file: string, to: string): Promise<void> {
    const args = [...options, ...(port === undefined ? [] : ['-P', port]), file, `${destination}:${to}`];
    const { code, output } = await started('scp', args, LINE_SECONDS_MAX);
    if (code !== 0) throw new Error(`Cannot copy ${file}: ${output}`);
  }

  async function booted(boot: () => Promise<void>): Promise<number> {
    const before = await must('cat /proc/sys/kernel/random/boot_id');
    const startMs = clock.monotonicMs();
    await boot();
    while (clock.monotonicMs() - startMs < BOOT_SECONDS_MAX * 1000) {
      const { code, output } = await run('cat /proc/sys/kernel/random/boot_id', 30);
      if (code === 0 && output.trim() !== before) return Math.round((clock.monotonicMs() - startMs) / 1000);
      await sleep(clock, 1000);
    }
    throw new Error(`the host did not come back within ${BOOT_SECONDS_MAX} s`);
  }

  return { run, must, copy, booted };
}

/** A program of this machine, its group killed when it takes too long. */
export async function started(file: string, args: readonly string[], secondsMax: number): Promise<Ran> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-OUTPUT_CHARACTERS_MAX);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const timer = setTimeout(() => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, secondsMax * 1000);
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      resolve(status ?? -1);
    });
  });
  clearTimeout(timer);
  return { code, output };
}

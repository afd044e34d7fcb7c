// Real programs that misbehave: each ends in time, with its whole process group.
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock } from '../../src/support/clock.ts';
import { createStartProcess } from '../../src/support/process-group.ts';
import { createRunProcess, type RunOptions, type RunOutcome } from '../../src/support/run-process.ts';
import { createFakeClock, settle } from '../helpers/fake-clock.ts';
import { processRuns, untilProcessGone } from '../helpers/processes.ts';

const ENV = { PATH: '/usr/bin:/bin' };

describe('runProcess()', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shutterd-run-'));
  });

  afterEach(() => {
    const pid = pidOrNothing(join(folder, 'pid'));
    if (pid !== undefined && processRuns(pid)) process.kill(pid, 'SIGKILL'); // only where the test failed
    rmSync(folder, { recursive: true, force: true });
  });

  const run = createRunProcess({
    clock: createSystemClock(),
    kill: (pid, signal) => process.kill(pid, signal),
  });

  /** Runs a shell script that finds its own folder as `$1`. */
  function runShell(script: string, options: Partial<RunOptions> = {}): Promise<RunOutcome> {
    return run({ file: 'sh', args: ['-c', script, 'sh', folder], env: ENV, deadlineMs: 10_000, ...options });
  }

  function pidIn(name: string): number {
    return Number(readFileSync(join(folder, name), 'utf8'));
  }

  const hanging: readonly { what: string; script: string }[] = [
    { what: 'hangs', script: 'echo $$ > "$1/pid"; exec sleep 1000' },
    {
      what: 'ignores SIGTERM',
      script: 'trap "" TERM INT HUP; echo $$ > "$1/pid"; while :; do sleep 1000; done',
    },
    { what: 'floods its output', script: 'echo $$ > "$1/pid"; while :; do echo flood; echo flood >&2; done' },
    { what: 'waits for a child', script: 'sleep 1000 & echo $! > "$1/pid"; wait' },
  ];
  for (const { what, script } of hanging) {
    it(`ends a program that ${what} at the deadline`, async () => {
      assert.deepEqual(await runShell(script, { deadlineMs: 300 }), { kind: 'timeout' });
      await untilProcessGone(pidIn('pid'));
    });
  }

  it('ends a child that outlives its program', async () => {
    const ran = await runShell('sleep 1000 >/dev/null 2>&1 & echo $! > "$1/pid"');
    assert.equal(ran.kind, 'exited');
    await untilProcessGone(pidIn('pid'));
  });

  it('does not wait for a child that keeps the pipes of its program', async () => {
    const ran = await runShell('echo before; sleep 1000 & echo $! > "$1/pid"');
    assert.deepEqual(ran, { kind: 'exited', code: 0, stdout: 'before\n', stderr: '' });
    await untilProcessGone(pidIn('pid'));
  });

  it('ends the program when it is called off', async () => {
    const controller = new AbortController();
    const running = runShell('echo $$ > "$1/pid"; exec sleep 1000', { signal: controller.signal });
    while (pidOrNothing(join(folder, 'pid')) === undefined) await settle();
    controller.abort();
    assert.deepEqual(await running, { kind: 'aborted' });
    await untilProcessGone(pidIn('pid'));
  });

  it('ends at once when it is called off before', async () => {
    assert.deepEqual(await runShell('exec sleep 1000', { signal: AbortSignal.abort() }), { kind: 'aborted' });
  });

  it('says that a program is wedged that outlives SIGKILL', async () => {
    const clock = createFakeClock();
    const killed: number[] = [];
    const running = createRunProcess({ clock, kill: (pid) => killed.push(pid) })({
      ...{ file: 'sleep', args: ['1000'], env: ENV, deadlineMs: 1000 },
    });
    await clock.advance(1000);
    await clock.advance(1500);
    const outcome = await running;
    const [group] = killed;
    assert.ok(group !== undefined && group < -1, 'it meant the whole group');
    const survived = processRuns(-group);
    process.kill(group, 'SIGKILL');
    assert.deepEqual([outcome, survived], [{ kind: 'wedged' }, true]);
    await untilProcessGone(-group);
  });

  const missing: readonly { what: string; file: string }[] = [
    { what: 'does not exist', file: 'no-such-program' },
    { what: 'does not exist at its path', file: '/nowhere/at/all' },
    { what: 'is no program', file: '/etc/passwd' },
    { what: 'is a folder', file: '/etc' },
  ];
  for (const { what, file } of missing) {
    it(`says that a program is missing that ${what}`, async () => {
      const ran = await run({ file, args: [], env: ENV, deadlineMs: 10_000 });
      assert.ok(ran.kind === 'missing' && /^(ENOENT|EACCES): /.test(ran.detail), JSON.stringify(ran));
    });
  }

  it('keeps 64 KiB of a flood, and lets the program write on', async () => {
    const ran = await runShell('head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; exit 3');
    assert.equal(ran.kind, 'exited');
    assert.deepEqual([ran.code, ran.stdout.length, ran.stderr.length], [3, 65_536, 65_536]);
  });

  it('lets nothing of our environment through', async () => {
    process.env['SHUTTERD_TEST_CANARY'] = 'leaked';
    try {
      const ran = await run({ file: 'env', args: [], env: { ...ENV, GIVEN: 'yes' }, deadlineMs: 10_000 });
      assert.equal(ran.kind, 'exited');
      assert.deepEqual(ran.stdout.trim().split('\n').sort(), ['GIVEN=yes', 'PATH=/usr/bin:/bin']);
    } finally {
      delete process.env['SHUTTERD_TEST_CANARY'];
    }
  });

  it('passes arguments as they are, because there is no shell', async () => {
    const args = ['$(id)', '; reboot', '`x`', '*', "'", '', '-n'];
    const ran = await run({ file: 'printf', args: ['%s\n', ...args], env: ENV, deadlineMs: 10_000 });
    assert.ok(ran.kind === 'exited' && ran.stdout === args.map((arg) => `${arg}\n`).join(''));
  });

  it('gives the program its descriptor 3, and no other of ours', async () => {
    const given = openSync(join(folder, 'given'), 'w');
    const ours = openSync(join(folder, 'ours'), 'w');
    try {
      const ran = await runShell('echo through >&3; ls -l /proc/self/fd', { extraDescriptor: given });
      assert.ok(ran.kind === 'exited');
      assert.equal(readFileSync(join(folder, 'given'), 'utf8'), 'through\n');
      assert.match(ran.stdout, / 3 -> .*\/given\n/);
      assert.doesNotMatch(ran.stdout, /ours/);
    } finally {
      closeSync(given);
      closeSync(ours);
    }
  });

  it('writes the input and leaves it open, so that its end can tell the program that we are gone', async () => {
    const read = await runShell('read line; echo "$line"', { input: 'first\n' });
    assert.ok(read.kind === 'exited' && read.stdout === 'first\n');
    const waiting = await runShell('read line; read more; exit 0', { input: 'first\n', deadlineMs: 300 });
    assert.deepEqual(waiting, { kind: 'timeout' });
  });

  it('is not troubled by a program that does not read its input', async () => {
    const ran = await run({
      file: 'true',
      args: [],
      env: ENV,
      deadlineMs: 10_000,
      input: 'x'.repeat(1_000_000),
    });
    assert.deepEqual(ran, { kind: 'exited', code: 0, stdout: '', stderr: '' });
  });

  it('has no code for a program that a signal ended', async () => {
    const ran = await runShell('echo last; kill -9 $$');
    assert.deepEqual(ran, { kind: 'exited', code: null, stdout: 'last\n', stderr: '' });
  });

  it('gives exit code and both outputs', async () => {
    assert.deepEqual(await runShell('echo out; echo err >&2; exit 7'), {
      ...{ kind: 'exited', code: 7, stdout: 'out\n', stderr: 'err\n' },
    });
  });
});

function pidOrNothing(path: string): number | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    return text === '' ? undefined : Number(text);
  } catch {
    return undefined; // not written yet
  }
}

describe('createStartProcess()', () => {
  const deps = {
    clock: createSystemClock(),
    kill: (pid: number, signal: 'SIGKILL') => process.kill(pid, signal),
  };
  const options = { file: 'true', args: [], env: ENV, stdin: 'pipe', extra: ['pipe'] } as const;

  it('says that it never ran, and why, when no descriptor is left', async () => {
    const taken: number[] = [];
    try {
      while (!isFull(taken));
      const group = createStartProcess(deps)(options);
      const end = await group.ended;
      assert.ok(end.kind === 'missing');
      assert.match(end.detail, /^EMFILE: /);
      assert.deepEqual([group.pid, group.pipes], [undefined, []]);
      assert.equal(await group.kill(), 'gone');
    } finally {
      taken.forEach(closeSync);
    }
  });

  it('says that it never ran, and why, when its arguments are too long', async () => {
    const group = createStartProcess(deps)({ ...options, args: ['x'.repeat(4_000_000)] });
    const end = await group.ended;
    assert.ok(end.kind === 'missing' && end.detail.startsWith('E2BIG: '));
    await group.closed;
    assert.equal(await group.kill(), 'gone');
    group.killStray(1);
  });

  it('throws for what can only be a bug', () => {
    assert.throws(() => createStartProcess(deps)({ ...options, file: 'a\0b' }), {
      code: 'ERR_INVALID_ARG_VALUE',
    });
  });

  it('takes a group of another user for one that stays', async () => {
    const denied = Object.assign(new Error('not permitted'), { code: 'EPERM' });
    const deny = (): never => {
      throw denied;
    };
    const group = createStartProcess({ ...deps, kill: deny })(options);
    await group.ended;
    group.killStray(1);
    assert.equal(await group.kill(), 'gone');
  });

  /** Takes one more descriptor. */
  function isFull(taken: number[]): boolean {
    try {
      taken.push(openSync('/dev/null', 'r'));
      return false;
    } catch {
      return true;
    }
  }
});

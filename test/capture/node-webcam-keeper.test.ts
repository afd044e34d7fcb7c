import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import {
  createHelperKeeper,
  type HelperKeeper,
  type HelperOutcome,
} from '../../src/capture/node-webcam-keeper.ts';
import { createSystemClock, type Clock } from '../../src/support/clock.ts';
import type { ProcessEnd, ProcessGroup, StartOptions } from '../../src/support/process-group.ts';
import { createRandom } from '../../src/support/random.ts';
import { createFakeClock, settle } from '../helpers/fake-clock.ts';
import { never } from './capture-bench.ts';

const HELPER_PID = 4711;

/** Plays the program: `reply` says what it writes for each line that comes in. */
class FakeHelper implements ProcessGroup {
  readonly pid = HELPER_PID;
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly pipes = [];
  readonly ended: Promise<ProcessEnd>;
  readonly closed: Promise<void>;
  readonly env: StartOptions['env'];
  readonly strays: number[] = [];
  killed = false;
  outlivesKill = false;
  exit: (code: number | null) => void = () => undefined;

  constructor(options: StartOptions, reply: (line: string) => string) {
    this.env = options.env;
    this.ended = new Promise((resolve) => {
      this.exit = (code) => {
        resolve({ kind: 'exited', code });
      };
    });
    this.closed = this.ended.then(() => undefined);
    this.stdin.setEncoding('utf8').on('data', (line: string) => this.stdout.write(reply(line)));
  }

  kill(): Promise<'gone' | 'wedged'> {
    this.killed = true;
    if (this.outlivesKill) return Promise.resolve('wedged');
    this.exit(null);
    return Promise.resolve('gone');
  }

  killStray(pid: number): void {
    this.strays.push(pid);
  }
}

function echoId(line: string, answer: unknown = { kind: 'ran', said: '' }): string {
  const { id } = JSON.parse(line) as { id: number };
  return `${JSON.stringify({ id, answer })}\n`;
}

describe('createHelperKeeper()', () => {
  let procFolder: string;
  let helpers: FakeHelper[];
  let reply: (line: string) => string;

  beforeEach(() => {
    procFolder = mkdtempSync(join(tmpdir(), 'shutterd-keeper-'));
    helpers = [];
    reply = echoId;
  });

  afterEach(() => {
    rmSync(procFolder, { recursive: true, force: true });
  });

  function keeperOf(options: { keepWarmSeconds?: number; clock?: Clock } = {}): HelperKeeper {
    const { keepWarmSeconds = 30, clock = createSystemClock() } = options;
    return createHelperKeeper({
      ...{ clock, keepWarmSeconds, procFolder, random: createRandom() },
      ...{ nodePath: '/node', helperPath: '/helper.js', searchPath: '/bin' },
      startProcess: (start) => {
        const helper = new FakeHelper(start, (line) => reply(line));
        helpers.push(helper);
        return helper;
      },
    });
  }

  function ask(keeper: HelperKeeper, deadlineMs = 5000): Promise<HelperOutcome> {
    const outputPath = join(procFolder, 'picture.jpg');
    const call = { device: 'TEST', widthPx: 32, heightPx: 16, skipFrames: 0, outputPath };
    return keeper.ask(call, { signal: never, deadlineMs });
  }

  function listAgain(): void {
    rmSync(procFolder);
    mkdirSync(procFolder);
  }

  function playProcess(pid: number, { state = 'S', group = 1, environ = 'PATH=/bin\0' }): void {
    mkdirSync(join(procFolder, String(pid)), { recursive: true });
    writeFileSync(
      join(procFolder, String(pid), 'stat'),
      `${String(pid)} (a) b) ${state} 1 ${String(group)} 1 0\n`,
    );
    writeFileSync(join(procFolder, String(pid), 'environ'), environ);
  }

  for (const { what, said } of [
    { what: 'no JSON', said: () => 'nonsense\n' },
    { what: 'the answer to another call', said: () => echoId('{"id":99}') },
    { what: 'an answer of no known kind', said: (line: string) => echoId(line, { kind: 'odd' }) },
    { what: 'a line without end', said: () => 'x'.repeat(100_000) },
  ]) {
    it(`says broken of a helper that says ${what}, ends it, and starts another one for the next call`, async () => {
      const keeper = keeperOf();
      reply = (line) => `${said(line)}\n`;
      assert.equal((await ask(keeper)).kind, 'broken');
      assert.equal(helpers[0]?.killed, true);
      reply = echoId;
      assert.equal((await ask(keeper)).kind, 'ran');
      assert.equal(helpers.length, 2);
      await keeper.close();
    });
  }

  it('says broken and its last words when the helper ends during a call', async () => {
    const keeper = keeperOf();
    reply = () => {
      helpers[0]?.stderr.write('out of memory\n');
      helpers[0]?.exit(134);
      return '';
    };
    const outcome = await ask(keeper);
    assert.ok(outcome.kind === 'broken');
    assert.match(outcome.detail, /ended with 134: out of memory/);
    await keeper.close();
  });

  it('says broken while the machine does not list its processes, and asks again when it does', async () => {
    const keeper = keeperOf();
    const hide = (): void => {
      rmSync(procFolder, { recursive: true });
      symlinkSync(procFolder, procFolder);
    };
    hide();
    const before = await ask(keeper);
    assert.ok(before.kind === 'broken' && before.detail.includes('ELOOP'));
    assert.equal(helpers.length, 0);
    listAgain();
    reply = (line) => {
      hide();
      return echoId(line);
    };
    assert.equal((await ask(keeper)).kind, 'ran');
    reply = echoId;
    const after = await ask(keeper);
    assert.ok(after.kind === 'broken' && after.detail.includes('ELOOP'));
    listAgain();
    assert.equal((await ask(keeper)).kind, 'ran');
    await keeper.close();
  });

  it('ends the helper at the deadline of a call and when it is called off', async () => {
    const keeper = keeperOf();
    reply = () => '';
    assert.equal((await ask(keeper, 1)).kind, 'timeout');
    const stop = new AbortController();
    const call = { device: 'TEST', widthPx: 1, heightPx: 1, skipFrames: 0, outputPath: '/none.jpg' };
    const asked = keeper.ask(call, { signal: stop.signal, deadlineMs: 5000 });
    stop.abort();
    assert.equal((await asked).kind, 'aborted');
    assert.deepEqual(
      helpers.map(({ killed }) => killed),
      [true, true],
    );
    await keeper.close();
  });

  it('says wedged and starts no second helper while the first one outlives its kill', async () => {
    const keeper = keeperOf();
    reply = () => {
      for (const helper of helpers) helper.outlivesKill = true;
      playProcess(HELPER_PID, { state: 'D', group: HELPER_PID });
      return '';
    };
    assert.equal((await ask(keeper, 1)).kind, 'wedged');
    assert.equal((await ask(keeper)).kind, 'wedged');
    assert.equal(helpers.length, 1);
    rmSync(join(procFolder, String(HELPER_PID)), { recursive: true });
    reply = echoId;
    assert.equal((await ask(keeper)).kind, 'ran');
    assert.equal(helpers.length, 2);
    await keeper.close();
  });

  it('says wedged while what the helper started sleeps inside the kernel', async () => {
    const keeper = keeperOf();
    reply = () => {
      playProcess(4712, { state: 'D', group: HELPER_PID });
      return '';
    };
    assert.equal((await ask(keeper, 1)).kind, 'timeout');
    assert.equal((await ask(keeper)).kind, 'wedged');
    playProcess(4712, { state: 'Z', group: HELPER_PID });
    reply = echoId;
    assert.equal((await ask(keeper)).kind, 'ran');
    await keeper.close();
  });

  it('kills what left the group by its mark and nothing else', async () => {
    const keeper = keeperOf();
    playProcess(1, { environ: 'PATH=/bin\0' });
    reply = (line) => {
      const mark = Object.entries(helpers[0]?.env ?? {}).map((pair) => pair.join('='));
      playProcess(4712, { environ: `${mark.join('\0')}\0` });
      playProcess(4713, { environ: 'SHUTTERD_CAPTURE_HELPER=another\0' });
      playProcess(4714, { state: 'Z', environ: mark.join('\0') });
      return echoId(line);
    };
    assert.equal((await ask(keeper)).kind, 'ran');
    await keeper.close();
    const killed = new Set(helpers[0]?.strays);
    assert.deepEqual([...killed], [4712]);
  });

  it('looks again at a process that shows no environment yet', async () => {
    const keeper = keeperOf();
    reply = (line) => {
      playProcess(4712, { environ: '' });
      return echoId(line);
    };
    await ask(keeper);
    const mark = Object.entries(helpers[0]?.env ?? {}).map((pair) => pair.join('='));
    playProcess(4712, { environ: mark.join('\0') });
    await keeper.close();
    assert.ok(helpers[0]?.strays.includes(4712));
  });

  it('keeps one helper for many calls and ends it when it is closed, twice without harm', async () => {
    const keeper = keeperOf();
    for (let turn = 0; turn < 3; turn += 1) assert.equal((await ask(keeper)).kind, 'ran');
    assert.equal(helpers.length, 1);
    await keeper.close();
    await keeper.close();
    assert.equal(helpers[0]?.killed, true);
  });

  it('starts another helper when the first one ended between two calls', async () => {
    const keeper = keeperOf();
    await ask(keeper);
    helpers[0]?.exit(null);
    await helpers[0]?.closed;
    assert.equal((await ask(keeper)).kind, 'ran');
    assert.equal(helpers.length, 2);
    await keeper.close();
  });

  for (const { keepWarmSeconds, afterMs, killed } of [
    { keepWarmSeconds: 30, afterMs: 29_999, killed: false },
    { keepWarmSeconds: 30, afterMs: 30_000, killed: true },
    { keepWarmSeconds: -1, afterMs: 86_400_000, killed: false },
    { keepWarmSeconds: 0, afterMs: 0, killed: true },
  ]) {
    it(`${killed ? 'ends' : 'keeps'} a helper that is to stay ${String(keepWarmSeconds)} s after ${String(afterMs)} ms`, async () => {
      const clock = createFakeClock();
      const keeper = keeperOf({ keepWarmSeconds, clock });
      await ask(keeper);
      await clock.advance(afterMs);
      await settle();
      assert.equal(helpers[0]?.killed, killed);
      await keeper.close();
      assert.equal(clock.timers(), 0);
    });
  }
});

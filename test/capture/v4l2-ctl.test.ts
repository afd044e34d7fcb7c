import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createV4l2, type V4l2 } from '../../src/capture/v4l2-ctl.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { createRunProcess, type RunOptions, type RunOutcome } from '../../src/support/run-process.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { CONTROLS, info } from './v4l2-samples.ts';

const NODE = '/dev/video0';

describe('createV4l2()', () => {
  let bin: string;
  const clock = createSystemClock();
  const runProcess = createRunProcess({
    clock,
    kill: (pid, signal) => process.kill(pid, signal),
  });

  beforeEach(() => {
    bin = mkdtempSync(join(tmpdir(), 'shutterd-v4l2-'));
  });

  afterEach(() => {
    rmSync(bin, { recursive: true, force: true });
  });

  /** Puts a program named v4l2-ctl there that notes its arguments. */
  function play(script: string): V4l2 {
    const file = join(bin, 'v4l2-ctl');
    writeFileSync(file, `#!/bin/sh\nprintf '%s\\n' "$*" >> '${join(bin, 'calls')}'\n${script}\n`);
    chmodSync(file, 0o755);
    return createV4l2({ clock, runProcess, searchPath: `${bin}:/usr/bin:/bin` });
  }

  function calls(): readonly string[] {
    return readFileSync(join(bin, 'calls'), 'utf8').trimEnd().split('\n');
  }

  it('says missing where v4l2-ctl is not installed', async () => {
    const v4l2 = createV4l2({ clock, runProcess, searchPath: bin });
    assert.equal((await v4l2.formats(NODE)).kind, 'missing');
  });

  it('quotes the real program where the node does not exist', async () => {
    const v4l2 = createV4l2({ clock, runProcess, searchPath: '/usr/bin:/bin' });
    const answer = await v4l2.controls('/dev/video999');
    assert.ok(answer.kind === 'failed' && answer.detail.includes('Cannot open device /dev/video999'));
  });

  it('quotes what failed, from both outputs, on one line', async () => {
    const v4l2 = play(
      "echo 'VIDIOC_S_EXT_CTRLS: failed: Permission denied'; echo 'Error setting controls' >&2; exit 255",
    );
    const answer = await v4l2.setControls(NODE, [{ name: 'gain', value: 1 }]);
    assert.deepEqual(answer, {
      kind: 'failed',
      detail: 'v4l2-ctl said: Error setting controls; VIDIOC_S_EXT_CTRLS: failed: Permission denied',
    });
  });

  it('ends a program that hangs', async () => {
    const answer = await play('exec sleep 60').givesPictures(NODE);
    assert.ok(answer.kind === 'failed' && answer.detail.includes('did not answer'));
  });

  it('asks a node where it hung again only after a minute, says the same all the while, and asks other nodes', async () => {
    const fakeClock = createFakeClock();
    let outcome: RunOutcome = { kind: 'timeout' };
    let runs = 0;
    const runOnce = (): Promise<RunOutcome> => {
      runs += 1;
      return Promise.resolve(outcome);
    };
    const v4l2 = createV4l2({ runProcess: runOnce, searchPath: bin, clock: fakeClock });
    const first = await v4l2.givesPictures(NODE);
    outcome = { kind: 'exited', code: 0, stdout: '', stderr: '' };
    await fakeClock.advance(59_999);
    assert.deepEqual(await v4l2.controls(NODE), first);
    assert.ok(first.kind === 'failed' && first.why === 'silent');
    assert.equal(runs, 1);
    assert.equal((await v4l2.controls('/dev/video2')).kind, 'answer');
    await fakeClock.advance(1);
    assert.deepEqual(await v4l2.controls(NODE), { kind: 'answer', value: [] });
  });

  it('takes at most half of what its capture has left, and nothing where that is too little to judge by', async () => {
    const given: RunOptions[] = [];
    const run = (options: RunOptions): Promise<RunOutcome> => {
      given.push(options);
      return Promise.resolve({ kind: 'aborted' });
    };
    const v4l2 = createV4l2({ runProcess: run, searchPath: bin, clock: createFakeClock() });
    const { signal } = new AbortController();
    for (const deadlineMs of [15_000, 1000, 400, 0]) {
      const answer = await v4l2.controls(NODE, { deadlineMs, signal });
      assert.ok(answer.kind === 'failed' && answer.why === 'noTime');
    }
    assert.deepEqual(
      given.map((options) => options.deadlineMs),
      [1500, 500],
    );
    assert.ok(given.every((options) => options.signal === signal));
  });

  it('does not take a program that cannot be started now for one that is not installed', async () => {
    const run = (): Promise<RunOutcome> =>
      Promise.resolve({ kind: 'missing', detail: 'EMFILE: no descriptor' });
    const answer = await createV4l2({ clock, runProcess: run, searchPath: bin }).controls(NODE);
    assert.deepEqual(answer, { kind: 'failed', detail: 'EMFILE: no descriptor' });
  });

  it('starts no second program at a node beside one that cannot be killed, until that is gone', async () => {
    const runs: (string | undefined)[] = [];
    const hangsOnce = ({ args }: RunOptions): Promise<RunOutcome> => {
      runs.push(args[1]);
      return Promise.resolve(
        runs.length === 1
          ? { kind: 'wedged' }
          : { kind: 'exited', code: 0, stdout: info('0x84a00001', '0x04200001'), stderr: '' },
      );
    };
    const procFolder = join(bin, 'proc');
    const stat = (state: string): void => {
      writeFileSync(join(procFolder, '77', 'stat'), `77 (v4l2-ctl) ${state} 1 77 77 0 -1`);
    };
    mkdirSync(join(procFolder, '77'), { recursive: true });
    stat('D');
    const v4l2 = createV4l2({ clock, runProcess: hangsOnce, searchPath: bin, procFolder });
    assert.equal((await v4l2.controls(NODE)).kind, 'failed');
    assert.equal((await v4l2.givesPictures(NODE)).kind, 'failed');
    assert.equal((await v4l2.givesPictures('/dev/video2')).kind, 'answer', 'another camera is asked');
    assert.deepEqual(runs, [NODE, '/dev/video2']);
    stat('Z');
    assert.equal((await v4l2.givesPictures(NODE)).kind, 'answer');
    stat('D');
    assert.equal((await v4l2.givesPictures(NODE)).kind, 'answer', 'it is none of ours');
    assert.equal(runs.length, 4);
  });

  it('starts no second program beside one that cannot be killed where no processes are listed', async () => {
    let runs = 0;
    const runProcess = (): Promise<RunOutcome> => {
      runs += 1;
      return Promise.resolve({ kind: 'wedged' });
    };
    const procFolder = join(bin, 'circle');
    symlinkSync(procFolder, procFolder);
    const v4l2 = createV4l2({ clock, runProcess, searchPath: bin, procFolder });
    for (let turn = 0; turn < 3; turn += 1) assert.equal((await v4l2.controls(NODE)).kind, 'failed');
    assert.equal(runs, 1);
  });

  for (const node of ['FILE:/etc/passwd', '--help', '/dev/video0 -x', '/dev/video0\n', '/dev/sda', '']) {
    it(`throws for ${JSON.stringify(node)} and runs nothing`, async () => {
      await assert.rejects(play('').controls(node), TypeError);
      assert.throws(calls);
    });
  }

  for (const name of ['gain=1,focus', '-c', 'Gain', 'gain;ls', '']) {
    it(`throws for a control named ${JSON.stringify(name)} and runs nothing`, async () => {
      await assert.rejects(play('').setControls(NODE, [{ name, value: 1 }]), TypeError);
      assert.throws(calls);
    });
  }

  it('reads capabilities, formats and controls, and sets in the order given', async () => {
    const text = join(bin, 'text');
    const v4l2 = play(`cat '${text}'`);
    writeFileSync(text, info('0x84a00001', '0x04200001'));
    assert.deepEqual(await v4l2.givesPictures(NODE), { kind: 'answer', value: true });
    writeFileSync(text, "\t[0]: 'MJPG' (Motion-JPEG, compressed)\n\t\tSize: Discrete 640x480\n");
    assert.deepEqual(await v4l2.formats(NODE), {
      kind: 'answer',
      value: [{ fourcc: 'MJPG', sizes: ['640x480'] }],
    });
    writeFileSync(text, CONTROLS);
    const listed = await v4l2.controls(NODE);
    assert.ok(listed.kind === 'answer' && listed.value.length === 11);
    const values = [
      { name: 'gain', value: 30 },
      { name: 'brightness', value: -3 },
    ];
    assert.deepEqual(await v4l2.setControls(NODE, values), { kind: 'answer', value: undefined });
    assert.deepEqual(calls(), [
      '--device /dev/video0 --info',
      '--device /dev/video0 --list-formats-ext',
      '--device /dev/video0 --list-ctrls-menus',
      '--device /dev/video0 --set-ctrl gain=30,brightness=-3',
    ]);
  });
});

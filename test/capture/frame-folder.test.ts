import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPictureStages, type PictureStages } from '../../src/app/picture.ts';
import { configOf } from '../../src/config/schema.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { OperatingError } from '../../src/support/errors.ts';
import { createRandom } from '../../src/support/random.ts';
import { createRunProcess } from '../../src/support/run-process.ts';
import { never } from './capture-bench.ts';

describe('openPictureStages()', () => {
  let root: string;
  let stages: PictureStages | undefined;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'frame-folder-'));
    for (const name of ['tmp', 'run', 'other', 'my tmp', '%d']) mkdirSync(join(root, name));
  });

  afterEach(async () => {
    await stages?.close();
    stages = undefined;
    rmSync(root, { recursive: true, force: true });
  });

  async function open(
    temporary: string,
    { runtime, driver }: { readonly runtime?: string; readonly driver: string },
  ): Promise<PictureStages> {
    const clock = createSystemClock();
    const kill = (pid: number, signal: 'SIGKILL'): void => {
      process.kill(pid, signal);
    };
    const env = {
      PATH: process.env['PATH'],
      ...(runtime === undefined ? {} : { RUNTIME_DIRECTORY: runtime }),
    };
    stages = await openPictureStages({
      config: configOf(
        new Map<string, unknown>([
          ['camera.driver', driver],
          ['camera.device', driver === 'node-webcam' ? 'TEST' : 'auto'],
          ['camera.skipFrames', 0],
        ]),
      ),
      machine: {
        ...{ hostName: 'here', userId: process.getuid?.() ?? 0, nodePath: process.execPath, kill, env },
        temporaryFolder: join(root, temporary),
      },
      ...{ clock, random: createRandom(), run: createRunProcess({ clock, kill }) },
    });
    return stages;
  }

  for (const name of ['my tmp', '%d']) {
    it(`says that TMPDIR has to be another one where it is ".../${name}", and makes nothing there`, async () => {
      await assert.rejects(open(name, { driver: 'node-webcam' }), (error) => {
        assert.ok(error instanceof OperatingError);
        assert.match(error.message, /^Cannot keep frames in ".*": .* set TMPDIR to another folder/);
        assert.ok(error.message.includes(join(root, name)));
        return true;
      });
      assert.deepEqual(readdirSync(join(root, name)), []);
    });
  }

  it('takes any TMPDIR for a driver that keeps no frame in a file', async () => {
    const { camera } = await open('my tmp', { driver: 'test' });
    assert.equal((await camera.capture(never)).kind, 'captured');
  });

  for (const { what, runtime, where } of [
    { what: 'not there', runtime: undefined, where: 'tmp' },
    { what: 'empty', runtime: '', where: 'tmp' },
    { what: 'one folder', runtime: 'run', where: 'run' },
    { what: 'two folders', runtime: 'run:other', where: 'run' },
  ]) {
    it(`keeps frames below ${where} where RUNTIME_DIRECTORY is ${what}`, async () => {
      const folders = runtime?.split(':').map((name) => (name === '' ? '' : join(root, name)));
      const runtimeDirectory = folders === undefined ? {} : { runtime: folders.join(':') };
      const opened = await open('tmp', { ...runtimeDirectory, driver: 'node-webcam' });
      assert.equal(readdirSync(join(root, where)).length, 1);
      const outcome = await opened.camera.capture(never);
      assert.equal(outcome.kind, 'captured', outcome.kind === 'failed' ? outcome.detail : '');
      await opened.close();
      stages = undefined;
      assert.deepEqual(readdirSync(join(root, where)), []);
      assert.equal(existsSync(join(root, 'undefined')), false);
    });
  }
});

// No value of a camera key becomes a command: each is refused at load, and by the stage itself where it comes that far.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cameraFinder, createCamera, type CameraDependencies } from '../../src/capture/create-camera.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { RunOutcome } from '../../src/support/run-process.ts';
import { createBench, never, type Bench } from './capture-bench.ts';

describe('A camera value that a shell or fswebcam would obey', () => {
  let bench: Bench;
  let ran: string[];
  let dependencies: CameraDependencies;

  beforeEach(() => {
    bench = createBench();
    ran = [];
    const runProcess = (options: { file: string; args: readonly string[] }): Promise<RunOutcome> => {
      ran.push([options.file, ...options.args].join(' '));
      return Promise.resolve({ kind: 'exited', code: 0, stdout: '', stderr: '' });
    };
    dependencies = { ...bench.dependencies, runProcess };
  });

  afterEach(() => {
    bench.remove();
  });

  const canary = (): string => join(bench.root, 'canary');
  /** Texts with the canary's path in them: each would make that file, or read another one, if it were obeyed. */
  const texts: readonly ((file: string) => string)[] = [
    (file) => `/dev/video0; touch ${file}`,
    (file) => `/dev/video0\ntouch ${file}`,
    (file) => `/dev/video0$(touch ${file})`,
    (file) => `\`touch ${file}\``,
    (file) => `/dev/video0 | touch ${file}`,
    (file) => `/dev/video0 && touch ${file}`,
    (file) => `/dev/video0 > ${file}`,
    (file) => `/dev/v4l/by-id/x'; touch ${file}; '`,
    () => '/dev/video0\0',
    () => '/dev/video0\r',
    () => '-d',
    () => '--exec=x',
    () => 'FILE:/etc/passwd',
    () => 'RAW:/dev/video0',
    () => 'V4L2:/dev/video0',
    () => 'TEST:/etc/passwd',
    () => '/dev/v4l/by-path/../../../etc/passwd',
    () => '../dev/video0',
  ];
  const keys = [
    'camera.device',
    'camera.path',
    'camera.url',
    'camera.driver',
    'camera.widthPx',
    'camera.skipFrames',
  ];

  for (const text of texts) {
    it(`${JSON.stringify(text('FILE'))} is refused at load, whatever key has it`, async () => {
      const value = text(canary());
      const controls = JSON.stringify({ [value]: 1 });
      const settings = [...keys.map((key) => `${key}=${value}`), `camera.controls=${controls}`];
      for (const setting of settings) {
        const outcome = await loadConfig({
          ...{ paths: [], defaultPathMayBeAbsent: false, env: {}, hostName: 'pi-1', settings: [setting] },
        });
        assert.equal(outcome.kind, 'rejected', setting);
      }
    });

    it(`${JSON.stringify(text('FILE'))} reaches no process where a device has it all the same`, async () => {
      const device = text(canary());
      for (const controls of [undefined, { [device]: 1 }]) {
        const settings = { ...bench.settings, device, ...(controls === undefined ? {} : { controls }) };
        const camera = createCamera(settings, dependencies);
        const outcome = await camera.capture(never);
        assert.ok(outcome.kind === 'failed' && outcome.cause === 'noDevice');
        await camera.close();
        assert.equal((await cameraFinder(settings, dependencies)?.())?.kind, 'failed');
      }
      assert.deepEqual(ran, []);
      assert.equal(existsSync(canary()), false);
    });
  }
});

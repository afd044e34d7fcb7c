import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sinon from 'sinon';
import { createCamera, type CameraDependencies } from '../../src/capture/create-camera.ts';
import { createNodeWebcamDriver } from '../../src/capture/node-webcam-driver.ts';
import type { Camera } from '../../src/domain.ts';
import { jpegOf, quarters, solid } from '../support/jpeg-samples.ts';
import { untilProcessGone } from '../helpers/processes.ts';
import { HELPER_MARK_NAME } from '../../src/capture/node-webcam-call.ts';
import { createBench, never, processesWith, type Bench } from './capture-bench.ts';

describe('createNodeWebcamDriver()', () => {
  let bench: Bench;
  let closing: { close?(): Promise<void> }[];

  beforeEach(() => {
    bench = createBench();
    closing = [];
  });

  afterEach(async () => {
    for (const opened of closing) await opened.close?.();
    assert.deepEqual(processesWith(bench.root), [], 'no process is left');
    assert.deepEqual(bench.pictures(), [], 'no picture is left');
    bench.remove();
  });

  function cameraOf(change: { device?: string; dependencies?: CameraDependencies } = {}): Camera {
    const { device = 'TEST', dependencies = bench.dependencies } = change;
    const camera = createCamera({ ...bench.settings, device }, dependencies);
    closing.push(camera);
    return camera;
  }

  it('says tool and how to install it when there is no fswebcam', async () => {
    const outcome = await cameraOf({ dependencies: bench.hideFswebcam() }).capture(never);
    assert.ok(outcome.kind === 'failed' && outcome.cause === 'tool');
    assert.match(outcome.remedy, /apt-get install fswebcam/);
  });

  it('says tool when fswebcam cannot be run', async () => {
    bench.playFswebcam('exit 0', 0o644);
    const outcome = await cameraOf({ dependencies: bench.hideFswebcam() }).capture(never);
    assert.ok(outcome.kind === 'failed' && outcome.cause === 'tool');
  });

  it('says tool when the helper or Node itself is missing', async () => {
    const { settings, dependencies } = bench;
    for (const lost of [
      { helperPath: join(bench.root, 'gone.js') },
      { nodePath: join(bench.root, 'gone') },
    ]) {
      const driver = createNodeWebcamDriver({ settings, ...dependencies, ...lost });
      closing.push(driver);
      const outcome = await driver.capture({ signal: never, deadlineMs: 5000 });
      assert.ok(outcome.kind === 'failed' && outcome.cause === 'tool');
    }
  });

  it('retakes a black picture once with more warm-up frames and then flags it', async () => {
    writeFileSync(join(bench.root, 'black.jpg'), await jpegOf(solid(320, 240, [2, 2, 2])));
    bench.playFswebcam('echo "$*" >> "$root/taken"; cp "$root/black.jpg" "$out"');
    const outcome = await cameraOf().capture(never);
    assert.ok(outcome.kind === 'captured' && outcome.frame.suspect === 'black');
    const taken = readFileSync(join(bench.root, 'taken'), 'utf8');
    assert.deepEqual(taken.match(/-S \d+/g), ['-S 2', '-S 15']);
  });

  it('hands fswebcam exactly the arguments it means to, in the C locale, and nothing of our environment', async () => {
    writeFileSync(join(bench.root, 'good.jpg'), await jpegOf(quarters(320, 240)));
    bench.playFswebcam(
      'printf "%s\\n" "$@" > "$root/arguments"; env > "$root/environment"; cp "$root/good.jpg" "$out"',
    );
    process.env['SHUTTERD_TEST_CANARY'] = 'secret';
    try {
      assert.equal((await cameraOf().capture(never)).kind, 'captured');
    } finally {
      delete process.env['SHUTTERD_TEST_CANARY'];
    }
    const given = readFileSync(join(bench.root, 'arguments'), 'utf8').trim().split('\n');
    const expected = ['-q', '--no-banner', '-d', 'TEST', '-r', '320x240', '-S', '2', '--jpeg', '95'];
    assert.deepEqual(given.slice(0, -1), expected);
    assert.match(given.at(-1) ?? '', /\/private\/[0-9a-f-]{36}\/picture\.jpg$/);
    const environment = readFileSync(join(bench.root, 'environment'), 'utf8');
    assert.match(environment, /^LC_ALL=C$/m);
    assert.doesNotMatch(environment, /CANARY/);
  });

  it('lets no value with shell metacharacters reach a shell', async () => {
    const canary = join(bench.root, 'canary');
    bench.playFswebcam('exit 0');
    const poisons = [
      `TEST; touch ${canary}`,
      `$(touch ${canary})`,
      `/dev/video0\`touch ${canary}\``,
      'TEST\n',
      'FILE:/etc/passwd',
    ];
    const startProcess = sinon.spy(bench.dependencies.startProcess);
    const dependencies = { ...bench.dependencies, startProcess };
    for (const device of poisons) {
      const outcome = await cameraOf({ device, dependencies }).capture(never);
      assert.ok(outcome.kind === 'failed' && outcome.cause === 'noDevice', device);
    }
    const privateFolder = `${bench.root}/$(touch ${canary})`;
    const outcome = await cameraOf({ dependencies: { ...dependencies, privateFolder } }).capture(never);
    assert.ok(outcome.kind === 'failed' && outcome.cause === 'tool');
    sinon.assert.notCalled(startProcess);
    assert.equal(existsSync(canary), false);
  });
});

describe('the capture helper', () => {
  it('kills itself and all that it started when the daemon is gone, also what left its session', async () => {
    const bench = createBench();
    try {
      bench.playFswebcam(
        'trap "" TERM; setsid "$nap" 1000 </dev/null >/dev/null 2>&1 & echo > "$root/started"; "$nap" 1000',
      );
      const helper = fileURLToPath(new URL('../../src/capture/node-webcam-helper.js', import.meta.url));
      const watcher = watch(bench.root);
      const running = started(watcher);
      const env = { PATH: bench.dependencies.searchPath, LC_ALL: 'C', [HELPER_MARK_NAME]: 'of-this-test' };
      const child = spawn(process.execPath, [helper], {
        detached: true,
        env,
        stdio: ['pipe', 'ignore', 'inherit'],
      });
      const ended = once(child, 'exit');
      const call = {
        device: 'TEST',
        widthPx: 320,
        heightPx: 240,
        skipFrames: 0,
        outputPath: join(bench.root, 'x.jpg'),
      };
      child.stdin.write(`${JSON.stringify({ id: 1, call })}\n`);
      await running;
      watcher.close();
      child.stdin.end();
      assert.deepEqual(await ended, [null, 'SIGKILL']);
      await untilGone(bench.root);
    } finally {
      bench.remove();
    }
  });
});

function started(watcher: ReturnType<typeof watch>): Promise<void> {
  return new Promise((resolve) => {
    watcher.on('change', (_kind, name) => {
      if (name === 'started') resolve();
    });
  });
}

/** Killed with the helper, and reaped a moment later by whoever reaps here. */
async function untilGone(text: string): Promise<void> {
  for (const pid of processesWith(text)) await untilProcessGone(Number(pid));
}

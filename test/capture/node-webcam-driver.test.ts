import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sinon from 'sinon';
import { createCamera } from '../../src/capture/create-camera.ts';
import { waitUntilGone } from '../../src/capture/leftover-process.ts';
import { createNodeWebcamDriver } from '../../src/capture/node-webcam-driver.ts';
import type { RunOptions, RunOutcome } from '../../src/support/run-process.ts';
import { jpegOf, noise, quarters, solid } from '../support/jpeg-samples.ts';
import { createBench, never, type Bench } from './capture-bench.ts';

describe('createNodeWebcamDriver()', () => {
  let bench: Bench;

  beforeEach(() => {
    bench = createBench();
  });

  afterEach(async () => {
    assert.ok(await waitUntilGone(bench.root, bench.dependencies), 'no process is left');
    assert.deepEqual(bench.pictures(), [], 'no picture is left');
    bench.remove();
  });

  const faults: readonly {
    what: string;
    script: string;
    cause: string;
    detail?: RegExp;
    timeoutSeconds?: number;
  }[] = [
    { what: 'hangs', script: '"$nap" 1000', cause: 'timeout', timeoutSeconds: 1 },
    {
      what: 'ignores SIGTERM',
      script: 'trap "" TERM INT HUP\nwhile :; do "$nap" 1000; done',
      cause: 'timeout',
      timeoutSeconds: 1,
    },
    {
      what: 'forks a child that keeps its pipes',
      script: '"$nap" 1000 &\nexit 0',
      cause: 'timeout',
      timeoutSeconds: 1,
    },
    { what: 'forks a child into the background', script: '"$nap" 1000 >/dev/null 2>&1 &', cause: 'badFrame' },
    { what: 'exits 0 without a picture', script: 'exit 0', cause: 'badFrame', detail: /left no picture/ },
    { what: 'leaves an empty file', script: ': > "$out"', cause: 'badFrame', detail: /left no picture/ },
    {
      what: 'leaves half a picture',
      script: 'head -c 700 "$root/good.jpg" > "$out"',
      cause: 'badFrame',
      detail: /whole JPEG/,
    },
    { what: 'leaves no JPEG', script: 'echo "<html>" > "$out"', cause: 'badFrame', detail: /SOI/ },
    {
      what: 'leaves a giant file',
      script: 'head -c 34000000 /dev/zero > "$out"',
      cause: 'badFrame',
      detail: /34000000/,
    },
    {
      what: 'exits 1 without a picture',
      script: 'echo broken >&2; exit 1',
      cause: 'badFrame',
      detail: /broken/,
    },
    {
      what: 'finds its device busy',
      script: 'printf "open: Device or resource busy\\n" >&2',
      cause: 'busy',
      detail: /busy/,
    },
    { what: 'may not open its device', script: 'echo "open: Permission denied" >&2', cause: 'permission' },
    {
      what: 'finds no device',
      script: 'printf "\\033[31mstat: No such file or directory\\n\\033[0m" >&2',
      cause: 'noDevice',
      detail: /: stat: No such file or directory$/,
    },
    { what: 'gets no frame', script: 'echo "Timed out waiting for frame!" >&2', cause: 'timeout' },
    {
      what: 'floods its error output',
      script: 'head -c 10485760 /dev/zero | tr "\\0" x >&2',
      cause: 'badFrame',
    },
    { what: 'floods its output', script: 'head -c 10485760 /dev/zero | tr "\\0" x', cause: 'badFrame' },
  ];
  for (const { what, script, cause, detail, timeoutSeconds } of faults) {
    it(`says ${cause} when fswebcam ${what}`, async () => {
      writeFileSync(join(bench.root, 'good.jpg'), await jpegOf(noise(64, 48)));
      bench.playFswebcam(script);
      const settings = { ...bench.settings, timeoutSeconds: timeoutSeconds ?? bench.settings.timeoutSeconds };
      const outcome = await createCamera(settings, bench.dependencies).capture(never);
      assert.equal(outcome.kind, 'failed');
      assert.equal(outcome.cause, cause, outcome.detail);
      assert.match(outcome.detail, detail ?? /./);
      assert.match(outcome.remedy, /./);
    });
  }

  it('says tool and how to install it when there is no fswebcam', async () => {
    const outcome = await createCamera(bench.settings, bench.hideFswebcam()).capture(never);
    assert.ok(outcome.kind === 'failed' && outcome.cause === 'tool');
    assert.match(outcome.remedy, /apt-get install fswebcam/);
  });

  it('says tool when fswebcam cannot be run', async () => {
    bench.playFswebcam('exit 0', 0o644);
    const outcome = await createCamera(bench.settings, bench.hideFswebcam()).capture(never);
    assert.ok(outcome.kind === 'failed' && outcome.cause === 'tool');
  });

  it('says tool when the helper or Node itself is missing', async () => {
    const { settings, dependencies } = bench;
    for (const lost of [
      { helperPath: join(bench.root, 'gone.js') },
      { nodePath: join(bench.root, 'gone') },
    ]) {
      const driver = createNodeWebcamDriver({ settings, ...dependencies, ...lost });
      const outcome = await driver.capture({ signal: never, deadlineMs: 5000 });
      assert.ok(outcome.kind === 'failed' && outcome.cause === 'tool');
    }
  });

  it('works again after a fault', async () => {
    const camera = createCamera({ ...bench.settings, timeoutSeconds: 1 }, bench.dependencies);
    bench.playFswebcam('"$nap" 1000');
    assert.equal((await camera.capture(never)).kind, 'failed');
    rmSync(join(bench.root, 'bin', 'fswebcam'));
    assert.equal((await camera.capture(never)).kind, 'captured');
  });

  it('retakes a black picture once and then flags it', async () => {
    writeFileSync(join(bench.root, 'black.jpg'), await jpegOf(solid(320, 240, [2, 2, 2])));
    bench.playFswebcam('echo >> "$root/taken"; cp "$root/black.jpg" "$out"');
    const outcome = await createCamera(bench.settings, bench.dependencies).capture(never);
    assert.ok(outcome.kind === 'captured' && outcome.frame.suspect === 'black');
    assert.equal(readFileSync(join(bench.root, 'taken'), 'utf8'), '\n\n');
  });

  it('hands fswebcam exactly the arguments it means to, in the C locale, and nothing of our environment', async () => {
    writeFileSync(join(bench.root, 'good.jpg'), await jpegOf(quarters(320, 240)));
    bench.playFswebcam(
      'printf "%s\\n" "$@" > "$root/arguments"; env > "$root/environment"; cp "$root/good.jpg" "$out"',
    );
    process.env['SHUTTERD_TEST_CANARY'] = 'secret';
    try {
      assert.equal((await createCamera(bench.settings, bench.dependencies).capture(never)).kind, 'captured');
    } finally {
      delete process.env['SHUTTERD_TEST_CANARY'];
    }
    const given = readFileSync(join(bench.root, 'arguments'), 'utf8').trim().split('\n');
    const expected = ['-q', '--no-banner', '-d', 'TEST', '-r', '320x240', '-S', '2', '--jpeg', '95'];
    assert.deepEqual(given.slice(0, -1), expected);
    assert.match(given.at(-1) ?? '', /\/private\/[0-9a-f-]{36}\.jpg$/);
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
    const runProcess = sinon.spy(bench.dependencies.runProcess);
    for (const device of poisons) {
      const outcome = await createCamera(
        { ...bench.settings, device },
        { ...bench.dependencies, runProcess },
      ).capture(never);
      assert.ok(outcome.kind === 'failed' && outcome.cause === 'noDevice', device);
    }
    const folder = `${bench.root}/$(touch ${canary})`;
    const outcome = await createCamera(bench.settings, {
      ...bench.dependencies,
      runProcess,
      privateFolder: folder,
    }).capture(never);
    assert.ok(outcome.kind === 'failed' && outcome.cause === 'tool');
    sinon.assert.notCalled(runProcess);
    assert.equal(existsSync(canary), false);
  });

  it('starts no second helper while one that was killed is still there', async () => {
    const procFolder = join(bench.root, 'proc');
    mkdirSync(join(procFolder, '4711'), { recursive: true });
    const outcomes: RunOutcome[] = [{ kind: 'timeout' }, { kind: 'wedged' }, { kind: 'timeout' }];
    const started: RunOptions[] = [];
    const runProcess = (options: RunOptions): Promise<RunOutcome> => {
      started.push(options);
      return Promise.resolve(outcomes.shift() ?? { kind: 'aborted' });
    };
    const { settings, dependencies } = bench;
    const driver = createNodeWebcamDriver({ settings, ...dependencies, runProcess, procFolder });
    const causes: string[] = [];
    const capture = async (): Promise<void> => {
      const outcome = await driver.capture({ signal: never, deadlineMs: 1000 });
      causes.push(outcome.kind === 'failed' ? outcome.cause : outcome.kind);
    };
    await capture();
    writeFileSync(join(procFolder, '4711', 'cmdline'), `fswebcam\0${started[0]?.args[1] ?? ''}\0`);
    await capture();
    assert.equal(started.length, 1);
    rmSync(join(procFolder, '4711'), { recursive: true });
    await capture();
    await capture();
    assert.deepEqual(causes, ['timeout', 'wedged', 'wedged', 'timeout']);
  });
});

describe('the capture helper', () => {
  it('kills fswebcam and itself when the daemon is gone', async () => {
    const bench = createBench();
    try {
      bench.playFswebcam('trap "" TERM; echo > "$root/started"; "$nap" 1000');
      const helper = fileURLToPath(new URL('../../src/capture/node-webcam-helper.js', import.meta.url));
      const watcher = watch(bench.root);
      const running = started(watcher);
      const env = { PATH: bench.dependencies.searchPath, LC_ALL: 'C' };
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
      child.stdin.write(`${JSON.stringify(call)}\n`);
      await running;
      watcher.close();
      child.stdin.end();
      assert.deepEqual(await ended, [null, 'SIGKILL']);
      assert.ok(await waitUntilGone(bench.root, bench.dependencies));
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

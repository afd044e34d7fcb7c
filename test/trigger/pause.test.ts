// The pause with a real folder: what it takes for a word, and what of it is there after a restart.
import assert from 'node:assert/strict';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPause, readPause, type Pause } from '../../src/trigger/pause.ts';
import { openDurableFolder } from '../../src/support/durable-file.ts';
import { createFakeClock, settle, type FakeClock } from '../helpers/fake-clock.ts';
import { createRecordingLog, type RecordingLog } from '../helpers/recording-log.ts';
import { Scope } from '../helpers/scope.ts';
import { messageOf } from './messages.ts';

interface Bench {
  readonly pause: Pause;
  readonly clock: FakeClock;
  readonly log: RecordingLog;
  readonly changes: boolean[];
  /** Ends the run; the file is up to date then. */
  readonly stop: () => Promise<void>;
}

async function openIn(scope: Scope, directory: string): Promise<Bench> {
  const clock = createFakeClock();
  const log = createRecordingLog();
  const changes: boolean[] = [];
  const pause = createPause(await readPause(directory, log), {
    ...{ clock, log },
    onChange: (paused) => changes.push(paused),
  });
  const stop = new AbortController();
  const running = pause.run(stop.signal);
  const end = (): Promise<void> => {
    stop.abort();
    return running;
  };
  scope.defer(end); // before its folder goes
  return { ...{ pause, clock, log, changes }, stop: end };
}

describe('readPause()', () => {
  const scope = new Scope();
  let directory: string;
  beforeEach(async () => {
    directory = join(await scope.folder(), 'pause');
  });
  afterEach(() => scope.end());
  const open = (path: string): Promise<Bench> => openIn(scope, path);

  const file = (): string => join(directory, 'pause');
  const broken: readonly [string, () => Promise<unknown>][] = [
    ['an empty file', () => writeFile(file(), '')],
    ['a file of zeros, as a power cut may leave it', () => writeFile(file(), Buffer.alloc(4))],
    ['another word', () => writeFile(file(), 'paused\n')],
    ['a file far too long', () => writeFile(file(), 'on'.repeat(5000))],
    ['a folder of its name', () => mkdir(file())],
    ['a link of its name', () => symlink('/dev/zero', file())],
  ];
  for (const [what, make] of broken) {
    it(`takes ${what} for no pause, warns, and the next word mends it`, async () => {
      await mkdir(directory);
      await make();
      const { pause, log, stop } = await open(directory);
      assert.equal(pause.paused(), false);
      assert.deepEqual(log.summary(), ['warn config.rejected']);
      await rm(file(), { recursive: true });
      pause.message(messageOf('on'));
      await stop();
      assert.equal((await open(directory)).pause.paused(), true);
    });
  }

  it('takes a folder that cannot be made for no pause, and warns', async () => {
    await writeFile(directory, '');
    const { pause, log } = await open(directory);
    assert.equal(pause.paused(), false);
    assert.match(String(log.lines[0]?.fields['code']), /EEXIST|ENOTDIR/);
  });

  it('takes a first start for no pause, without a word', async () => {
    const { pause, log } = await open(directory);
    assert.equal(pause.paused(), false);
    assert.deepEqual(log.lines, []);
  });
});

describe('createPause()', () => {
  const scope = new Scope();
  let directory: string;
  beforeEach(async () => {
    directory = join(await scope.folder(), 'pause');
  });
  afterEach(() => scope.end());
  const open = (path: string): Promise<Bench> => openIn(scope, path);

  for (const payload of [
    '',
    ' ',
    'yes',
    '1',
    'true',
    '"on"',
    'on off',
    'o n',
    'ON!',
    '\u0000on',
    'on'.padEnd(17),
  ]) {
    it(`ignores ${JSON.stringify(payload)} with a line, and stays as it was`, async () => {
      const { pause, log, changes } = await open(directory);
      pause.message(messageOf('on'));
      pause.message(messageOf(payload));
      assert.equal(pause.paused(), true);
      assert.deepEqual(log.summary(), ['info config.applied', 'warn config.rejected']);
      assert.deepEqual(changes, [true]);
    });
  }

  for (const payload of ['on', 'ON', ' On\r\n', 'on\n']) {
    it(`is on after ${JSON.stringify(payload)}, retained or not`, async () => {
      for (const retained of [true, false]) {
        const { pause } = await open(directory);
        pause.message(messageOf(payload, { retained }));
        assert.equal(pause.paused(), true);
      }
    });
  }

  it('tells a flood of other words in ten lines and a summary a second', async () => {
    const { pause, log, clock, stop } = await open(directory);
    for (let n = 0; n < 500; n += 1) pause.message(messageOf('maybe'));
    await clock.advance(1000);
    pause.message(messageOf('maybe'));
    await stop();
    assert.equal(log.lines.length, 12);
    assert.deepEqual(
      log.lines.slice(-2).map(({ level, event, fields }) => [level, event, fields['count']]),
      [
        ['warn', 'config.rejected', 490],
        ['warn', 'config.rejected', 1],
      ],
    );
    assert.equal(pause.paused(), false);
  });

  it('tells each change once, however often the broker repeats it', async () => {
    const { pause, changes, log } = await open(directory);
    for (const word of ['off', 'on', 'on', 'ON', 'off', 'off']) pause.message(messageOf(word));
    assert.deepEqual(changes, [true, false]);
    assert.equal(log.lines.length, 2);
  });

  it('is what it was after a restart, on and off', async () => {
    for (const [word, paused] of [
      ['on', true],
      ['off', false],
      ['on', true],
    ] as const) {
      const { pause, stop } = await open(directory);
      pause.message(messageOf(word));
      await stop();
      const after = await open(directory);
      assert.equal(after.pause.paused(), paused);
      assert.deepEqual([after.changes, after.log.lines], [[], []]);
      await after.stop();
    }
  });

  it('writes at once, then at most once a second, and the last word last', async () => {
    const writes: string[] = [];
    const folder = await openDurableFolder(directory);
    const recording = {
      ...folder,
      write: (_name: string, parts: readonly Uint8Array[]) => {
        writes.push(Buffer.concat(parts).toString());
        return Promise.resolve();
      },
    };
    const clock = createFakeClock();
    const options = { clock, log: createRecordingLog(), onChange: () => undefined };
    const pause = createPause({ directory, word: 'off', folder: recording }, options);
    const stop = new AbortController();
    const running = pause.run(stop.signal);
    pause.message(messageOf('on'));
    await settle();
    for (let n = 0; n < 100; n += 1) pause.message(messageOf(n % 2 === 0 ? 'off' : 'on'));
    pause.message(messageOf('off'));
    await clock.advance(999);
    assert.deepEqual(writes, ['on\n']);
    await clock.advance(1);
    assert.deepEqual(writes, ['on\n', 'off\n']);
    pause.message(messageOf('on'));
    stop.abort();
    await running;
    assert.deepEqual(writes, ['on\n', 'off\n', 'on\n']);
  });

  it('holds without its file when the disk refuses it, and says so once', async () => {
    await mkdir(directory);
    const { pause, log, stop } = await open(directory);
    await rm(directory, { recursive: true });
    pause.message(messageOf('on'));
    await stop();
    assert.equal(pause.paused(), true);
    assert.deepEqual(
      log.of('storage.failing').map(({ fields }) => [fields['code'], fields['lost']]),
      [['ENOENT', 'pause on']],
    );
  });
});

// Deliveries in every style, with pauses and kills: whatever is applied is a tree that somebody delivered, never a mixture.
import assert from 'node:assert/strict';
import { cp, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { boot } from '../../src/config/live/boot.ts';
import { createKeeper } from '../../src/config/live/keeper.ts';
import { createStateStore } from '../../src/config/live/kept-state.ts';
import type { LoadPaths } from '../../src/config/live/candidate.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { createSystemClock, sleep } from '../../src/support/clock.ts';
import { mayWriteIn } from '../../src/support/folder-owner.ts';
import { Arrivals } from '../helpers/arrivals.ts';
import { createRecordingLog } from '../helpers/recording-log.ts';
import { Scope } from '../helpers/scope.ts';
import { createSeededRandom } from '../chaos/seeded-random.ts';

const DELIVERIES = process.env['SHUTTERD_TEST_LONG'] === '1' ? 1000 : 40;
const QUIET_MS = 120;
/** Between the files of a delivery without an id: less than the quiet period, or nobody could tell it from two. */
const PAUSE_MS_MAX = 20;
/** With an id a pause may be longer than the quiet period. */
const LONG_PAUSE_MS = 180;

const CLOCK = createSystemClock();
// The pauses are what is tested: a delivery has them between its files.
const pause = (ms: number): Promise<unknown> => sleep(CLOCK, ms);

type Style = 'inPlace' | 'renameOver' | 'rsync' | 'checkout' | 'symlinkSwap';
const STYLES: readonly Style[] = ['inPlace', 'renameOver', 'rsync', 'checkout', 'symlinkSwap'];

/** Each file says the same number in keys that nobody else sets. */
function filesOf(number: number): readonly (readonly [string, string])[] {
  const skip = number % 90;
  return [
    ['fleet.yaml', `trigger:\n  maxAgeSeconds: ${number}\ndevice:\n  groups: [yard]\n`],
    ['groups/yard.yaml', `camera:\n  skipFrames: ${skip}\nresults:\n  timeoutSeconds: ${number}\n`],
    ['devices/pi-test.json', JSON.stringify({ outbox: { maxEntries: number } })],
  ];
}

function numberOf({ trigger, camera, results, outbox }: Config): number {
  const said = [trigger.maxAgeSeconds, results.timeoutSeconds, outbox.maxEntries];
  assert.deepEqual(new Set(said), new Set([said[0]]), 'a mixed configuration is applied');
  assert.equal(camera.skipFrames, (said[0] ?? 0) % 90);
  return said[0] ?? 0;
}

describe(`a configuration keeper, over ${DELIVERIES} deliveries`, function () {
  this.timeout(DELIVERIES * 1000);
  const scope = new Scope();
  afterEach(() => scope.end());

  for (const marked of [true, false]) {
    it(`${marked ? 'with' : 'without'} a generation file applies each whole, and mixes none`, async () => {
      const seeded = createSeededRandom(marked ? 7 : 8);
      const random = (): number => seeded.fraction();
      const chance = (share: number): boolean => random() < share;
      const root = await scope.folder();
      const [tree, folder] = [join(root, 'tree'), join(root, 'config')];
      await deliver(join(tree, '0'), 1, { marked });
      await symlink(join(tree, '0'), folder);
      const applied = new Arrivals<number>();
      const stop = await keep(scope, { folder, root, applied });

      for (let number = 2; number <= DELIVERIES / 2 + 1; number += 1) {
        const style = STYLES[Math.floor(random() * STYLES.length)] ?? 'inPlace';
        const rest = async (): Promise<void> => {
          if (chance(0.5)) await pause(marked && chance(0.2) ? LONG_PAUSE_MS : random() * PAUSE_MS_MAX);
        };
        const killed = marked && chance(0.3);
        if (killed)
          await drop(folder, number + 5000, { style, marked, tree, rest, files: chance(0.5) ? 1 : 2 });
        if (killed) await pause(LONG_PAUSE_MS);
        await drop(folder, number, { style, marked, tree, rest });
        await applied.nth(1, (seen) => seen === number);
      }
      await stop();
      assert.ok(
        applied.all.every((number) => number < 5000),
        'half a delivery is applied',
      );
    });
  }
});

interface Drop {
  readonly style: Style;
  readonly marked: boolean;
  /** Where the trees lie that a link is led to. */
  readonly tree: string;
  readonly rest: () => Promise<void>;
  /** Killed after so many files. */
  readonly files?: number;
}

async function drop(
  folder: string,
  number: number,
  { style, marked, tree, rest, files }: Drop,
): Promise<void> {
  const all = [...filesOf(number), ...(marked ? [['generation', `${number}\n`] as const] : [])];
  const some = all.slice(0, files ?? all.length);
  if (style === 'symlinkSwap') {
    const next = join(tree, `${number}-${Math.round(performance.now())}`);
    await cp(folder, next, { recursive: true, dereference: true });
    for (const [name, text] of some) await writeFile(join(next, name), text, { mode: 0o644 });
    if (files !== undefined) return; // killed before the link was led there
    await symlink(next, `${folder}.new`);
    await rename(`${folder}.new`, folder);
    return;
  }
  for (const [name, text] of some) {
    await write(join(folder, name), text, { style, rest });
    await rest();
  }
}

async function write(
  path: string,
  text: string,
  { style, rest }: Pick<Drop, 'style' | 'rest'>,
): Promise<void> {
  const mode = 0o644;
  const cut = Math.floor(text.length / 2);
  const hidden = path.replace(/([^/]+)$/, '.$1.Ab3xYz');
  switch (style) {
    case 'inPlace':
      await writeFile(path, text.slice(0, cut), { mode });
      await pause(2);
      await writeFile(path, text.slice(cut), { mode, flag: 'a' });
      return;
    case 'checkout': // git unlinks a file and writes it anew
      await rm(path, { force: true });
      await pause(2);
      await writeFile(path, text, { mode });
      return;
    case 'rsync':
      await writeFile(hidden, text.slice(0, cut), { mode });
      await rest();
      await writeFile(hidden, text.slice(cut), { mode, flag: 'a' });
      await rename(hidden, path);
      return;
    case 'renameOver':
    case 'symlinkSwap':
      await writeFile(`${path}.new`, text, { mode });
      await rename(`${path}.new`, path);
  }
}

async function deliver(
  folder: string,
  number: number,
  { marked }: { readonly marked: boolean },
): Promise<void> {
  await mkdir(join(folder, 'groups'), { recursive: true, mode: 0o755 });
  await mkdir(join(folder, 'devices'), { mode: 0o755 });
  for (const [name, text] of filesOf(number)) await writeFile(join(folder, name), text, { mode: 0o644 });
  if (marked) await writeFile(join(folder, 'generation'), `${number}\n`, { mode: 0o644 });
}

/** Boots and follows the folder as `shutterd run` does, with short times; gives what ends it. */
async function keep(
  scope: Scope,
  {
    folder,
    root,
    applied,
  }: { readonly folder: string; readonly root: string; readonly applied: Arrivals<number> },
): Promise<() => Promise<void>> {
  const [clock, log, paths] = [CLOCK, createRecordingLog(), [folder]];
  const load: LoadPaths = (from, files) =>
    loadConfig({
      ...(files === undefined ? {} : { files }),
      ...{ paths: from, defaultPathMayBeAbsent: false, env: {}, hostName: 'pi-test' },
      settings: ['device.id=pi-test'],
    });
  const store = createStateStore(join(root, 'state'), paths);
  const booted = await boot({ clock, log, paths, load, store, reachable: mayWriteIn, quietMs: QUIET_MS }, {});
  assert.equal(booted.kind, 'ready');
  const times = { quietMs: QUIET_MS, askedQuietMs: 20, rescanMs: 1000 };
  const keeper = createKeeper({ clock, log, paths, load, store, times, reachable: mayWriteIn }, booted);
  const over = new AbortController();
  const daemon = {
    apply: (config: Config): void => {
      applied.add(numberOf(config));
    },
    online: () => true,
    stateChanged: () => undefined,
  };
  const running = keeper.run(daemon, over.signal);
  const stop = (): Promise<void> => {
    over.abort();
    return running;
  };
  scope.defer(stop);
  return stop;
}

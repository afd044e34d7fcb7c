// No change of the files is missed for want of a watch, however soon it follows upon the look before.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { scanTree } from '../../src/config/live/scan.ts';
import { createTreeWatch, type TreeWatch } from '../../src/config/live/watch-tree.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { Scope } from '../helpers/scope.ts';

/** So late that no test waits for it. */
const NEVER_MS = 3_600_000;
const ROUNDS = 60;
/** Of the event loop, in which a look and the watch after it are over. */
const TURNS = 15;

describe('TreeWatch.next()', () => {
  const scope = new Scope();
  let folder = '';
  beforeEach(async () => {
    folder = await scope.folder();
  });
  afterEach(() => scope.end());

  function watchTree(): TreeWatch {
    const times = { quietMs: 1, askedQuietMs: 1, rescanMs: NEVER_MS };
    const watch = createTreeWatch({ clock: createSystemClock(), paths: [folder], times });
    scope.defer(() => {
      watch.close();
    });
    return watch;
  }

  async function turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  it('sees a file that is written while the first watch is being set', async () => {
    for (let at = 0; at < ROUNDS; at += 1) {
      const known = await scanTree([folder]);
      const seen = watchTree().next(known, new AbortController().signal);
      await turns(at % TURNS);
      writeFileSync(join(folder, 'fleet.yaml'), String(at));
      assert.notEqual((await seen)?.scan.identity, known.identity);
    }
  });

  it('sees a folder that is filled while its watch is being set', async () => {
    const watch = watchTree();
    const filled = join(folder, 'groups', 'a.yaml');
    for (let at = 0; at < ROUNDS; at += 1) {
      await rm(join(folder, 'groups'), { recursive: true, force: true });
      let known = await scanTree([folder]);
      const seen = async (): Promise<string> => {
        const settled = await watch.next(known, new AbortController().signal);
        assert.ok(settled !== undefined);
        known = settled.scan;
        return known.identity;
      };
      const first = seen();
      mkdirSync(join(folder, 'groups'));
      await turns(at % TURNS);
      writeFileSync(filled, '');
      for (let identity = await first; !identity.includes(`${filled} `);) identity = await seen();
    }
  });
});

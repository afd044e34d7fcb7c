import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parentDeathLauncher } from '../../src/capture/parent-death.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { createRunProcess } from '../../src/support/run-process.ts';

const runProcess = createRunProcess({
  clock: createSystemClock(),
  kill: (pid, signal) => process.kill(pid, signal),
});
const searchPath = process.env['PATH'] ?? '/usr/bin:/bin';

describe('parentDeathLauncher()', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parent-death-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('gives nothing where setpriv is missing', async () => {
    assert.deepEqual(await parentDeathLauncher({ runProcess, searchPath: folder })(), []);
  });

  it('gives nothing where setpriv may not run, as under a system call filter', async () => {
    await writeFile(join(folder, 'setpriv'), '#!/bin/sh\necho "Operation not permitted" >&2; exit 1\n');
    await chmod(join(folder, 'setpriv'), 0o755);
    assert.deepEqual(await parentDeathLauncher({ runProcess, searchPath: folder })(), []);
  });

  it('ends the program with the parent that started it, however that is killed', async () => {
    const launcher = await parentDeathLauncher({ runProcess, searchPath })();
    assert.ok(launcher.length > 0);
    const script = `const child = require('node:child_process').spawn(${JSON.stringify(launcher[0])},
      ${JSON.stringify([...launcher.slice(1), 'sh', '-c', 'echo here; exec sleep 1000'])}, { stdio: ['ignore', 'inherit', 'ignore'] });
      setInterval(() => undefined, 1000);`;
    const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(parent.stdout, 'data');
    parent.kill('SIGKILL');
    await once(parent.stdout, 'close'); // its last writer, the program, is gone
  });
});

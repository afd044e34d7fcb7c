// Waiting for ready and falling back, with a systemctl that plays a service; the real one is in test/machine/system.
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../house/repository-root.ts';
import { bash, type Ended } from './sealed-tree.ts';

describe('start_or_fall_back()', () => {
  let root = '';

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'shutterd service '));
    for (const version of ['1.0.0', '1.1.0'])
      mkdirSync(join(root, 'opt/shutterd', version, 'bin'), { recursive: true });
    mkdirSync(join(root, 'bin'));
    // A start gives a new invocation; whether it becomes active is what the file `works` of the current version says.
    program(
      'systemctl',
      `cd ${JSON.stringify(root)}
       case "$*" in
         *restart*) echo "$RANDOM$RANDOM" >invocation ;;
         *InvocationID*) cat invocation 2>/dev/null || true ;;
         *ActiveState*) if [[ -e opt/shutterd/current/works ]]; then echo active; else echo activating; fi ;;
         *ExecMainStatus*) cat opt/shutterd/current/status 2>/dev/null || echo 0 ;;
         *SubState*) if [[ -e opt/shutterd/current/status ]]; then echo auto-restart; else echo start; fi ;;
         *MainPID*) echo 42 ;;
         *) echo "$*" ;;
       esac`,
    );
    program('journalctl', 'echo the last words');
  });

  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  function program(name: string, script: string): void {
    writeFileSync(join(root, 'bin', name), `#!/usr/bin/env bash\n${script}\n`);
    chmodSync(join(root, 'bin', name), 0o755);
  }

  function links(names: Readonly<Record<string, string>>): void {
    for (const [name, version] of Object.entries(names))
      symlinkSync(version, join(root, 'opt/shutterd', name));
  }

  const works = (version: string): void => writeFileSync(join(root, 'opt/shutterd', version, 'works'), '');

  const refusesItsConfiguration = (version: string): void =>
    writeFileSync(join(root, 'opt/shutterd', version, 'status'), '2');

  function start(seconds = 1): Ended {
    return bash(
      `cd "$1"; dry_run=no; for part in setup install/paths install/tree install/service; do source "scripts/$part.sh"; done
       use_root "$2"; READY_SECONDS_MAX=${seconds} SETTLE_SECONDS=0; install_system_files() { echo "files of $(readlink "$1")"; }
       start_or_fall_back "$3"`,
      [repositoryRoot(), root, '1.0.0'],
      { PATH: `${join(root, 'bin')}:${process.env['PATH'] ?? ''}` },
    );
  }

  const current = (): string => readlinkSync(join(root, 'opt/shutterd/current'));

  it('goes back to the version before, its unit included, says why and ends with 1', () => {
    links({ current: '1.1.0', previous: '1.0.0', trial: '1.1.0' });
    refusesItsConfiguration('1.1.0');
    works('1.0.0');
    const { status, output } = start(60);
    assert.equal(status, 1);
    assert.match(output, /the last words/);
    assert.match(output, /^files of 1\.0\.0$/m);
    assert.match(output, /^Cannot upgrade shutterd: 1\.1\.0 was not ready .*; 1\.0\.0 runs again/m);
    assert.equal(current(), '1.0.0');
    assert.equal(existsSync(join(root, 'opt/shutterd/1.1.0')), false);
  });

  it('says so when the version before is not ready either', () => {
    links({ current: '1.1.0', previous: '1.0.0', trial: '1.1.0' });
    const { status, output } = start();
    assert.equal(status, 1);
    assert.match(output, /and now 1\.0\.0 is not either/);
  });

  it('never leaves a version that was ready before for an older one', () => {
    links({ current: '1.1.0', previous: '1.0.0' });
    works('1.0.0');
    const { status, output } = start();
    assert.equal(status, 1);
    assert.match(output, /^Cannot start shutterd: /m);
    assert.equal(current(), '1.1.0');
  });

  it('does not wait the minute out for a configuration that is wrong', () => {
    links({ current: '1.0.0', trial: '1.0.0' });
    refusesItsConfiguration('1.0.0');
    const started = process.hrtime.bigint();
    assert.equal(start(60).status, 1);
    assert.ok(process.hrtime.bigint() - started < 15_000_000_000n);
  });

  it('is content with a version that is ready', () => {
    links({ current: '1.1.0', previous: '1.0.0', trial: '1.1.0' });
    works('1.1.0');
    const { status, output } = start(60);
    assert.equal(status, 0, output);
    assert.equal(current(), '1.1.0');
  });
});

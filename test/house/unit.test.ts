// The unit that is shipped: what systemd's own judge says of it, and what a person relies on.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './repository-root.ts';

const UNIT = join(repositoryRoot(), 'systemd/shutterd.service');
const unit = readFileSync(UNIT, 'utf8');

describe('systemd/shutterd.service', function () {
  this.timeout(30_000);

  it('exposes 1.5 or less, as systemd-analyze security counts', () => {
    const version = execFileSync('systemctl', ['--version'], { encoding: 'utf8' }).split('\n')[0];
    const args = ['security', '--offline=true', '--no-pager', UNIT];
    const said = execFileSync('systemd-analyze', args, { encoding: 'utf8' });
    const exposure = /Overall exposure level for shutterd\.service: ([\d.]+)/.exec(said)?.[1];
    console.log(`      exposure ${exposure ?? said} (${version ?? 'unknown systemd'})`);
    assert.ok(Number(exposure) <= 1.5, said);
  });

  it('names nothing that systemd does not know', () => {
    const program = /^ExecStart=(\S+)/m.exec(unit)?.[1] ?? '';
    const said = verify(UNIT).filter((line) => !line.includes(`${program} is not executable`));
    assert.deepEqual(said, []);
  });

  it('waits for neither network nor time, and for a camera no module that comes later', () => {
    const orders = unit.split('\n').filter((line) => /^(After|Requires|Wants)=/.test(line));
    assert.deepEqual(orders, [
      'After=network.target modprobe@videodev.service',
      'Wants=modprobe@videodev.service',
    ]);
  });

  it('runs as the user that shutterd.sysusers makes, and finds the folder that shutterd.tmpfiles makes', () => {
    const users = readFileSync(join(repositoryRoot(), 'systemd/shutterd.sysusers'), 'utf8');
    const folders = readFileSync(join(repositoryRoot(), 'systemd/shutterd.tmpfiles'), 'utf8');
    const user = /^User=(.+)$/m.exec(unit)?.[1] ?? '';
    const folder = /^LoadCredential=tls:(.+)$/m.exec(unit)?.[1] ?? '';
    assert.match(users, new RegExp(`^u +${user} `, 'm'));
    assert.match(users, new RegExp(`^m +${user} +video$`, 'm'));
    assert.match(folders, new RegExp(`^d +${folder} +0700 +root +root `, 'm'));
  });
});

/** Complaints, one a line; systemd-analyze ends with 1 where it has any. */
function verify(path: string): readonly string[] {
  try {
    execFileSync('systemd-analyze', ['verify', path], { encoding: 'utf8', stdio: 'pipe' });
    return [];
  } catch (error) {
    if (!(error instanceof Error && 'stderr' in error)) throw error;
    return String(error.stderr).trim().split('\n');
  }
}

// scripts/package.sh for this CPU: what is in the archive and in the Debian package, and that it runs on a machine without Node.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../house/repository-root.ts';
import { bash, type Ended, run } from './sealed-tree.ts';

// What the project promises for an installation, its Node left out.
const SIZE_KIB_MAX = 80 * 1024;

describe('scripts/package.sh', function () {
  // It fetches Node (50 MB), compiles and packs; a busy machine takes its time.
  this.timeout(600_000);
  let folder = '';
  let tree = '';
  let deb = '';

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'shutterd package '));
    const made = run([join(repositoryRoot(), 'scripts/package.sh'), '--output', folder, '--level', '1']);
    assert.equal(made.status, 0, made.output);
    const find = (end: string): string => readdirSync(folder).find((name) => name.endsWith(end)) ?? end;
    const archive = find('.tar.gz');
    assert.equal(bash('tar -xzf "$1/$2" -C "$1"', [folder, archive]).status, 0);
    tree = join(folder, archive.replace('.tar.gz', ''));
    deb = join(folder, find('.deb'));
  });

  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** With nothing on PATH but what the launcher and the lock call: no Node, no camera programs. */
  function shutterd(...args: readonly string[]): Ended {
    const bin = join(folder, 'bin');
    if (!existsSync(bin)) {
      mkdirSync(bin);
      for (const name of ['readlink', 'flock']) symlinkSync(`/usr/bin/${name}`, join(bin, name));
      symlinkSync(join(tree, 'bin/shutterd'), join(bin, 'shutterd'));
    }
    const { status, signal, stdout, stderr } = spawnSync(join(bin, 'shutterd'), args, {
      encoding: 'utf8',
      env: { HOME: folder, PATH: bin },
    });
    return { status, signal, output: stdout + stderr };
  }

  it('makes a tree that runs where there is no Node, called through a link', () => {
    const { version } = JSON.parse(readFileSync(join(repositoryRoot(), 'package.json'), 'utf8')) as {
      version: string;
    };
    assert.equal(shutterd('--version').output.trim(), version);
    const demo = shutterd('demo', '--once');
    assert.equal(demo.status, 0, demo.output);
  });

  it('makes a tree whose checksums hold and whose install.sh takes it', () => {
    const root = join(folder, 'root');
    mkdirSync(join(root, 'opt'), { recursive: true });
    const installed = run([join(tree, 'scripts/install.sh'), '--root', root]);
    assert.equal(installed.status, 0, installed.output);
    assert.ok(existsSync(join(root, 'opt/shutterd/current/dist/src/main.js')));
  });

  it('stays below the promised size, brings no maps, types or tests, and every licence', () => {
    const kib = Number(bash('du -sk --apparent-size --exclude=node "$1" | cut -f 1', [tree]).output);
    assert.ok(kib > 0 && kib <= SIZE_KIB_MAX, `${kib} KiB`);
    const unwanted = bash(
      'find "$1" -name "*.map" -o -name "*.d.ts" -o -name "*.test.js" -o -path "*/node_modules/mocha" -o -path "*/node_modules/typescript"',
      [tree],
    );
    assert.equal(unwanted.output, '');
    assert.ok(existsSync(join(tree, 'node/LICENSE')));
    const bare = bash(
      `cd "$1/node_modules"; for it in */package.json @*/*/package.json; do
         ls "\${it%/*}" | grep -qiE 'licen[cs]e|copying|readme' || echo "\${it%/*}"; done`,
      [tree],
    );
    assert.equal(bare.output, '', 'packages without a licence');
  });

  it('makes a Debian package with the tree, its needs and the scripts around it', () => {
    const listing = bash('dpkg-deb --contents "$1" | awk \'{ print $1, $2, $6 }\'', [deb]).output;
    assert.match(listing, /^-rwxr-xr-x root\/root \.\/opt\/shutterd\/package\/node\/bin\/node$/m);
    assert.match(listing, /^-rwxr-xr-x root\/root \.\/opt\/shutterd\/package\/scripts\/install\.sh$/m);
    assert.doesNotMatch(listing, /\.\/(etc|var|usr\/local)\//, 'what a user may have changed is not dpkg’s');
    const control = bash('dpkg-deb --field "$1"', [deb]).output;
    assert.match(control, /^Depends: .*fswebcam, ffmpeg, v4l-utils/m);
    const scripts = bash(
      'dpkg-deb --control "$1" "$2/control files"; cd "$2/control files"; for it in postinst prerm postrm; do bash -n "$it"; test -x "$it"; done',
      [deb, folder],
    );
    assert.equal(scripts.status, 0, scripts.output);
  });
});

describe('shell scripts', () => {
  it('have nothing that shellcheck complains of', () => {
    const { status, output } = bash(
      'cd "$1"; shellcheck --external-sources scripts/*.sh scripts/test scripts/demo scripts/install/*.sh scripts/package/*.sh systemd/*.sh cloud/*/*.sh',
      [repositoryRoot()],
    );
    assert.equal(status, 0, output);
  });
});

// scripts/install.sh into a scratch root: real files and links, no service.
import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../house/repository-root.ts';
import { bash, type Ended, makeSealedTree, run, seal } from './sealed-tree.ts';

const LONG = process.env['SHUTTERD_TEST_LONG'] === '1';
// Of each program; the long run goes on until an installation has no further call of it.
const CALLS_MAX = LONG ? 100 : 2;

describe('scripts/install.sh', () => {
  let folder = '';
  let root = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shutterd install '));
    root = join(folder, 'sd card');
    for (const name of ['opt', 'etc', 'usr/local/bin', 'bin'])
      mkdirSync(join(root, name), { recursive: true });
    makeSealedTree(join(folder, 'one'), { version: '1.0.0' });
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function install(tree: string, ...more: readonly string[]): Ended {
    return run([join(folder, tree, 'scripts/install.sh'), '--root', root, ...more]);
  }

  const versions = (): readonly string[] => readdirSync(join(root, 'opt/shutterd')).sort();
  const link = (name: string): string => readlinkSync(join(root, 'opt/shutterd', name));
  const read = (name: string): string => readFileSync(join(root, name), 'utf8');

  it('puts program, command, units, user and configuration in their places', () => {
    const { status, output } = install('one');
    assert.equal(status, 0, output);
    assert.equal(link('current'), '1.0.0');
    assert.equal(
      readlinkSync(join(root, 'usr/local/bin/shutterd')),
      '/opt/shutterd/current/bin/shutterd',
      output,
    );
    assert.equal(read('etc/shutterd/local.yaml'), read('opt/shutterd/1.0.0/config/local.yaml'));
    for (const name of [
      'usr/lib/systemd/system/shutterd.service',
      'usr/lib/sysusers.d/shutterd.conf',
      'usr/lib/tmpfiles.d/shutterd.conf',
      'etc/shutterd/private',
    ])
      assert.ok(existsSync(join(root, name)), name);
    assert.equal(
      readlinkSync(join(root, 'etc/systemd/system/multi-user.target.wants/shutterd.service')),
      '/usr/lib/systemd/system/shutterd.service',
    );
  });

  it('changes nothing when it runs again, and touches no configuration that is there', () => {
    install('one');
    writeFileSync(join(root, 'etc/shutterd/local.yaml'), '# mine\n');
    const before = bash('cd "$1"; find . -printf "%p %i %l\\n" | grep -v "/usr/lib\\|/run" | sort', [root]);
    const again = install('one');
    assert.equal(again.status, 0, again.output);
    assert.match(again.output, /1\.0\.0 is there already/);
    assert.equal(
      bash('cd "$1"; find . -printf "%p %i %l\\n" | grep -v "/usr/lib\\|/run" | sort', [root]).output,
      before.output,
    );
    assert.equal(read('etc/shutterd/local.yaml'), '# mine\n');
  });

  it('lays no example beside files that a fleet tool delivered', () => {
    mkdirSync(join(root, 'etc/shutterd'));
    writeFileSync(join(root, 'etc/shutterd/fleet.json'), '{}');
    assert.equal(install('one').status, 0);
    assert.equal(existsSync(join(root, 'etc/shutterd/local.yaml')), false);
  });

  it('keeps two versions, and a second build of one version beside the first', () => {
    install('one');
    makeSealedTree(join(folder, 'two'), { version: '1.1.0' });
    install('two');
    assert.deepEqual([link('current'), link('previous')], ['1.1.0', '1.0.0']);
    appendFileSync(join(folder, 'two/bin/shutterd'), '# another build\n');
    seal(join(folder, 'two'));
    const third = install('two');
    assert.equal(third.status, 0, third.output);
    assert.match(link('current'), /^1\.1\.0\+[0-9a-f]{8}$/);
    assert.equal(link('previous'), '1.1.0');
    assert.deepEqual(versions(), ['1.1.0', link('current'), 'current', 'previous']);
  });

  it('refuses an archive with a damaged or missing file before anything is touched', () => {
    appendFileSync(join(folder, 'one/bin/shutterd'), 'x');
    const damaged = install('one');
    assert.equal(damaged.status, 1);
    assert.match(damaged.output, /^Cannot install from .*unpack the archive again$/m);
    assert.equal(existsSync(join(root, 'opt/shutterd')), false);
  });

  it('repairs an installed tree that lost a file', () => {
    install('one');
    rmSync(join(root, 'opt/shutterd/1.0.0/bin/shutterd'));
    assert.equal(install('one').status, 0);
    assert.ok(existsSync(join(root, 'opt/shutterd/1.0.0/bin/shutterd')));
    assert.deepEqual(versions(), ['1.0.0', 'current']);
  });

  it("leaves somebody else's /usr/local/bin/shutterd alone and says so", () => {
    writeFileSync(join(root, 'usr/local/bin/shutterd'), 'theirs');
    const { status, output } = install('one');
    assert.equal(status, 0);
    assert.match(output, /^note: .*usr\/local\/bin\/shutterd is not of this program and stays/m);
    assert.equal(read('usr/local/bin/shutterd'), 'theirs');
  });

  it('goes on where /usr/local cannot be written', () => {
    rmSync(join(root, 'usr/local'), { recursive: true });
    symlinkSync('/proc/self', join(root, 'usr/local'));
    const { status, output } = install('one');
    assert.equal(status, 0, output);
    assert.match(
      output,
      /^note: .*cannot be written; the command is \/opt\/shutterd\/current\/bin\/shutterd$/m,
    );
  });

  it('refuses to install over a checkout in /opt/shutterd', () => {
    mkdirSync(join(root, 'opt/shutterd/.git'), { recursive: true });
    const { status, output } = install('one');
    assert.equal(status, 1);
    assert.match(output, /a checkout lies there; move it away first: mv /);
  });

  // Each is the program that does the next thing that lasts; the installer dies in front of it.
  for (const program of LONG ? ['cp', 'chmod', 'sync', 'mv', 'ln', 'install', 'rm'] : ['mv'])
    it(`killed in front of a ${program}, it is whole after the next run`, function () {
      this.timeout(30_000 * CALLS_MAX);
      const calls = join(folder, 'calls');
      makeSealedTree(join(folder, 'two'), { version: '1.1.0' });
      install('one');
      let kills = 0;
      for (let nth = 1; nth <= CALLS_MAX; nth += 1) {
        writeFileSync(calls, '');
        mkdirSync(join(folder, 'bin'), { recursive: true });
        writeFileSync(
          join(folder, 'bin', program),
          `#!/bin/bash\necho >>"$CALLS"\n(( $(wc -l <"$CALLS") < ${nth} )) || kill -9 "$PPID"\nPATH=\${PATH#*:} exec ${program} "$@"\n`,
          { mode: 0o755 },
        );
        const killed = run([join(folder, 'two/scripts/install.sh'), '--root', root], {
          CALLS: calls,
          PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
        });
        if (killed.signal === null) break;
        kills += 1;
        // Whatever was cut short, what `current` names is a whole version.
        const current = link('current');
        assert.equal(
          bash('cd "$1"; sha256sum --check --quiet tree.sha256', [join(root, 'opt/shutterd', current)])
            .status,
          0,
        );
        assert.equal(install('two').status, 0);
        assert.deepEqual(versions(), ['1.0.0', '1.1.0', 'current', 'previous']);
        rmSync(join(root, 'opt/shutterd'), { recursive: true });
        install('one');
      }
      assert.ok(kills > 0, `${program} was never called`);
    });

  for (const [args, says] of [
    [['--broker'], /--broker needs a value/],
    [['--bogus'], /unknown: --bogus/],
    [['bogus'], /unknown command: bogus/],
  ] as const)
    it(`ends with 2 and the usage for ${args.join(' ')}`, () => {
      const { status, output } = run([join(repositoryRoot(), 'scripts/install.sh'), ...args]);
      assert.equal(status, 2);
      assert.match(output, says);
      assert.match(output, /^Usage: install\.sh/m);
    });

  it('says the steps of a dry run and does none of them', () => {
    const { status, output } = install('one', '--dry-run');
    assert.equal(status, 0, output);
    assert.match(output, /^would do: program: into /m);
    assert.equal(existsSync(join(root, 'opt/shutterd')), false);
  });
});

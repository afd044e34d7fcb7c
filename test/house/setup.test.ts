// scripts/test and scripts/setup.sh in a folder of their own, with stand-ins for npm, apt-get and mocha: nothing is installed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from './repository-root.ts';

interface Run {
  readonly status: number | null;
  readonly output: string;
  readonly lastLine: string;
}

describe('scripts', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shutterd setup '));
    for (const name of ['scripts/test', 'scripts/setup.sh'])
      cpSync(join(repositoryRoot(), name), join(folder, name));
    for (const name of ['bin', 'node_modules/mocha/bin', 'dist/src'])
      mkdirSync(join(folder, name), { recursive: true });
    write('package-lock.json', '{}');
    // Only `ci` makes a node_modules, and only what FAILING_STEP names fails.
    program('npm', 'echo "npm $*" >>calls; mkdir -p node_modules; [[ "$*" != *"${FAILING_STEP:-none}"* ]]');
    program('apt-get', 'echo "apt-get $* RUNLEVEL=$RUNLEVEL" >>calls');
    program('sudo', '[[ $1 != -- ]] || shift; exec "$@"');
    mocha(`console.log('  3 passing (5ms)');`);
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function write(name: string, text: string): void {
    writeFileSync(join(folder, name), text);
  }

  function program(name: string, script: string): void {
    write(`bin/${name}`, `#!/usr/bin/env bash\n${script}\n`);
    chmodSync(join(folder, 'bin', name), 0o755);
  }

  function mocha(script: string): void {
    write('node_modules/mocha/bin/mocha.js', script);
  }

  function calls(): string {
    return existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8') : '';
  }

  function run(command: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
    const { PATH = '' } = process.env;
    const { status, stdout, stderr } = spawnSync('bash', command, {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${join(folder, 'bin')}:${PATH}`, ...env },
    });
    return { status, output: stdout + stderr, lastLine: stdout.trimEnd().split('\n').at(-1) ?? '' };
  }

  const setup = (script: string): Run => run(['-c', `set -euo pipefail; source scripts/setup.sh; ${script}`]);

  const endings: readonly { says: string; script: string; lastLine: string; status: number }[] = [
    {
      says: 'counts a mocha that crashed before the first test as one failure',
      script: `throw new Error('broken');`,
      lastLine: '0 passed, 1 failed',
      status: 1,
    },
    {
      says: 'counts a mocha that passed everything and then failed as one failure',
      script: `console.log('  3 passing (5ms)'); process.exitCode = 7;`,
      lastLine: '3 passed, 1 failed',
      status: 1,
    },
    {
      says: 'counts a mocha that found no test as one failure',
      script: `console.log('  0 passing (5ms)');`,
      lastLine: '0 passed, 1 failed',
      status: 1,
    },
    {
      says: "ends with mocha's own counts, also in colour",
      script: `console.log('\\x1b[92m \\x1b[0m\\x1b[32m 2 passing\\x1b[0m\\x1b[90m (1m)\\x1b[0m\\n\\x1b[31m  11 failing\\x1b[0m'); process.exitCode = 11;`,
      lastLine: '2 passed, 11 failed',
      status: 1,
    },
    {
      says: 'believes no count that a test prints',
      script: `console.log('99 passing (5ms)\\n  3 passing (5ms)\\n     7 failing');`,
      lastLine: '3 passed, 0 failed',
      status: 0,
    },
  ];
  for (const { says, script, lastLine, status } of endings) {
    it(`scripts/test ${says}`, () => {
      mocha(script);
      const ended = run(['scripts/test']);
      assert.equal(ended.lastLine, lastLine, ended.output);
      assert.equal(ended.status, status);
    });
  }

  for (const [npmScript, row] of [
    ['build', 'types'],
    ['check:format', 'format'],
    ['check:lint', 'lint'],
    ['check:house', 'house rules'],
  ] as const) {
    it(`scripts/test fails when ${row} fails, and runs the tests all the same`, () => {
      const ended = run(['scripts/test'], { FAILING_STEP: npmScript });
      assert.match(ended.output, new RegExp(`^${row} +FAILED +\\d+ s$`, 'm'));
      assert.match(ended.output, /^tests +ok +\d+ s$/m);
      assert.equal(ended.lastLine, '3 passed, 0 failed');
      assert.equal(ended.status, 1);
    });
  }

  it('scripts/test runs two test files at once, and one where the long tests want the machine', () => {
    mocha(`console.log(process.argv.slice(2, 5).join(' ')); console.log('  1 passing (5ms)');`);
    assert.match(run(['scripts/test'], { SHUTTERD_TEST_LONG: '' }).output, /^--parallel --jobs 2$/m);
    assert.match(
      setup('SHUTTERD_TEST_LONG=1; source <(sed -n "/^jobs()/,/^}/p" scripts/test); jobs').output,
      /^1$/m,
    );
  });

  it('scripts/test passes its arguments to mocha', () => {
    mocha(`console.log(JSON.stringify(process.argv.slice(-3))); console.log('  1 passing (5ms)');`);
    assert.match(
      run(['scripts/test', '--grep', 'two words']).output,
      /^\["--grep","two words","dist\/test\/\*\*\/\*\.test\.js"\]$/m,
    );
  });

  it('require_programs() fails with the remedy when the program is still missing after installation', () => {
    const { status, output } = setup('require_programs "for tests" no-such-program=its-package');
    assert.equal(status, 1);
    assert.match(output, /^missing: its-package \(for tests\); installing with apt-get$/m);
    assert.match(output, /^Cannot use its-package: /m);
    assert.match(calls(), /apt-get .*install -y --no-install-recommends its-package RUNLEVEL=1$/m);
  });

  it('require_programs() fails with the remedy when apt-get fails', () => {
    program('apt-get', 'echo "no such package"; exit 100');
    const { status, output } = setup('require_programs "for tests" no-such-program=its-package');
    assert.equal(status, 1);
    assert.match(output, /no such package\n.*^Cannot install its-package: .*apt-get install its-package$/ms);
  });

  it('require_programs() asks apt-get for nothing when all is there', () => {
    assert.equal(setup('require_programs "for tests" bash=bash').status, 0);
    assert.equal(calls(), '');
  });

  it('install_packages() leaves no stamp when npm fails', () => {
    program('npm', 'echo "no network"; exit 1');
    const { status, output } = setup('install_packages');
    assert.equal(status, 1);
    assert.match(output, /no network\n.*^Cannot install packages: /ms);
    assert.equal(existsSync(join(folder, 'node_modules/.shutterd-stamp')), false);
  });

  it('install_packages() installs once, and again only when the lock file changed', () => {
    setup('install_packages; install_packages');
    assert.equal(calls().match(/^npm ci /gm)?.length, 1);
    appendFileSync(join(folder, 'package-lock.json'), '\n');
    setup('install_packages');
    assert.equal(calls().match(/^npm ci /gm)?.length, 2);
  });

  it('build() forgets the output of a source that is gone, and keeps the rest', () => {
    mkdirSync(join(folder, 'src'));
    write('src/main.ts', '');
    for (const name of ['main', 'gone']) write(`dist/src/${name}.js`, '');
    assert.equal(setup('build').status, 0);
    assert.deepEqual(
      ['main', 'gone'].map((name) => existsSync(join(folder, `dist/src/${name}.js`))),
      [true, false],
    );
  });
});

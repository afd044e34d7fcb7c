// The house rules against planted violations: one of each in memory, one in a copy of the sources on the disk.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkTree, houseRules, violationLine } from '../../scripts/house-rules/check-tree.ts';
import { houseTree } from '../../scripts/house-rules/tree.ts';
import { repositoryRoot } from './repository-root.ts';

/** The smallest tree that reads like the picture. */
const CLEAN: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ...['main', 'app', 'pipeline', 'domain'].map((name) => `src/${name}.ts`),
    ...['trigger', 'capture', 'fit', 'request', 'outbox', 'delivery', 'mqtt', 'greengrass', 'result'].map(
      inRoom,
    ),
    ...['app', 'cli', 'config', 'doctor', 'status', 'support'].map(inRoom),
    ...[
      'package.json',
      'tsconfig.json',
      'systemd/x.service',
      'config/fleet.yaml',
      'cloud/x.ts',
      'test/x.ts',
      'scripts/x.ts',
    ],
  ].map((path) => [path, '// A clean file.\nexport {};\n']),
);

function inRoom(name: string): string {
  return `src/${name}/x.ts`;
}

/** Rule, what it refuses, where that is planted (in a folder: as any file), the code below the first line, its line. */
type Planted = readonly [rule: string, says: string, path: string, code: string, line?: number];

const IMPORTS: readonly Planted[] = [
  [
    'import-direction',
    'a stage that imports another',
    'src/fit/fit.ts',
    `import { a } from '../capture/a.ts';`,
  ],
  [
    'import-direction',
    'a type import across stages',
    'src/fit/fit.ts',
    `import type { A } from '../mqtt/a.ts';`,
  ],
  ['import-direction', 'an inline type import', 'src/fit/fit.ts', `type A = import('../mqtt/a.ts').A;`],
  ['import-direction', 'config in status', 'src/status/a.ts', `import { a } from '../config/a.ts';`],
  ['import-direction', 'a stage in support', 'src/support/a.ts', `import { a } from '../fit/a.ts';`],
  ['import-direction', 'config in the pipeline', 'src/pipeline.ts', `import { a } from './config/a.ts';`],
  ['import-direction', 'the pipeline in a stage', 'src/fit/fit.ts', `import { a } from '../pipeline.ts';`],
  ['import-direction', 'cli in app', 'src/app.ts', `import { a } from './cli/a.ts';`],
  ['import-direction', 'app in status', 'src/status/a.ts', `import { a } from '../app.ts';`],
  ['import-direction', 'the root in one of its parts', 'src/app/a.ts', `import { a } from '../app.ts';`],
  ['import-direction', 'a part of the root in a stage', 'src/fit/fit.ts', `import { a } from '../app/a.ts';`],
  [
    'import-direction',
    'the pipeline in the doctor',
    'src/doctor/a.ts',
    `import { a } from '../pipeline.ts';`,
  ],
  ['import-direction', 'the doctor in the root', 'src/app.ts', `import { a } from './doctor/a.ts';`],
  ['import-direction', 'the doctor in a stage', 'src/mqtt/a.ts', `import { a } from '../doctor/a.ts';`],
  ['import-direction', 'main in cli', 'src/cli/a.ts', `import { a } from '../main.ts';`],
  ['import-direction', 'a package in domain', 'src/domain.ts', `import { posix } from 'node:path';`],
  ['import-direction', 'a way out of src', 'src/cli/a.ts', `import { a } from '../../scripts/a.ts';`],
  ['cloud-imports', 'a stage on the far side', 'cloud/aws/a.ts', `import { a } from '../../src/fit/a.ts';`],
  ['cloud-imports', 'a test on the far side', 'cloud/aws/a.ts', `import { a } from '../../test/a.ts';`],
  ['import-direction', 'the far side in a stage', 'src/fit/fit.ts', `import { a } from '../../cloud/a.ts';`],
  ['import-extension', 'a file without its ending', 'src/fit/fit.ts', `import { a } from './a.js';`],
  ['single-importer', 'mqtt outside src/mqtt', 'src/delivery/a.ts', `import { connect } from 'mqtt';`],
  [
    'single-importer',
    'the Greengrass client in the wire to a broker',
    'src/mqtt/a.ts',
    `const sdk = await import('aws-iot-device-sdk-v2/dist/greengrasscoreipc.js');`,
  ],
  ['single-importer', 'a subpath of mqtt', 'src/cli/a.ts', `import { a } from 'mqtt/dist/a.js';`],
  ['single-importer', 'sharp outside its adapter', 'src/fit/fit.ts', `import sharp from 'sharp';`],
  ['single-importer', 'node:fs by its bare name', 'src/outbox/a.ts', `import { rm } from 'fs/promises';`],
  ['single-importer', 'node:fs by import()', 'src/outbox/a.ts', `const fs = await import('node:fs');`],
  ['single-importer', 'node:fs by require()', 'src/outbox/a.ts', `const fs = require('node:fs');`],
  [
    'single-importer',
    'child_process in a stage',
    'src/capture/a.ts',
    `import { spawn } from 'node:child_process';`,
  ],
  ['single-importer', 'a socket in a stage', 'src/status/a.ts', `import { connect } from 'node:tls';`],
  ['single-importer', 'a package without a row', 'src/fit/fit.ts', `import { a } from '@scope/new/a';`],
];

const AMBIENT: readonly Planted[] = [
  ['clock-only', 'Date.now()', 'src/fit/fit.ts', `export const at = () => Date.now();`],
  ['clock-only', 'new Date()', 'src/fit/fit.ts', `export const at = () => new Date();`],
  ['clock-only', 'performance', 'src/fit/fit.ts', `export const at = () => performance.now();`],
  ['clock-only', 'a timer of globalThis', 'src/fit/fit.ts', `export const a = globalThis.setTimeout;`],
  ['clock-only', 'AbortSignal.timeout()', 'src/fit/fit.ts', `export const a = () => AbortSignal.timeout(5);`],
  ['clock-only', 'node:timers', 'src/fit/fit.ts', `import { scheduler } from 'node:timers/promises';`],
  ['process-only', 'the environment', 'src/cli/a.ts', `export const home = () => process.env['HOME'];`],
  ['process-only', 'node:process', 'src/cli/a.ts', `import { argv } from 'node:process';`],
  ['random-only', 'Math.random()', 'src/fit/fit.ts', `export const a = () => Math.random();`],
  ['random-only', 'randomUUID', 'src/fit/fit.ts', `import { randomUUID } from 'node:crypto';`],
  ['no-shell', 'exec', 'src/support/process-group.ts', `import { exec } from 'node:child_process';`],
  ['no-shell', 'a shell by option', 'src/support/a.ts', `export const options = { shell: true };`],
  ['no-shell', 'eval', 'src/fit/fit.ts', `export const a = (text: string) => eval(text);`],
  ['no-shell', 'new Function', 'scripts/a.ts', `export const a = new Function('return 1');`],
  ['no-test-sleep', 'a sleep', 'test/fit/a.test.ts', `await new Promise((done) => setTimeout(done, 9));`],
];

const SHAPE: readonly Planted[] = [
  ['no-module-state', 'a let', 'src/fit/fit.ts', `let count = 0;`],
  ['no-module-state', 'a let on the far side', 'cloud/aws/a.ts', `let count = 0;`],
  ['no-module-state', 'an empty Map', 'src/fit/fit.ts', `const seen = new Map<string, number>();`],
  ['no-module-state', 'an empty array', 'src/fit/fit.ts', `export const seen: string[] = [];`],
  ['no-module-state', 'a static property', 'src/fit/fit.ts', `export class A { static count = 0; }`],
  [
    'no-module-state',
    'a field that counts',
    'src/fit/fit.ts',
    `const s = { n: 0 };\nexport const f = () => { s.n += 1; };`,
    3,
  ],
  [
    'no-module-state',
    'a list that grows',
    'src/fit/fit.ts',
    `const s = ['a'];\nexport const f = () => s.push('b');`,
    3,
  ],
  [
    'no-module-state',
    'a map that is filled',
    'src/fit/fit.ts',
    `const s = new Map([[1, 2]]);\nexport const f = () => s.set(3, 4);`,
    3,
  ],
  ['no-barrel', 'a file that only passes on', 'src/fit/fit.ts', `export { a } from './a.ts';`],
  ['no-barrel', 'export *', 'src/fit/fit.ts', `export const b = 1;\nexport * from './a.ts';`, 3],
  ['no-default-export', 'a default function', 'src/fit/fit.ts', `export default function fit() {}`],
  ['no-default-export', 'a default in a script', 'scripts/a.ts', `const a = 1;\nexport default a;`, 3],
  ['no-any', 'any', 'src/fit/fit.ts', `export const a = (b: any) => String(b);`],
  ['no-any', 'any on the far side', 'cloud/aws/a.ts', `export type A = any;`],
  ['no-any', 'any in a test helper', 'test/helpers/a.ts', `export type A = any;`],
  ['no-non-null', '!', 'src/fit/fit.ts', `export const a = (b?: string) => b!.length;`],
  ['no-enum-or-namespace', 'an enum', 'src/fit/fit.ts', `export enum A { B }`],
  ['file-length', 'a file of 201 lines', 'src/fit/fit.ts', lines(200), 1],
  [
    'function-length',
    'a function of 51 lines',
    'src/fit/fit.ts',
    `export const a = () => {\n// why\n\n${lines(49)}\n};`,
  ],
  [
    'parameters',
    'a method with four parameters',
    'src/fit/fit.ts',
    `export class A { b(c: 1, d: 2, e: 3, f: 4) {} }`,
  ],
];

const LAYOUT: readonly Planted[] = [
  ['layout', 'a ninth stage', 'src/upload/', '', 1],
  ['layout', 'a stray file', 'src/utils.ts', '', 1],
  ['leftover', 'a note to oneself', 'src/fit/fit.ts', `// ${'FIX' + 'ME'}: later`],
  ['leftover', 'a note in a shell script', 'scripts/setup.sh', `# ${'TO' + 'DO'} later`],
  ['no-skipped-test', 'a test alone', 'test/fit/a.test.ts', `it.only('fits', () => undefined);`],
  ['no-skipped-test', 'a skipped test', 'test/fit/a.test.ts', `xit('fits', () => undefined);`],
];

function lines(count: number): string {
  return Array.from({ length: count }, () => 'void 0;').join('\n');
}

describe('house rules', () => {
  for (const [rule, says, path, code, line = 2] of [...IMPORTS, ...AMBIENT, ...SHAPE, ...LAYOUT]) {
    it(`${rule} refuses ${says}`, () => {
      const planted = path.endsWith('/') ? `${path}a.ts` : path;
      const tree = houseTree({ ...CLEAN, [planted]: `// What it is for.\n${code}\n` });
      const found = checkTree(tree);
      assert.deepEqual(
        found.map((it) => `${it.path}:${it.line} ${it.rule}`),
        [`${path}:${line} ${rule}`],
      );
      assert.ok(found.every(({ fact, remedy }) => fact.length > 0 && remedy.length > 0));
    });
  }

  it('first-line refuses a file that begins with code', () => {
    const found = checkTree(houseTree({ ...CLEAN, 'src/fit/fit.ts': 'export const a = 1;\n' }));
    assert.deepEqual(
      found.map(({ path, rule }) => [path, rule]),
      [['src/fit/fit.ts', 'first-line']],
    );
  });

  it('layout refuses a stage without a file', () => {
    const rest = Object.fromEntries(Object.entries(CLEAN).filter(([path]) => !path.startsWith('src/fit/')));
    assert.deepEqual(
      checkTree(houseTree(rest)).map(({ path, rule }) => [path, rule]),
      [['src/fit', 'layout']],
    );
  });

  it('single-importer refuses a second importer, naming the first', () => {
    const code = `// A.\nimport { connect } from 'mqtt';\n`;
    const found = checkTree(houseTree({ ...CLEAN, 'src/mqtt/a.ts': code, 'src/mqtt/b.ts': code }));
    assert.deepEqual(
      found.map(({ path, rule }) => [path, rule]),
      [['src/mqtt/b.ts', 'single-importer']],
    );
    assert.match(found[0]?.fact ?? '', /src\/mqtt\/a\.ts/);
  });

  it('every rule has a planted violation', () => {
    const planted = [...IMPORTS, ...AMBIENT, ...SHAPE, ...LAYOUT].map(([rule]) => rule);
    assert.deepEqual(new Set([...planted, 'first-line']), new Set(houseRules.map(({ name }) => name)));
  });

  it('a clean tree has no violation', () => {
    assert.deepEqual(checkTree(houseTree(CLEAN)), []);
  });

  const allowed: readonly { says: string; path: string; code: string }[] = [
    {
      says: 'keys that are called like globals',
      path: 'src/fit/fit.ts',
      code: `export const a = (b: { process: 1; setTimeout(): void }) => b.process;`,
    },
    {
      says: 'a date that is given',
      path: 'src/fit/fit.ts',
      code: `export const a = (ms: number) => new Date(ms);`,
    },
    {
      says: 'exec() of a regular expression',
      path: 'src/fit/fit.ts',
      code: `export const a = (b: string) => /b/.exec(b);`,
    },
    {
      says: 'a const table at module level',
      path: 'src/fit/fit.ts',
      code: `const A = new Set(['b']);\nexport const has = (b: string) => A.has(b);`,
    },
    { says: 'process in main', path: 'src/main.ts', code: `process.exitCode = 0;` },
    {
      says: 'a stage in cli',
      path: 'src/cli/a.ts',
      code: `export { fit } from '../fit/fit.ts';\nexport const b = 1;`,
    },
    {
      says: "the daemon's tools on the far side",
      path: 'cloud/aws/a.ts',
      code: `export { a } from '../../src/support/a.ts';\nexport const b = 1;`,
    },
    { says: 'a word inside another', path: 'scripts/a', code: `mktemp ${'XX' + 'XXXX'}` },
  ];
  for (const { says, path, code } of allowed) {
    it(`allows ${says}`, () => {
      const tree = houseTree({ ...CLEAN, [path]: `// What it is for.\n${code}\n` });
      assert.deepEqual(checkTree(tree).map(violationLine), []);
    });
  }
});

describe('the house-rules program', () => {
  const root = repositoryRoot();
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shutterd house '));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('fails and names the place when a stage of this project imports another', () => {
    for (const name of [
      ...['package.json', 'tsconfig.json', 'src', 'systemd', 'config', 'cloud', 'test', 'scripts'],
    ]) {
      cpSync(join(root, name), join(folder, name), { recursive: true });
    }
    const code = `// Planted.\nimport type { Entry } from '../outbox/outbox.ts';\nexport type Planted = Entry;\n`;
    writeFileSync(join(folder, 'src/fit/planted.ts'), code);
    const { status, stdout } = runHouseRules([folder], root);
    assert.equal(status, 1);
    assert.match(
      stdout,
      /^src\/fit\/planted\.ts:2 {2}import-direction {2}fit imports outbox; take the type from domain\.ts/m,
    );
    assert.match(stdout, /^house rules: \d+ violations?$/m);
  });

  it('finds nothing in this project', () => {
    const { status, stdout } = runHouseRules([], root);
    assert.match(stdout, /^house rules: \d+ files, \d+ rules, no violation\n$/);
    assert.equal(status, 0);
  });
});

function runHouseRules(args: readonly string[], cwd: string): { status: number | null; stdout: string } {
  const program = fileURLToPath(new URL('../../scripts/house-rules.js', import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [program, ...args], { cwd, encoding: 'utf8' });
  return { status, stdout };
}

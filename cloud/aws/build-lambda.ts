// Makes the folder that is deployed as the Lambda function: `npm run build:lambda`. It deploys nothing and asks no AWS.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { errorMessage } from '../../src/support/errors.ts';
import { lockOf, type PackageLock } from './lambda-lock.ts';
import { parseLabels } from './lambda/labels.ts';

const HELP = `npm run build:lambda -- [--labels FILE] [--without-decoder] [--out FOLDER]

Makes build/lambda, which template.yaml deploys.

  --labels FILE       the model's classes, one a line; becomes labels.txt in the package (LabelsFile=labels.txt)
  --without-decoder   leaves sharp out: 0.6 MB instead of 21, enough with ModelInput=image
  --out FOLDER        default build/lambda in this repository
`;

/** This file runs from dist/cloud/aws. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
// Of Lambda's Amazon Linux on Graviton, whatever this machine is.
const PLATFORM = ['--os=linux', '--cpu=arm64', '--libc=glibc'];

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${errorMessage(error)}\n`);
  process.exitCode = 1;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      labels: { type: 'string' },
      'without-decoder': { type: 'boolean', default: false },
      out: { type: 'string', default: join(ROOT, 'build/lambda') },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const out = resolve(values.out);
  const labels = values.labels === undefined ? undefined : checkedLabels(resolve(values.labels));
  emptyFolder(out);
  await bundle(out);
  if (!values['without-decoder']) installDecoder(out);
  if (labels !== undefined) copyFileSync(labels, join(out, 'labels.txt'));
  process.stdout.write(
    `${out}: ${(bytesBelow(out) / 1e6).toFixed(1)} MB, ready for aws cloudformation package\n`,
  );
  return 0;
}

/** A wrong file is found here rather than by the function at its start. */
function checkedLabels(path: string): string {
  parseLabels(readFileSync(path, 'utf8'));
  return path;
}

/** Only a folder that this program has made before is emptied. */
function emptyFolder(out: string): void {
  if (existsSync(out) && readdirSync(out).length > 0 && !existsSync(join(out, 'index.mjs')))
    throw new Error(
      `Cannot write to ${out}: something else is in it; an empty or an absent folder is allowed`,
    );
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
}

/**
 * One file with the AWS SDK in it, at the versions that were tested: Lambda's own copy changes without notice, and two
 * clients load faster from one file than from hundreds. sharp has a part that no bundle can hold.
 */
async function bundle(out: string): Promise<void> {
  await build({
    entryPoints: [join(ROOT, 'cloud/aws/lambda/index.ts')],
    outfile: join(out, 'index.mjs'),
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    mainFields: ['module', 'main'],
    external: ['sharp'],
    // Names stay, for stack traces that say something.
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'warning',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
}

function installDecoder(out: string): void {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as PackageLock;
  const own = lockOf(lock, 'shutterd-lambda', ['sharp']);
  const { '': project } = own.packages;
  writeFileSync(
    join(out, 'package.json'),
    JSON.stringify({ private: true, type: 'module', ...project }, null, 2),
  );
  writeFileSync(join(out, 'package-lock.json'), JSON.stringify(own, null, 2));
  const args = [
    'ci',
    '--omit=dev',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--engine-strict=false',
    ...PLATFORM,
  ];
  const { status, stderr, error } = spawnSync('npm', args, { cwd: out, encoding: 'utf8' });
  if (status !== 0) throw new Error(`Cannot install sharp into ${out}: ${error?.message ?? stderr}`);
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, { size }) => sum + size, 0);
}

// Rules about the picture in the design: which folders there are, how a file begins, what nobody leaves behind.
import ts from 'typescript';
import { STAGES } from './imports.ts';
import type { Finding, HouseTree, Module, Rule } from './tree.ts';
import { inProgram, inSrc, inTests, moduleRule, nodeRule } from './tree.ts';

export const layoutRules: readonly Rule[] = [
  { name: 'layout', remedy: 'make the tree look like the picture in the design again', find: wrongLayout },
  moduleRule('first-line', 'begin with a `//` line: what the file is for and what it never does', {
    where: inProgram,
    find: bareFirstLine,
  }),
  { name: 'leftover', remedy: 'finish it, or say what is so without the word', find: leftovers },
  nodeRule('no-skipped-test', 'run the whole suite, or delete the test', {
    where: inTests,
    judge: skippedTest,
  }),
];

const TOP_LEVEL = ['package.json', 'tsconfig.json', 'src', 'systemd', 'config', 'cloud', 'test', 'scripts'];
const SRC_FILES = ['main.ts', 'app.ts', 'pipeline.ts', 'domain.ts'];
const SRC_FOLDERS = ['app', 'cli', 'config', 'doctor', 'status', 'support', ...STAGES];

function wrongLayout({ paths }: HouseTree): readonly Finding[] {
  const expected = [
    ...TOP_LEVEL.map((name) => ({ path: name, kind: name.includes('.') ? 'file' : 'folder' })),
    ...SRC_FILES.map((name) => ({ path: `src/${name}`, kind: 'file' })),
    ...SRC_FOLDERS.map((name) => ({ path: `src/${name}`, kind: 'folder' })),
  ];
  const missing = expected
    .filter(
      ({ path, kind }) => !paths.some((it) => (kind === 'file' ? it === path : it.startsWith(`${path}/`))),
    )
    .map(({ path, kind }) => ({ path, line: 1, fact: `the ${kind} is missing or empty` }));
  const known = new Set(expected.map(({ path, kind }) => `${path}${kind === 'folder' ? '/' : ''}`));
  const strangers = paths
    .filter(inSrc)
    .map(topOfSrc)
    .filter((top) => !known.has(top));
  return [
    ...missing,
    ...[...new Set(strangers)].map((path) => ({ path, line: 1, fact: 'it has no place in src' })),
  ];
}

/** `src/app.ts` for a file at the top of src, `src/fit/` for whatever lies in a folder there. */
function topOfSrc(path: string): string {
  const [src = '', name = '', ...rest] = path.split('/');
  return `${src}/${name}${rest.length > 0 ? '/' : ''}`;
}

function bareFirstLine({ path, source }: Module): readonly Finding[] {
  const [first = '', second = ''] = source.text.split('\n');
  const opening = path === 'src/main.ts' && first.startsWith('#!') ? second : first;
  return /^\/\/ \S/.test(opening) ? [] : [{ path, line: 1, fact: 'the first line is no comment' }];
}

// Taken apart, so that this file may stay in the tree that it looks at.
const LEFTOVER = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`);

function leftovers({ files }: HouseTree): readonly Finding[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((content, index) => {
      const word = LEFTOVER.exec(content)?.[1];
      return word === undefined ? [] : [{ path, line: index + 1, fact: `the word ${word} is left over` }];
    }),
  );
}

const SKIPPING_CALLS = ['xit', 'xdescribe', 'xcontext', 'xspecify'];
const SKIPPING_MEMBERS = ['only', 'skip'];

function skippedTest(node: ts.Node): string | undefined {
  if (!ts.isCallExpression(node)) return undefined;
  const { expression } = node;
  const skips =
    (ts.isIdentifier(expression) && SKIPPING_CALLS.includes(expression.text)) ||
    (ts.isPropertyAccessExpression(expression) && SKIPPING_MEMBERS.includes(expression.name.text));
  return skips ? `\`${expression.getText()}()\` leaves tests out` : undefined;
}

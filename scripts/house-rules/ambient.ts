// Rules about what lies around for everyone to grab: time, timers, process, randomness, a shell.
import ts from 'typescript';
import type { Rule } from './tree.ts';
import { inProgram, inScripts, inSrc, inTests, nodeRule } from './tree.ts';

const CLOCK = ['src/support/clock.ts'];
const PROCESS = ['src/main.ts', 'src/capture/node-webcam-helper.ts'];
const RANDOM = ['src/support/random.ts'];

export const ambientRules: readonly Rule[] = [
  nodeRule('clock-only', 'take a Clock (support/clock.ts) as an argument', {
    where: inSrcBut(CLOCK),
    judge: timeIn,
  }),
  nodeRule('process-only', 'let main.ts pass in what is needed, and call no variable `process`', {
    where: inSrcBut(PROCESS),
    judge: (node) => used(node, ['process']) ?? importing(node, /^(node:)?process$/),
  }),
  nodeRule('random-only', 'take a Random (domain.ts) as an argument', {
    where: inSrcBut(RANDOM),
    judge: randomIn,
  }),
  nodeRule('no-shell', 'run a program with an argument list through support/run-process.ts', {
    where: (path) => inProgram(path) || inScripts(path),
    judge: shellIn,
  }),
  nodeRule(
    'no-test-sleep',
    'use a fake clock, or wait for the event itself with a deadline from test/helpers',
    {
      where: (path) => inTests(path) && path.endsWith('.test.ts'),
      judge: (node) => called(node, ['setTimeout']) ?? importing(node, /^(node:)?timers(\/promises)?$/),
    },
  ),
];

function inSrcBut(allowed: readonly string[]): (path: string) => boolean {
  return (path) => inSrc(path) && !allowed.includes(path);
}

function timeIn(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node) && isNamed(node.expression, 'Date') && (node.arguments ?? []).length === 0) {
    return '`new Date()` reads the time';
  }
  return (
    called(node, ['Date']) ??
    member(node, { Date: ['now'], AbortSignal: ['timeout'] }) ??
    used(node, ['performance', 'setTimeout', 'setInterval', 'setImmediate']) ??
    importing(node, /^(node:)?(timers(\/promises)?|perf_hooks)$/)
  );
}

const RANDOM_NAMES = [
  'randomUUID',
  'randomBytes',
  'randomInt',
  'randomFill',
  'randomFillSync',
  'getRandomValues',
];

function randomIn(node: ts.Node): string | undefined {
  if (ts.isIdentifier(node) && RANDOM_NAMES.includes(node.text)) return `\`${node.text}\` is randomness`;
  return member(node, { Math: ['random'] });
}

function shellIn(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node) && isNamed(node.expression, 'Function')) return '`new Function` compiles text';
  return shellImported(node) ?? shellAskedFor(node) ?? shellMember(node) ?? called(node, SHELL_CALLS);
}

const SHELL_CALLS = ['eval', 'Function', 'exec', 'execSync'];

function shellImported(node: ts.Node): string | undefined {
  if (!ts.isImportSpecifier(node)) return undefined;
  const { text } = node.propertyName ?? node.name;
  return text === 'exec' || text === 'execSync' ? `\`${text}\` starts a shell` : undefined;
}

function shellAskedFor(node: ts.Node): string | undefined {
  if (!ts.isPropertyAssignment(node) || node.name.getText() !== 'shell') return undefined;
  return node.initializer.kind === ts.SyntaxKind.FalseKeyword
    ? undefined
    : 'the option `shell` starts a shell';
}

/** A bare `.exec` is mostly a regular expression's; of child_process it comes with one of these names. */
function shellMember(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node) && node.name.text === 'execSync')
    return '`execSync` starts a shell';
  return member(node, { child_process: ['exec'], childProcess: ['exec'], cp: ['exec'] });
}

/** The name stands for the global (or a variable that hides it), also as `globalThis.name`. */
function used(node: ts.Node, names: readonly string[]): string | undefined {
  if (!ts.isIdentifier(node) || !names.includes(node.text)) return undefined;
  return isOnlyAKey(node) ? undefined : `\`${node.text}\` is used`;
}

function called(node: ts.Node, names: readonly string[]): string | undefined {
  if (!ts.isCallExpression(node)) return undefined;
  const name = names.find((candidate) => isNamed(node.expression, candidate));
  return name === undefined ? undefined : `\`${name}()\` is called`;
}

function member(node: ts.Node, members: Readonly<Record<string, readonly string[]>>): string | undefined {
  if (!ts.isPropertyAccessExpression(node)) return undefined;
  const owner = Object.keys(members).find((name) => isNamed(node.expression, name));
  if (owner === undefined || members[owner]?.includes(node.name.text) !== true) return undefined;
  return `\`${owner}.${node.name.text}\` is used`;
}

function importing(node: ts.Node, names: RegExp): string | undefined {
  if (!ts.isStringLiteralLike(node) || !names.test(node.text)) return undefined;
  const { parent } = node;
  const imports =
    ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent) || ts.isExternalModuleReference(parent);
  const loads =
    ts.isCallExpression(parent) &&
    (parent.expression.kind === ts.SyntaxKind.ImportKeyword || isNamed(parent.expression, 'require'));
  return imports || loads ? `${node.text} is imported` : undefined;
}

function isNamed(node: ts.Node, name: string): boolean {
  if (ts.isIdentifier(node)) return node.text === name;
  return (
    ts.isPropertyAccessExpression(node) && node.name.text === name && isNamed(node.expression, 'globalThis')
  );
}

/** `x.name`, `{ name: x }`, and members called so in types and classes: no use of a global. */
function isOnlyAKey(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent))
    return parent.name === node && !isNamed(parent.expression, 'globalThis');
  if (ts.isQualifiedName(parent)) return parent.right === node;
  if (ts.isBindingElement(parent) || ts.isImportSpecifier(parent)) return parent.propertyName === node;
  const isMember = ts.isClassElement(parent) || ts.isTypeElement(parent) || ts.isPropertyAssignment(parent);
  return isMember && parent.name === node;
}

// Rules about who may import whom: the direction of the stages and the one importer of each outside thing.
import { posix } from 'node:path';
import ts from 'typescript';
import type { Finding, HouseTree, Module, Rule } from './tree.ts';
import { finding, inCloud, inProgram, inSrc, modulesOf, moduleRule, nodesOf } from './tree.ts';

export const STAGES = [
  'trigger',
  'capture',
  'fit',
  'request',
  'outbox',
  'delivery',
  'mqtt',
  'greengrass',
  'result',
] as const;

export const importRules: readonly Rule[] = [
  moduleRule('import-direction', 'take the type from domain.ts, or join the two in pipeline.ts or app.ts', {
    where: inSrc,
    find: wrongDirections,
  }),
  moduleRule('cloud-imports', 'keep the far side apart: from src it may take support/ and domain.ts', {
    where: inCloud,
    find: wrongCloudImports,
  }),
  moduleRule('import-extension', "write the file's name with .ts", {
    where: inProgram,
    find: wrongExtensions,
  }),
  {
    name: 'single-importer',
    remedy:
      'go through the adapter that has it, or give a new dependency a row in scripts/house-rules/imports.ts',
    find: wrongImporters,
  },
];

/** A name that a module imports, in any of the ways there are. */
export interface Import {
  readonly name: string;
  readonly node: ts.Node;
}

/** Static, re-exported, `import()`, `import('..').Type`, `import x = require()` and `require()`; literal names only. */
export function importsOf(module: Module): readonly Import[] {
  return nodesOf(module.source).flatMap((node) => {
    const name = importedName(node);
    return name !== undefined && ts.isStringLiteralLike(name) ? [{ name: name.text, node }] : [];
  });
}

function importedName(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (ts.isImportTypeNode(node))
    return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
  if (!ts.isCallExpression(node)) return undefined;
  const { expression } = node;
  const loads =
    expression.kind === ts.SyntaxKind.ImportKeyword ||
    (ts.isIdentifier(expression) && expression.text === 'require') ||
    (ts.isPropertyAccessExpression(expression) && expression.getText() === 'require.resolve');
  return loads ? node.arguments[0] : undefined;
}

/** The folder of a file in src, or the file itself where it lies at the top. */
function roomOf(path: string): string {
  return path.split('/')[1] ?? path;
}

const SHARED = ['domain.ts', 'support'];
const OUTSIDE_THE_DAEMON = ['cli', 'doctor'];

/** Whether a room may import another one; its own files it always may. */
function mayImport(from: string, to: string): boolean {
  if (to === 'main.ts') return false;
  if (from === to || from === 'main.ts' || from === 'cli') return true;
  switch (from) {
    case 'domain.ts':
      return false;
    case 'support':
      return to === 'domain.ts';
    case 'pipeline.ts':
      return [...SHARED, ...STAGES].includes(to);
    case 'app.ts':
      return !OUTSIDE_THE_DAEMON.includes(to);
    case 'app':
      return ![...OUTSIDE_THE_DAEMON, 'app.ts'].includes(to);
    case 'doctor': // looks at every stage by itself; it runs no flow
      return !['cli', 'app.ts', 'pipeline.ts'].includes(to);
    default:
      return SHARED.includes(to);
  }
}

function wrongDirections(module: Module): readonly Finding[] {
  const from = roomOf(module.path);
  return importsOf(module).flatMap(({ name, node }) => {
    if (!name.startsWith('.')) {
      return from === 'domain.ts'
        ? [finding(module, node, `domain.ts imports ${name}, it may import nothing`)]
        : [];
    }
    const target = posix.join(posix.dirname(module.path), name);
    if (!inSrc(target)) return [finding(module, node, `${name} leaves src`)];
    const to = roomOf(target);
    return mayImport(from, to) ? [] : [finding(module, node, `${from} imports ${to}`)];
  });
}

/** What the far side shares with the daemon are tools that know neither; it is deployed without the rest. */
function wrongCloudImports(module: Module): readonly Finding[] {
  return importsOf(module).flatMap(({ name, node }) => {
    if (!name.startsWith('.')) return [];
    const target = posix.join(posix.dirname(module.path), name);
    if (inCloud(target) || (inSrc(target) && SHARED.includes(roomOf(target)))) return [];
    return [finding(module, node, `cloud imports ${target}`)];
  });
}

function wrongExtensions(module: Module): readonly Finding[] {
  return importsOf(module)
    .filter(({ name }) => name.startsWith('.') && !name.endsWith('.ts'))
    .map(({ name, node }) => finding(module, node, `${name} does not end in .ts`));
}

interface Importers {
  readonly of: RegExp;
  /** Files, and folders that end in a slash. */
  readonly places: readonly string[];
  readonly oneFile: boolean;
}

const IMPORTERS: readonly Importers[] = [
  { of: /^mqtt$/, places: ['src/mqtt/'], oneFile: true },
  { of: /^aws-iot-device-sdk-v2$/, places: ['src/greengrass/'], oneFile: true },
  { of: /^ws$/, places: ['src/mqtt/'], oneFile: true },
  { of: /^aedes$/, places: ['src/cli/'], oneFile: true },
  { of: /^convict$/, places: ['src/config/'], oneFile: true },
  { of: /^js-yaml$/, places: ['src/config/'], oneFile: true },
  { of: /^node-webcam$/, places: ['src/capture/'], oneFile: true },
  { of: /^systeminformation$/, places: ['src/status/'], oneFile: true },
  { of: /^sharp$/, places: ['src/support/jpeg.ts'], oneFile: true },
  { of: /^pino$/, places: ['src/support/log.ts'], oneFile: true },
  { of: /^node:child_process$/, places: ['src/support/process-group.ts'], oneFile: true },
  {
    of: /^node:fs$/,
    places: [
      'files',
      'durable-file',
      'read-regular',
      'lock-file',
      'file-facts',
      'folder-owner',
      'watch-files',
    ].map((name) => `src/support/${name}.ts`),
    oneFile: false,
  },
  { of: /^node:(net|tls)$/, places: ['src/mqtt/', 'src/cli/'], oneFile: false },
  // clock-only, process-only and random-only say who has these; everything else of Node is free.
  { of: /^node:/, places: ['src/'], oneFile: false },
];

const BARE_BUILTIN =
  /^(assert|buffer|child_process|crypto|dns|events|fs|http|https|net|os|path|perf_hooks|process|stream|timers|tls|url|util|zlib)(\/|$)/;

function wrongImporters(tree: HouseTree): readonly Finding[] {
  const firstImporter = new Map<Importers, string>();
  const found: Finding[] = [];
  for (const module of [...modulesOf(tree, inSrc)].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    if (module.path === 'src/domain.ts') continue; // import-direction refuses whatever it imports
    for (const { name, node } of importsOf(module)) {
      if (name.startsWith('.')) continue;
      const fact = wrongImporter(name, module.path, firstImporter);
      if (fact !== undefined) found.push(finding(module, node, fact));
    }
  }
  return found;
}

function wrongImporter(
  name: string,
  path: string,
  firstImporter: Map<Importers, string>,
): string | undefined {
  const thing = packageOf(name);
  const row = IMPORTERS.find(({ of }) => of.test(thing));
  if (row === undefined) return `${name} is in no row of the importers`;
  if (!row.places.some((place) => path === place || (place.endsWith('/') && path.startsWith(place)))) {
    return `${name} is imported outside ${row.places.join(', ')}`;
  }
  const first = firstImporter.get(row) ?? path;
  firstImporter.set(row, first);
  return row.oneFile && first !== path ? `${name} already has its one importer, ${first}` : undefined;
}

/** `fs/promises` and `node:fs/promises` are `node:fs`; `mqtt/dist/x` is `mqtt`; `@scope/name/x` is `@scope/name`. */
function packageOf(name: string): string {
  const full = BARE_BUILTIN.test(name) ? `node:${name}` : name;
  return full.split('/', full.startsWith('@') ? 2 : 1).join('/');
}

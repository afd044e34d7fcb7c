// Rules about the shape of code: no hidden state, no barrels, no escapes from the types, nothing too long.
import ts from 'typescript';
import { changedConstants } from './module-constants.ts';
import type { Finding, Module, Rule } from './tree.ts';
import { finding, inKeptCode, inProgram, lineOf, moduleRule, nodeRule, nodesOf } from './tree.ts';

const FILE_LINES_MAX = 200;
const FUNCTION_LINES_MAX = 50;
const PARAMETERS_MAX = 3;

export const shapeRules: readonly Rule[] = [
  moduleRule('no-module-state', 'keep it in what a create… function returns, or freeze it', {
    where: inProgram,
    find: moduleState,
  }),
  moduleRule('no-barrel', 'import each thing from the file that has it', {
    where: inProgram,
    find: barrel,
  }),
  nodeRule('no-default-export', 'export it by its name', {
    where: (path) => inKeptCode(path) && !path.endsWith('.d.ts'), // those describe what others export
    judge: defaultExport,
  }),
  nodeRule('no-any', 'take `unknown` and parse it at the border', {
    where: inKeptCode,
    judge: (node) => (node.kind === ts.SyntaxKind.AnyKeyword ? 'the type `any` is used' : undefined),
  }),
  nodeRule('no-non-null', 'say in the code what happens when it is absent', {
    where: inKeptCode,
    judge: nonNull,
  }),
  nodeRule('no-enum-or-namespace', 'use a union of words, or a module', {
    where: inProgram,
    judge: enumOrNamespace,
  }),
  moduleRule('file-length', 'give its second idea a file of its own', { where: inKeptCode, find: longFile }),
  moduleRule('function-length', 'name its parts and take them out', {
    where: inKeptCode,
    find: longFunctions,
  }),
  nodeRule('parameters', 'take an options object', { where: inKeptCode, judge: manyParameters }),
];

function moduleState({ path, source }: Module): readonly Finding[] {
  const module = { path, source };
  const found = source.statements.filter(ts.isVariableStatement).flatMap(({ declarationList }) => {
    const isConst = (declarationList.flags & ts.NodeFlags.Const) !== 0;
    return declarationList.declarations
      .filter(({ initializer }) => !isConst || (initializer !== undefined && isEmptyContainer(initializer)))
      .map((it) => finding(module, it, `\`${it.name.getText()}\` is mutable state of the module`));
  });
  const statics = nodesOf(source).filter((node) => ts.isPropertyDeclaration(node) && isMutableStatic(node));
  return [
    ...found,
    ...changedConstants(module),
    ...statics.map((node) => finding(module, node, 'a static property is mutable state of the module')),
  ];
}

function isMutableStatic(property: ts.PropertyDeclaration): boolean {
  const kinds = (property.modifiers ?? []).map(({ kind }) => kind);
  return kinds.includes(ts.SyntaxKind.StaticKeyword) && !kinds.includes(ts.SyntaxKind.ReadonlyKeyword);
}

const CONTAINERS = ['Map', 'Set', 'WeakMap', 'WeakSet'];

/** Nobody makes an empty container to keep it empty. */
function isEmptyContainer(node: ts.Expression): boolean {
  if (ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) return isEmptyContainer(node.expression);
  if (ts.isArrayLiteralExpression(node)) return node.elements.length === 0;
  if (!ts.isNewExpression(node) || !ts.isIdentifier(node.expression)) return false;
  return CONTAINERS.includes(node.expression.text) && (node.arguments ?? []).length === 0;
}

function barrel(module: Module): readonly Finding[] {
  const { statements } = module.source;
  const stars = statements.filter((it) => ts.isExportDeclaration(it) && isStar(it));
  const first = statements.find((it) => ts.isExportDeclaration(it) && namesSomething(it));
  if (first !== undefined && stars.length === 0 && statements.every(isPassingOn)) {
    return [finding(module, first, 'the file only passes on what others export')];
  }
  return stars.map((node) => finding(module, node, '`export *` passes on a whole file'));
}

function isStar({ exportClause, moduleSpecifier }: ts.ExportDeclaration): boolean {
  return moduleSpecifier !== undefined && (exportClause === undefined || ts.isNamespaceExport(exportClause));
}

/** `export {}` only says that a file is a module. */
function namesSomething({ exportClause }: ts.ExportDeclaration): boolean {
  return exportClause !== undefined && ts.isNamedExports(exportClause) && exportClause.elements.length > 0;
}

function isPassingOn(statement: ts.Statement): boolean {
  return ts.isExportDeclaration(statement) || ts.isImportDeclaration(statement);
}

function defaultExport(node: ts.Node): string | undefined {
  const isDefault =
    ts.isExportAssignment(node) ||
    (ts.isExportSpecifier(node) && node.name.text === 'default') ||
    (ts.canHaveModifiers(node) &&
      ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword));
  return isDefault === true ? 'there is a default export' : undefined;
}

function nonNull(node: ts.Node): string | undefined {
  const asserts =
    ts.isNonNullExpression(node) ||
    ((ts.isPropertyDeclaration(node) || ts.isVariableDeclaration(node)) &&
      node.exclamationToken !== undefined);
  return asserts ? '`!` claims a value that nobody checked' : undefined;
}

function enumOrNamespace(node: ts.Node): string | undefined {
  if (ts.isEnumDeclaration(node)) return `\`${node.name.text}\` is an enum`;
  // `declare module 'x'` describes an untyped package and is no namespace.
  return ts.isModuleDeclaration(node) && ts.isIdentifier(node.name)
    ? `\`${node.name.text}\` is a namespace`
    : undefined;
}

function longFile({ path, source }: Module): readonly Finding[] {
  const lines = source.text.split('\n').filter((line) => line.trim() !== '').length;
  if (lines <= FILE_LINES_MAX) return [];
  return [
    { path, line: 1, fact: `the file has ${lines} lines that are not blank, ${FILE_LINES_MAX} are allowed` },
  ];
}

function longFunctions(module: Module): readonly Finding[] {
  const bodies = nodesOf(module.source).filter((node) => bodyOf(node) !== undefined);
  if (bodies.length === 0) return [];
  const written = linesWithCode(module.source);
  return bodies.flatMap((node) => {
    const from = lineOf(module.source, node.getStart(module.source));
    const to = lineOf(module.source, node.getEnd());
    const lines = [...written].filter((line) => line >= from && line <= to).length;
    if (lines <= FUNCTION_LINES_MAX) return [];
    return [
      finding(module, node, `the function has ${lines} lines of code, ${FUNCTION_LINES_MAX} are allowed`),
    ];
  });
}

function bodyOf(node: ts.Node): ts.Node | undefined {
  return ts.isFunctionLike(node) && 'body' in node ? node.body : undefined;
}

/** Lines that hold a token; blank ones and those with nothing but a comment do not. */
function linesWithCode(source: ts.SourceFile): ReadonlySet<number> {
  const lines = new Set<number>();
  const visit = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return;
    const children = node.getChildren(source);
    children.forEach(visit);
    if (children.length > 0 || node.getWidth(source) === 0) return;
    const last = lineOf(source, node.getEnd());
    for (let line = lineOf(source, node.getStart(source)); line <= last; line++) lines.add(line);
  };
  visit(source);
  return lines;
}

function manyParameters(node: ts.Node): string | undefined {
  if (!ts.isFunctionLike(node) || bodyOf(node) === undefined) return undefined;
  const count = node.parameters.filter(({ name }) => name.getText() !== 'this').length;
  if (count <= PARAMETERS_MAX) return undefined;
  return `the function has ${count} parameters, ${PARAMETERS_MAX} are allowed`;
}

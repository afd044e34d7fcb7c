// The sources as the house rules see them: parsed text in memory. It never reads a disk and knows no rule.
import ts from 'typescript';

/** One text of the tree; `source` is there when it is TypeScript. */
export interface HouseFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly source?: ts.SourceFile;
}

export interface HouseTree {
  /** Texts below src, cloud, scripts and test. */
  readonly files: readonly HouseFile[];
  /** Paths of all files of the repository. */
  readonly paths: readonly string[];
}

/** A TypeScript file: what most rules look at. */
export interface Module {
  readonly path: string;
  readonly source: ts.SourceFile;
}

/** What a rule found: where, and what is so. */
export interface Finding {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly fact: string;
}

export interface Rule {
  readonly name: string;
  /** What to do about a finding. */
  readonly remedy: string;
  readonly find: (tree: HouseTree) => readonly Finding[];
}

/** Parses every `.ts` text. `otherPaths` are files that exist but whose text no rule reads. */
export function houseTree(
  texts: Readonly<Record<string, string>>,
  otherPaths: readonly string[] = [],
): HouseTree {
  const files = Object.entries(texts).map(([path, text]): HouseFile => {
    if (!path.endsWith('.ts')) return { path, text };
    return { path, text, source: ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true) };
  });
  return { files, paths: [...Object.keys(texts), ...otherPaths] };
}

/** A rule that looks at one module at a time, in the places that `where` names. */
export function moduleRule(
  name: string,
  remedy: string,
  rule: { where: (path: string) => boolean; find: (module: Module) => readonly Finding[] },
): Rule {
  return { name, remedy, find: (tree) => modulesOf(tree, rule.where).flatMap(rule.find) };
}

/** A module rule that looks at each syntax node on its own and answers with what is wrong about it. */
export function nodeRule(
  name: string,
  remedy: string,
  rule: { where: (path: string) => boolean; judge: (node: ts.Node) => string | undefined },
): Rule {
  return moduleRule(name, remedy, {
    where: rule.where,
    find: (module) =>
      nodesOf(module.source).flatMap((node) => {
        const fact = rule.judge(node);
        return fact === undefined ? [] : [finding(module, node, fact)];
      }),
  });
}

export function modulesOf(tree: HouseTree, where: (path: string) => boolean): readonly Module[] {
  return tree.files.flatMap(({ path, source }) =>
    source !== undefined && where(path) ? [{ path, source }] : [],
  );
}

/** Every node of a tree in source order, itself first; comments and JSDoc are no nodes here. */
export function nodesOf(root: ts.Node): readonly ts.Node[] {
  const found: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(root);
  return found;
}

export function finding(module: Module, node: ts.Node, fact: string): Finding {
  return { path: module.path, line: lineOf(module.source, node.getStart(module.source)), fact };
}

/** Line number, from 1, of a position. */
export function lineOf(source: ts.SourceFile, position: number): number {
  return source.getLineAndCharacterOfPosition(position).line + 1;
}

export const inSrc = (path: string): boolean => path.startsWith('src/');
export const inCloud = (path: string): boolean => path.startsWith('cloud/');
/** What runs at a user's: on the device or on the far side. */
export const inProgram = (path: string): boolean => inSrc(path) || inCloud(path);
export const inScripts = (path: string): boolean => path.startsWith('scripts/');
export const inTests = (path: string): boolean => path.startsWith('test/');
/** Everything that is written to last: the programs, the scripts, what tests share; not the tests themselves. */
export const inKeptCode = (path: string): boolean =>
  inProgram(path) || inScripts(path) || path.startsWith('test/helpers/');

// Runs the whole table of house rules over a tree and puts what they found into lines; it decides no rule itself.
import { ambientRules } from './ambient.ts';
import { importRules } from './imports.ts';
import { layoutRules } from './layout.ts';
import { shapeRules } from './shape.ts';
import type { HouseTree, Rule } from './tree.ts';

export const houseRules: readonly Rule[] = [...layoutRules, ...importRules, ...ambientRules, ...shapeRules];

export interface Violation {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly rule: string;
  readonly fact: string;
  readonly remedy: string;
}

/** Every violation, sorted by place. */
export function checkTree(tree: HouseTree): readonly Violation[] {
  return houseRules
    .flatMap(({ name, remedy, find }) => find(tree).map((found) => ({ ...found, rule: name, remedy })))
    .sort((a, b) => order(a.path, b.path) || a.line - b.line || order(a.rule, b.rule));
}

/** `src/fit/fit.ts:12  rule-name  what is so; remedy` */
export function violationLine({ path, line, rule, fact, remedy }: Violation): string {
  return `${path}:${line}  ${rule}  ${fact}; ${remedy}`;
}

function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

// That each kind of error a configuration can have is shown by a case folder: the kinds come from the program's own tables.
import assert from 'node:assert/strict';
import { ALLOWED } from '../../src/config/allowed.ts';
import { LIMITS } from '../../src/config/limits.ts';
import { RESERVED } from '../../src/config/merge.ts';
import type { Rule } from '../../src/config/rule.ts';
import { schemaKeys } from '../../src/config/schema.ts';
import { allCases, type ExpectedProblem } from './case-folders.ts';

describe('the case folders', () => {
  let shown: readonly ExpectedProblem[] = [];
  before(async () => {
    shown = (await allCases()).flatMap(({ expected }) => expected.problems ?? []);
  });

  it('show each error of a document, a file, its owner, a key and the name of a machine', () => {
    const missing = Object.entries(ALLOWED).filter(([, words]) => {
      const pattern = patternOf(words);
      return !shown.some(({ allowed }) => allowed !== undefined && pattern.test(allowed));
    });
    assert.deepEqual(names(missing), []);
  });

  it('show each format of a value refusing one', () => {
    const formats = new Map([...schemaKeys().values()].map(({ format }) => [format.allowed, format.name]));
    const missing = [...formats].filter(([allowed]) => !shown.some((problem) => problem.allowed === allowed));
    assert.deepEqual(names(missing), []);
  });

  it('show each rule between keys broken', () => {
    const missing = LIMITS.filter((rule) => !shown.some((problem) => isOf(rule, problem)));
    assert.deepEqual(
      missing.map(({ keys, allowed }) => `${keys.join(' + ')}: ${allowed}`),
      [],
    );
  });

  it('show each key that only some layers may set, set by another', () => {
    const missing = [...RESERVED].filter(
      ([key]) => !shown.some((problem) => problem.key === key && problem.source.startsWith('tree/')),
    );
    assert.deepEqual(names(missing), []);
  });
});

/** Words that depend on the case are any words. */
function patternOf(words: (typeof ALLOWED)[keyof typeof ALLOWED]): RegExp {
  const text = typeof words === 'string' ? words : words('\0', '\0');
  const literal = text.split('\0').map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`));
  return new RegExp(`^${literal.join('.+')}$`);
}

/** One of its keys is blamed, the others are named. */
function isOf({ keys, allowed }: Rule, problem: ExpectedProblem): boolean {
  const others = keys.filter((key) => key !== problem.key);
  return (
    problem.allowed === allowed &&
    others.length === keys.length - 1 &&
    others.every((key) => problem.found?.includes(` and ${key} is `))
  );
}

function names(entries: readonly (readonly [string, unknown])[]): readonly string[] {
  return entries.map(([name]) => name);
}

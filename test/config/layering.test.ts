// Layering by case folders: each folder in test/fixtures/config is a tree and what has to come out of it.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { loadConfig, type Loaded, type LoadOutcome } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { explainKey, showConfigJson } from '../../src/config/show.ts';

interface Expected {
  readonly hostName: string;
  /** Below the case folder; default: its `tree`. */
  readonly paths?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly settings?: readonly string[];
  readonly values?: Readonly<Record<string, { readonly value: unknown; readonly source: string }>>;
  readonly files?: readonly string[];
  readonly warnings?: number;
  /** By key: what `config explain` says of it, the case folder taken out. */
  readonly explain?: Readonly<Record<string, readonly string[]>>;
  readonly tree?: 'current' | 'next';
  /** Loads for this device, as an operator does. */
  readonly device?: string;
  readonly problems?: readonly { readonly source: string; readonly key: string; readonly allowed?: string }[];
}

const CASES = resolve('test/fixtures/config');

describe('loadConfig() layers', () => {
  for (const name of readdirSync(CASES)) {
    const folder = join(CASES, name);
    const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Expected;

    it(name.replaceAll('-', ' '), async () => {
      const outcome = await loadConfig({
        paths: (expected.paths ?? ['tree']).map((path) => join(folder, path)),
        defaultPathMayBeAbsent: expected.paths === undefined,
        env: expected.env ?? {},
        settings: expected.settings ?? [],
        hostName: expected.hostName,
        ...(expected.device === undefined ? {} : { device: expected.device }),
      });
      if (expected.problems === undefined) assertLoaded(outcome, expected, folder);
      else assertRejected(outcome, expected.problems, folder);
      assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
    });
  }
});

function assertLoaded(outcome: LoadOutcome, expected: Expected, folder: string): void {
  assert.equal(
    outcome.kind,
    'loaded',
    outcome.kind === 'rejected' ? outcome.problems.map(formatProblem).join('\n') : '',
  );
  const { values } = showConfigJson(outcome);
  for (const [key, { value, source }] of Object.entries(expected.values ?? {})) {
    assert.deepEqual(
      { value: values[key]?.value, source: below(folder, values[key]?.source ?? '') },
      { value, source },
      key,
    );
  }
  if (expected.files !== undefined)
    assert.deepEqual(
      outcome.files.map((path) => below(folder, path)),
      expected.files,
    );
  assert.equal(outcome.warnings.length, expected.warnings ?? 0, outcome.warnings.join('\n'));
  assert.equal(outcome.rollout?.tree, expected.tree);
  for (const [key, lines] of Object.entries(expected.explain ?? {})) {
    assert.deepEqual(explained(outcome, key, folder), lines, key);
  }
}

/** The chain of overrides; what follows is the reference's. */
function explained(loaded: Loaded, key: string, folder: string): readonly string[] {
  const explanation = explainKey(loaded, key);
  assert.equal(explanation.kind, 'explained');
  const { text, origins } = explanation;
  return text.replaceAll(`${folder}/`, '').split('\n').slice(0, origins.length);
}

function assertRejected(
  outcome: LoadOutcome,
  expected: NonNullable<Expected['problems']>,
  folder: string,
): void {
  assert.equal(outcome.kind, 'rejected');
  const byPlace = (a: { source: string; key: string }, b: { source: string; key: string }): number =>
    `${a.source} ${a.key}` < `${b.source} ${b.key}` ? -1 : 1;
  const found = outcome.problems.map((problem) => ({ ...problem, source: below(folder, problem.source) }));
  const places = (problems: readonly { source: string; key: string }[]): unknown =>
    [...problems].sort(byPlace).map(({ source, key }) => ({ source, key }));
  assert.deepEqual(places(found), places(expected));
  for (const { source, key, allowed } of expected) {
    const problem = found.find((candidate) => candidate.source === source && candidate.key === key);
    if (allowed !== undefined) assert.equal(problem?.allowed, allowed);
  }
}

function below(folder: string, source: string): string {
  return source.startsWith('/') ? relative(folder, source) : source;
}

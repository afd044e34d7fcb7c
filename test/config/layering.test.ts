// Layering by case folders: each folder in test/fixtures/config is a tree and what has to come out of it.
import assert from 'node:assert/strict';
import { relative } from 'node:path';
import { loadConfig, type Loaded, type LoadOutcome } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { schemaKeys } from '../../src/config/schema.ts';
import { explainKey, showConfigJson } from '../../src/config/show.ts';
import { allCases, loadCase, type Expected, type ExpectedProblem } from './case-folders.ts';

const CASES = await allCases();

describe('loadConfig() layers', () => {
  for (const each of CASES) {
    it(each.name.replaceAll('-', ' '), async () => {
      const { outcome, folder } = await loadCase(each);
      if (each.expected.problems === undefined) assertLoaded(outcome, each.expected, folder);
      else assertRejected(outcome, each.expected.problems, folder);
      assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
    });
  }
});

describe('explainKey()', () => {
  it('masks the values of a key that holds a secret, in words and in data', async () => {
    const loaded = await loadConfig({
      ...{ paths: [], defaultPathMayBeAbsent: true, env: {}, hostName: 'pi-1' },
      settings: ['mqtt.username=hunter2'],
    });
    assert.equal(loaded.kind, 'loaded');
    const keys = new Map([...schemaKeys()].map(([key, of]) => [key, { ...of, sensitive: true as const }]));
    const explanation = explainKey(loaded, 'mqtt.username', keys);
    assert.equal(explanation.kind, 'explained');
    assert.match(
      explanation.text,
      /^mqtt\.username {2}"\[secret\]" {2}\(flag\)\n {2}over {2}null {2}\(default\)\n/,
    );
    assert.doesNotMatch(JSON.stringify(explanation), /hunter2/);
  });
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

/** Exactly these; of each, as much as the case says. */
function assertRejected(outcome: LoadOutcome, expected: readonly ExpectedProblem[], folder: string): void {
  assert.equal(outcome.kind, 'rejected');
  const here = (text: string): string => text.replaceAll(folder, '.');
  const left = outcome.problems.map(({ source, key, found, allowed }) => ({
    ...{ source: below(folder, source), key, found: here(found), allowed: here(allowed) },
  }));
  for (const wanted of expected) {
    const at = left.findIndex((problem) => isAsWanted(problem, wanted));
    assert.notEqual(at, -1, `${JSON.stringify(wanted)} is not among ${JSON.stringify(left, null, 1)}`);
    left.splice(at, 1);
  }
  assert.deepEqual(left, []);
}

function isAsWanted(problem: Required<ExpectedProblem>, wanted: ExpectedProblem): boolean {
  const { source, key, found = problem.found, allowed = problem.allowed } = wanted;
  return (
    problem.source === source && problem.key === key && problem.found === found && problem.allowed === allowed
  );
}

function below(folder: string, source: string): string {
  return source.startsWith('/') ? relative(folder, source) : source;
}

// What a changed key concerns, and what is judged of files that load.
import assert from 'node:assert/strict';
import { changesBetween, withoutRestartKeys } from '../../src/config/live/changes.ts';
import { treeOfFiles, type KeptTree } from '../../src/config/live/kept-tree.ts';
import { beginTrial } from '../../src/config/live/trial.ts';
import {
  judge,
  lost,
  notReached,
  rolledBackBefore,
  unfinished,
  type Version,
} from '../../src/config/live/version.ts';
import { loadConfig, type Loaded } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';

async function loaded(...settings: readonly string[]): Promise<Loaded> {
  const outcome = await loadConfig({
    ...{ paths: [], defaultPathMayBeAbsent: true, env: {}, hostName: 'pi-test' },
    settings: ['device.id=pi-test', ...settings],
  });
  assert.equal(outcome.kind, 'loaded', JSON.stringify(outcome));
  return outcome;
}

async function version(...settings: readonly string[]): Promise<Version> {
  const bytes = Buffer.from(settings.join('\n'));
  return {
    loaded: await loaded(...settings),
    tree: treeOfFiles([{ source: 0, path: 'fleet.yaml', bytes }], undefined),
  };
}

describe('changesBetween()', () => {
  const table: readonly (readonly [string, 'link' | 'picture' | 'restart' | 'nothing'])[] = [
    ['mqtt.url=mqtt://other', 'link'],
    ['mqtt.reconnect.baseSeconds=2', 'link'],
    ['topics.request=elsewhere', 'link'],
    ['camera.skipFrames=3', 'picture'],
    ['image.maxQuality=80', 'picture'],
    ['payload.metadata=false', 'picture'],
    ['outbox.directory=/srv/outbox', 'restart'],
    ['results.historyEntries=5', 'restart'],
    ['log.format=json', 'restart'],
    ['log.level=debug', 'nothing'],
    ['trigger.everySeconds=60', 'nothing'],
    ['outbox.maxEntries=5', 'nothing'],
    ['outbox.drainPerSecond=5', 'nothing'],
    ['results.timeoutSeconds=5', 'nothing'],
    ['device.groups=[]', 'nothing'],
  ];
  for (const [setting, what] of table) {
    it(`gives ${setting} to ${what}`, async () => {
      const before = (await loaded()).config;
      const after = (await loaded(setting)).config;
      const { keys, ...concerned } = changesBetween(before, after);
      const expected = {
        link: [],
        picture: [],
        restart: [],
        ...(what === 'nothing' ? {} : { [what]: keys }),
      };
      assert.deepEqual(concerned, expected);
    });
  }

  it('gives another device id to link and picture', async () => {
    const other = await loaded('device.id=pi-2');
    const { link, picture } = changesBetween((await loaded()).config, other.config);
    assert.ok(link.includes('device.id') && picture.includes('device.id'));
  });

  it('leaves what needs a restart as it is', async () => {
    const before = (await loaded()).config;
    const next = withoutRestartKeys(
      (await loaded('outbox.directory=/srv/x', 'log.level=warn')).config,
      before,
    );
    assert.deepEqual(changesBetween(before, next).keys, ['log.level']);
  });
});

describe('judge()', () => {
  const BROKER = 'mqtt.url=mqtt://other';

  it('refuses the files that were rolled back', async () => {
    const [running, candidate] = [await version(), await version(BROKER)];
    const kept = { bad: candidate.tree.hash };
    assert.deepEqual(judge(candidate, { newest: running, good: running, kept, online: true }), {
      kind: 'rolledBackBefore',
    });
  });

  const table: readonly (readonly [string, readonly string[], boolean, 'before' | 'none' | undefined])[] = [
    ['a filter', ['results.timeoutSeconds=5'], true, undefined],
    ['a broker while the link is up', [BROKER], true, 'before'],
    ['a broker in an outage', [BROKER], false, 'none'],
    ['a broker where probation is off', [BROKER, 'config.probationSeconds=0'], true, undefined],
  ];
  for (const [what, settings, online, evidence] of table) {
    it(`applies ${what}: ${evidence ?? 'no'} evidence`, async () => {
      const [running, candidate] = [await version(), await version(...settings)];
      const judgement = judge(candidate, { newest: running, good: running, kept: {}, online });
      const trial = evidence === undefined ? {} : { trial: beginTrial(candidate.tree.hash, evidence) };
      assert.deepEqual(judgement, { kind: 'apply', ...trial });
    });
  }

  it('gives a second change no new time where the way to the broker is the same, and new time where it is not', async () => {
    const [good, running] = [await version(), await version(BROKER)];
    const kept = { trial: { ...beginTrial(running.tree.hash, 'before'), spentMs: 70_000 } };
    const now = { newest: running, good, kept, online: false };
    const same = await version(BROKER, 'log.level=warn');
    const other = await version('mqtt.url=mqtt://third');
    assert.deepEqual(judge(same, now), { kind: 'apply', trial: { ...kept.trial, hash: same.tree.hash } });
    // The outage began with our own change, so it excuses nothing.
    const anew = beginTrial(other.tree.hash, 'before');
    assert.deepEqual(judge(other, now), { kind: 'apply', trial: anew });
  });

  it('ends the probation where the way is the good one again', async () => {
    const [good, running] = [await version(), await version(BROKER)];
    const kept = { trial: beginTrial(running.tree.hash, 'before') };
    const now = { newest: running, good, kept, online: false };
    assert.deepEqual(judge(await version('log.level=warn'), now), {
      kind: 'apply',
    });
  });
});

describe('unfinished()', () => {
  const table: readonly (readonly [string, string | undefined, string | undefined, boolean, boolean])[] = [
    ['files changed, the same id', 'a', 'a', true, true],
    ['files changed, the id gone', 'a', undefined, true, true],
    ['files changed, a new id', 'a', 'b', true, false],
    ['only local files changed', 'a', 'a', false, false],
    ['never an id', undefined, undefined, true, false],
    ['a first id', undefined, 'a', true, false],
  ];
  const read = (delivered: string, id?: string): Parameters<typeof unfinished>[1] => ({
    delivered,
    ...(id === undefined ? {} : { generation: id }),
  });
  for (const [what, before, now, changed, half] of table) {
    it(`${half ? 'waits' : 'reads on'}: ${what}`, () => {
      const problem = unfinished('/etc/shutterd', read('1', before), read(changed ? '2' : '1', now));
      assert.equal(problem !== undefined, half);
    });
  }
});

describe('lost()', () => {
  const tree = (files: Readonly<Record<string, string>>): KeptTree =>
    treeOfFiles(
      Object.entries(files).map(([path, text]) => ({ source: 0, path, bytes: Buffer.from(text) })),
      undefined,
    );
  const some = { 'fleet.yaml': 'a: 1', 'local.yaml': 'b: 1' };
  const table: readonly (readonly [
    string,
    Record<string, string>,
    Record<string, string>,
    RegExp | undefined,
  ])[] = [
    ['all files gone', some, {}, /all its files are gone/],
    ['all delivered files gone', some, { 'local.yaml': 'b: 1' }, /all its files but the local ones are gone/],
    ['a file cut to nothing', some, { ...some, 'fleet.yaml': '' }, /fleet\.yaml: it is empty and was not/],
    [
      'a local file cut to nothing',
      some,
      { ...some, 'local.yaml': '' },
      /local\.yaml: it is empty and was not/,
    ],
    ['a file that says nothing on purpose', some, { ...some, 'fleet.yaml': '{}' }, undefined],
    ['a file that was empty before', { 'fleet.yaml': '' }, { 'fleet.yaml': '' }, undefined],
    ['a new empty file', some, { ...some, 'groups/a.yaml': '' }, undefined],
    ['local files alone, as before', { 'local.yaml': 'a' }, { 'local.yaml': 'b' }, undefined],
    ['no files, as before', {}, {}, undefined],
    ['the same files', some, some, undefined],
  ];
  for (const [what, before, now, problem] of table) {
    it(`${problem === undefined ? 'lets pass' : 'refuses'} ${what}`, () => {
      const problems = lost(['/etc/shutterd'], tree(before), tree(now)).map(formatProblem);
      assert.equal(problems.length, problem === undefined ? 0 : 1);
      assert.match(problems[0] ?? '', problem ?? /^$/);
    });
  }

  it('lets pass everything where nothing was known before', () => {
    assert.deepEqual(lost(['/etc/shutterd'], undefined, tree({})), []);
  });
});

describe('the words for files that do not run', () => {
  it('are told whole', () => {
    const said = [notReached('/etc/shutterd'), rolledBackBefore('/etc/shutterd')].map(formatProblem);
    for (const text of said) assert.doesNotMatch(text, /\.\.\./);
  });
});

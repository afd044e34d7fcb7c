// `shutterd results` as a process: a history written by the real writer, and the live topic of a real mosquitto.
import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HistoryEntry } from '../../src/result/history-entry.ts';
import { historyFileName } from '../../src/result/history-folder.ts';
import { createHistory, type HistoryWriter } from '../../src/result/history.ts';
import { createHome, runShutterd, startShutterd, type Home } from '../helpers/daemon.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { freePort } from '../helpers/free-port.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { publish } from '../helpers/mqtt-peer.ts';
import { createRecordingLog } from '../helpers/recording-log.ts';
import { Scope } from '../helpers/scope.ts';
import { sampleEntry } from '../result/history-samples.ts';
import { quick, RESPONSE } from '../system/settings.ts';

describe('shutterd results', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  const createHistoryHome = async (
    entries: readonly HistoryEntry[] = [],
    url = 'mqtt://127.0.0.1:1',
  ): Promise<{ home: Home; folder: string; history: HistoryWriter }> => {
    const home = await createHome(scope, quick(url));
    const folder = join(home.outbox, '.results');
    const [clock, log] = [createFakeClock(), createRecordingLog()];
    const history = createHistory({ folder, maxEntries: 32, clock, log });
    entries.forEach((entry) => {
      history.add(entry);
    });
    await history.close();
    return { home, folder, history };
  };
  const samples = (count: number): HistoryEntry[] =>
    Array.from({ length: count }, (_, at) => sampleEntry(at));
  const latencies = (json: string): number[] =>
    json === '' ? [] : json.split('\n').map((line) => (JSON.parse(line) as HistoryEntry).latencyMs);

  for (const [args, message] of [
    [['--limit', '-1'], /^Cannot show -1 results: allowed is a whole number from 0/],
    [['--limit', 'all'], /^Cannot show all results: allowed is/],
    [['--live', '--follow'], /^Cannot use --live with --follow: /],
    [['--set', 'mqtt.qos=9'], /^Cannot use mqtt\.qos/],
  ] as const) {
    it(`ends with 2 for ${args.join(' ')}`, async () => {
      const { home } = await createHistoryHome();
      const { code, out, err } = await runShutterd(scope, home, ['results', ...args]);
      assert.deepEqual([code, out], [2, '']);
      assert.match(err, message);
    });
  }

  it('ends with 1 and says why where the history is no folder', async () => {
    const { home } = await createHistoryHome();
    await mkdir(home.outbox, { recursive: true });
    // A link to itself is there and cannot be listed, not even by root.
    await symlink('.results', join(home.outbox, '.results'));
    const { code, err } = await runShutterd(scope, home, ['results']);
    assert.equal(code, 1);
    assert.match(err, /^Cannot read folder .*\.results: ELOOP/);
  });

  it('ends with 1 and names the cause where --live finds no broker', async () => {
    const { home } = await createHistoryHome([], `mqtt://127.0.0.1:${await freePort()}`);
    const { code, err } = await runShutterd(scope, home, ['results', '--live']);
    assert.equal(code, 1);
    assert.match(err, /^Cannot reach broker mqtt:\/\/127\.0\.0\.1:\d+: ECONNREFUSED/);
  });

  it('ends with 1 and names the cause when --live loses its broker', async () => {
    const broker = await startMosquitto(scope);
    const { home } = await createHistoryHome([], broker.url);
    const live = startShutterd(scope, home, ['results', '--live']);
    await live.errors.nth(1, (line) => line === `Listening on ${RESPONSE}`);
    await broker.stop();
    assert.equal((await live.ended).code, 1);
    assert.match(live.errors.all[1] ?? '', /^Cannot go on listening on device\/image\/response: /);
  });

  it('says that there are none, and where it looked', async () => {
    const { home, folder } = await createHistoryHome();
    const { code, out, err } = await runShutterd(scope, home, ['results']);
    assert.deepEqual([code, out], [0, '']);
    assert.ok(err.startsWith(`No results yet in ${folder}`), err);
    const json = await runShutterd(scope, home, ['results', '--json', '--label', 'cat']);
    assert.deepEqual([json.code, json.out, json.err], [0, '', '']);
  });

  it('shows damaged lines as a number, and the others', async () => {
    const { home, folder } = await createHistoryHome(samples(17));
    await writeFile(join(folder, historyFileName(7)), `{"half\n${JSON.stringify(sampleEntry(99))}\n`);
    const { code, out, err } = await runShutterd(scope, home, ['results', '--json', '--limit', '3']);
    assert.deepEqual([code, latencies(out)], [0, [15, 16, 99]]);
    assert.match(err, /^Cannot read 1 of the lines or files in /);
  });

  it('is a table of the last twenty, oldest first, safe for a terminal', async () => {
    const hostile = sampleEntry(31, { label: 'cat\u001b[2J\u202egod', suspect: 'flat', matchedBy: 'order' });
    const { home } = await createHistoryHome([...samples(30), hostile]);
    const { code, out, err } = await runShutterd(scope, home, ['results']);
    const lines = out.split('\n');
    assert.deepEqual([code, err, lines.length], [0, '', 21]);
    assert.match(lines[0] ?? '', /^RECEIVED +LABEL +CONFIDENCE +LATENCY +CAPTURED +BYTES +REQUEST$/);
    assert.match(
      lines[1] ?? '',
      /^2031-05-06T07:08:11\.010Z {2}Chihuahua +0\.970 +11 ms {2}2031-05-06T07:08:09\.010Z +127000 {2}[0-9a-f-]{36}$/,
    );
    assert.match(lines[20] ?? '', /cat\\u001b\[2J\\u202egod .*suspect: flat, matched by order$/);
  });

  it('shows the last N of one label, whatever came between', async () => {
    const entries = samples(30).map((entry) =>
      entry.latencyMs % 10 === 0 ? { ...entry, label: 'cat' } : entry,
    );
    const { home } = await createHistoryHome(entries);
    const of = async (...args: readonly string[]): Promise<number[]> =>
      latencies((await runShutterd(scope, home, ['results', '--json', ...args])).out);
    assert.deepEqual(await of('--label', 'cat', '--limit', '2'), [10, 20]);
    assert.deepEqual(await of('--label', 'Cat'), []);
    assert.equal((await of('--limit', '0')).length, 30);
  });

  it('--follow goes on with new ones, also over files that go, until a signal', async () => {
    const { home, history } = await createHistoryHome(samples(3));
    const following = startShutterd(scope, home, ['results', '--follow', '--json', '--label', 'Chihuahua']);
    await following.lines.nth(3);
    for (const round of [1, 2, 3]) {
      history.add(sampleEntry(0, { label: 'cat' }));
      for (let number = 0; number < 30; number += 1) history.add(sampleEntry(100 * round + number));
      await history.close();
      await following.lines.nth(3 + 30 * round);
    }
    following.signal('SIGINT');
    assert.deepEqual(await following.ended, { code: 0, signal: null });
    assert.deepEqual(following.errors.all, []);
    const shown = latencies(following.lines.all.join('\n'));
    assert.deepEqual(shown.slice(0, 4), [0, 1, 2, 100]);
    assert.deepEqual([shown.length, new Set(shown).size, shown.at(-1)], [93, 93, 329]);
  });

  it('--follow waits for the first one where there is nothing yet', async () => {
    const { home, history } = await createHistoryHome();
    const following = startShutterd(scope, home, ['results', '--follow']);
    await following.errors.nth(1, (line) => line.startsWith('No results yet in '));
    history.add(sampleEntry(1));
    await history.close();
    assert.match(await following.lines.nth(2), /Chihuahua/);
    following.signal('SIGTERM');
    assert.equal((await following.ended).code, 0);
  });

  it('--live prints what arrives, whoever it is for, safe for a terminal, and ends after --limit', async () => {
    const broker = await startMosquitto(scope);
    const { home } = await createHistoryHome([], broker.url);
    const live = startShutterd(scope, home, ['results', '--live', '--limit', '4']);
    await live.errors.nth(1, (line) => line === `Listening on ${RESPONSE}`);
    for (const payload of [
      '{"label":"\\u001b[2Jcat","confidence":0.5,"request_id":"r\\u202e"}',
      '[{"label":"dog","score":0.75},{"label":"cat","score":0.2}]',
      '{"error":"no model"}',
      'no JSON',
    ]) {
      await publish(scope, broker.port, { topic: RESPONSE, payload });
    }
    assert.equal((await live.ended).code, 0);
    assert.deepEqual(
      live.lines.all.map((line) =>
        line.replace(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z {2}/, '').replace(/ {2,}/g, '  '),
      ),
      [
        '\\u001b[2Jcat  0.500  r\\u202e',
        'dog  0.750  -',
        'failed: no model  -',
        'invalid: not valid JSON in UTF-8',
      ],
    );
  });

  it('--live keeps each line below 8 KiB, in text and in JSON, whatever comes', async () => {
    const broker = await startMosquitto(scope);
    const { home } = await createHistoryHome([], broker.url);
    const long = '\u001b'.repeat(5000);
    for (const format of [[], ['--json']]) {
      const live = startShutterd(scope, home, ['results', '--live', '--limit', '2', ...format]);
      await live.errors.nth(1);
      for (const said of [{ error: long }, { label: '\u001b'.repeat(256), confidence: 1 }]) {
        const payload = JSON.stringify({ ...said, request_id: long });
        await publish(scope, broker.port, { topic: RESPONSE, payload });
      }
      assert.equal((await live.ended).code, 0);
      const bytes = live.lines.all.map((line) => Buffer.byteLength(line));
      assert.ok(bytes.length === 2 && bytes.every((count) => count < 8192), String(bytes));
    }
  });

  it('--live --json --label prints one label as values, under an id of its own', async () => {
    const broker = await startMosquitto(scope);
    const { home } = await createHistoryHome([], broker.url);
    const live = startShutterd(scope, home, ['results', '--live', '--json', '--label', 'cat']);
    await live.errors.nth(1);
    assert.ok(broker.log().some((line) => /Sending SUBACK to pi-test-cli-[0-9a-f]{6}/.test(line)));
    for (const label of ['dog', 'cat']) {
      await publish(scope, broker.port, { topic: RESPONSE, payload: JSON.stringify({ label, score: 1 }) });
    }
    const { receivedAt, ...said } = JSON.parse(await live.lines.nth(1)) as Record<string, unknown>;
    assert.deepEqual(said, { kind: 'classification', label: 'cat', confidence: 1 });
    assert.match(String(receivedAt), /Z$/);
    live.signal('SIGINT');
    assert.deepEqual(await live.ended, { code: 0, signal: null });
    assert.deepEqual(live.errors.all, [`Listening on ${RESPONSE}`]);
  });
});

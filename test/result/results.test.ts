import assert from 'node:assert/strict';
import type { Classification, IncomingMessage } from '../../src/domain.ts';
import { createResultFilter } from '../../src/result/filter.ts';
import type { Answered } from '../../src/result/open-requests.ts';
import { createResults, type Results, type ResultsDeps } from '../../src/result/results.ts';
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.ts';
import { createRecordingLog, type LogLine, type RecordingLog } from '../helpers/recording-log.ts';

const OPEN_MAX = 1000;

interface Bench {
  readonly results: Results;
  readonly clock: FakeClock;
  readonly log: RecordingLog;
  readonly classified: Classification[];
  readonly answered: Answered[];
}

function createBench(changes: Partial<ResultsDeps> = {}): Bench {
  const clock = createFakeClock();
  const log = createRecordingLog();
  const [classified, answers]: [Classification[], Answered[]] = [[], []];
  const onClassification = (classification: Classification, answered: Answered): undefined => {
    classified.push(classification);
    answers.push(answered);
  };
  return {
    results: createResults({ clock, log, settings: { timeoutSeconds: 30 }, onClassification, ...changes }),
    ...{ clock, log, classified, answered: answers },
  };
}

function resultOf(fields: object = {}, correlationData?: Uint8Array): IncomingMessage {
  return {
    topic: 'device/image/response',
    payload: Buffer.from(JSON.stringify({ label: 'Chihuahua', confidence: 0.9, ...fields })),
    retained: false,
    duplicate: false,
    ...(correlationData === undefined ? {} : { correlationData }),
  };
}

const seen = { label: 'Chihuahua', confidence: 0.9 };
const received = (requestId: string, more: object): LogLine => ({
  level: 'info',
  event: 'result.received',
  fields: { ...seen, requestId, matchedBy: 'requestId', latencyMs: 0, ...more },
});
const unmatched = (why: string, requestId?: string): LogLine => ({
  level: why === 'foreign' ? 'debug' : 'info',
  event: 'result.unmatched',
  fields: { ...seen, requestId, why },
});

describe('createResults() on a result', () => {
  it('that cannot be read: says why and how it starts, and leaves the requests open', () => {
    const { results, log, classified } = createBench();
    results.opened('a');
    results.message({ ...resultOf(), payload: Buffer.from(`${'é'.repeat(40)} is no JSON`) });
    results.message(resultOf());
    assert.deepEqual(log.of('result.invalid'), [
      {
        level: 'warn',
        event: 'result.invalid',
        fields: { detail: 'not valid JSON in UTF-8', bytes: 91, starts: 'é'.repeat(30) },
      },
    ]);
    assert.deepEqual([log.of('result.received').length, classified.length], [1, 1]);
  });

  it('that the far side could not give: warns, and its request is no longer open', async () => {
    const { results, clock, log, classified } = createBench();
    results.opened('a');
    await clock.advance(12);
    results.message(resultOf({ error: 'no model', request_id: 'a' }));
    assert.deepEqual(log.lines, [
      {
        level: 'warn',
        event: 'result.failed',
        fields: { error: 'no model', requestId: 'a', matchedBy: 'requestId', latencyMs: 12 },
      },
    ]);
    assert.deepEqual([classified, clock.timers()], [[], 0]);
  });

  it('while nothing is open: is logged, and is none of this camera', () => {
    const { results, log, classified } = createBench();
    results.message(resultOf());
    assert.deepEqual(log.lines, [unmatched('nothingOpen')]);
    assert.deepEqual(classified, []);
  });

  it("of somebody else's request: matches none of ours", () => {
    const { results, log } = createBench();
    results.opened('a');
    results.message(resultOf({ request_id: 'elsewhere' }));
    results.message(resultOf({}, Buffer.from('elsewhere')));
    results.message(resultOf({ request_id: 'a' }));
    assert.deepEqual(log.lines, [
      unmatched('foreign', 'elsewhere'),
      unmatched('foreign', 'elsewhere'),
      received('a', {}),
    ]);
  });

  it("of somebody else's request that failed: is no failure of ours", () => {
    const { results, log } = createBench();
    results.opened('a');
    results.message(resultOf({ error: 'no model', request_id: 'elsewhere' }));
    assert.deepEqual(log.summary(), ['debug result.unmatched']);
  });

  it('that comes a second time: is unmatched', () => {
    const { results, log } = createBench();
    results.opened('a');
    results.message(resultOf({ request_id: 'a' }));
    results.message(resultOf({ request_id: 'a' }));
    assert.deepEqual(log.lines, [received('a', {}), unmatched('again', 'a')]);
  });

  it('with a request_id: matches that request, whatever the order', async () => {
    const { results, clock, log, classified } = createBench();
    results.opened('a');
    await clock.advance(100);
    results.opened('b');
    await clock.advance(23.4);
    results.message(resultOf({ request_id: 'b' }));
    results.message(resultOf({ request_id: 'a' }));
    assert.deepEqual(log.lines, [received('b', { latencyMs: 23 }), received('a', { latencyMs: 123 })]);
    assert.deepEqual(classified, [seen, seen]);
  });

  it('with correlation data: matches that request', () => {
    const { results, log } = createBench();
    results.opened('a');
    results.opened('b');
    results.message(resultOf({}, Buffer.from('b')));
    assert.deepEqual(log.lines, [received('b', { matchedBy: 'correlationData' })]);
  });

  it('with an id of its own beside our correlation data: matches by the correlation data', () => {
    const { results, log } = createBench();
    results.opened('a');
    results.opened('b');
    results.message(resultOf({ request_id: 'job-7' }, Buffer.from('b')));
    assert.deepEqual(log.lines, [received('b', { matchedBy: 'correlationData' })]);
  });

  it('that is retained: matches by its id alone, for without one it may be about any earlier picture', () => {
    const { results, log } = createBench();
    results.opened('a');
    results.opened('b');
    results.message({ ...resultOf(), retained: true });
    results.message({ ...resultOf({ request_id: 'b' }), retained: true });
    assert.deepEqual(log.lines, [unmatched('retained'), received('b', {})]);
  });

  it('with ids that are empty: is one without any', () => {
    const { results, log } = createBench();
    results.opened('a');
    results.message(resultOf({ request_id: '' }, Buffer.of()));
    assert.deepEqual(log.lines, [received('a', { matchedBy: 'order' })]);
  });

  it('with neither: matches the oldest open request, and says that it is a guess', () => {
    const { results, log } = createBench();
    for (const requestId of ['a', 'b', 'c']) results.opened(requestId);
    results.message(resultOf({ request_id: 'b' }));
    results.message(resultOf());
    results.message(resultOf());
    assert.deepEqual(log.lines, [
      received('b', {}),
      received('a', { matchedBy: 'order' }),
      received('c', { matchedBy: 'order' }),
    ]);
  });
});

describe('createResults() calls a request', () => {
  it('overdue after the timeout, once, and knows it no longer', async () => {
    const { results, clock, log } = createBench();
    results.opened('a');
    await clock.advance(29_999);
    assert.deepEqual(log.lines, []);
    await clock.advance(1);
    await clock.advance(60_000);
    results.message(resultOf({ request_id: 'a' }));
    assert.deepEqual(log.lines, [
      { level: 'warn', event: 'result.overdue', fields: { requestId: 'a', timeoutSeconds: 30 } },
      unmatched('late', 'a'),
    ]);
  });

  it('never overdue when its result came in time', async () => {
    const { results, clock, log } = createBench();
    results.opened('a');
    await clock.advance(29_000);
    results.message(resultOf());
    await clock.advance(60_000);
    assert.deepEqual([log.summary(), clock.timers()], [['info result.received'], 0]);
  });

  it('overdue by the time of its last sending, and late by the time of its first', async () => {
    const { results, clock, log } = createBench();
    results.opened('a');
    await clock.advance(20_000);
    results.opened('a');
    await clock.advance(29_000);
    results.message(resultOf({ request_id: 'a' }));
    assert.deepEqual(log.lines, [received('a', { latencyMs: 49_000 })]);
  });
});

describe('createResults() on a request that is sent again', () => {
  it('after it was overdue: takes its result, late by its first sending, and says overdue only once', async () => {
    const { results, clock, log } = createBench();
    results.opened('a');
    await clock.advance(40_000);
    results.opened('a');
    await clock.advance(5000);
    results.message(resultOf({ request_id: 'a' }));
    results.opened('b');
    await clock.advance(30_000);
    results.opened('b');
    await clock.advance(30_000);
    assert.deepEqual(log.summary(), ['warn result.overdue', 'info result.received', 'warn result.overdue']);
    assert.deepEqual(log.of('result.received'), [received('a', { latencyMs: 45_000 })]);
  });

  it('after its result came: waits for no second one', async () => {
    const { results, clock, log } = createBench();
    results.opened('a');
    results.message(resultOf({ request_id: 'a' }));
    results.opened('a');
    assert.equal(clock.timers(), 0);
    results.message(resultOf({ request_id: 'a' }));
    assert.deepEqual(log.lines, [received('a', {}), unmatched('again', 'a')]);
  });
});

describe('createResults()', () => {
  it('keeps a thousand requests open, and says which one it gives up for a newer one', async () => {
    const { results, clock, log } = createBench();
    for (let count = 0; count <= OPEN_MAX; count += 1) results.opened(`r${count}`);
    assert.equal(clock.timers(), OPEN_MAX);
    assert.deepEqual(log.lines, [
      {
        level: 'warn',
        event: 'result.overdue',
        fields: { requestId: 'r0', timeoutSeconds: 30, displacedBy: '1000 newer requests' },
      },
    ]);
    results.message(resultOf({ request_id: 'r0' }));
    results.message(resultOf({ request_id: 'r1' }));
    assert.deepEqual(log.lines.slice(1), [unmatched('displaced', 'r0'), received('r1', {})]);
    await clock.advance(30_000);
    assert.equal(log.of('result.overdue').length, OPEN_MAX);
  });

  it('remembers a thousand closed requests, and takes older ones for foreign', () => {
    const { results, log } = createBench();
    for (let count = 0; count <= OPEN_MAX; count += 1) {
      results.opened(`r${count}`);
      results.message(resultOf({ request_id: `r${count}` }));
    }
    results.message(resultOf({ request_id: 'r0' }));
    results.message(resultOf({ request_id: 'r1' }));
    assert.deepEqual(log.of('result.unmatched'), [unmatched('foreign', 'r0'), unmatched('again', 'r1')]);
  });

  it('tells of an answered request what was known of it when it was sent', async () => {
    const { results, clock, answered } = createBench();
    const facts = { capturedAt: '2031-05-06T07:08:09.010Z', bytes: 7, suspect: 'black' } as const;
    results.opened('a', facts);
    results.opened('b');
    await clock.advance(5);
    results.message(resultOf({ request_id: 'a' }));
    results.message(resultOf());
    assert.deepEqual(answered, [
      { requestId: 'a', matchedBy: 'requestId', latencyMs: 5, facts },
      { requestId: 'b', matchedBy: 'order', latencyMs: 5, facts: {} },
    ]);
  });

  it('says in the line of a result what was done about it', () => {
    const { results, log } = createBench({ onClassification: () => ({ action: 'lamp' }) });
    results.opened('a');
    results.message(resultOf());
    assert.deepEqual(log.lines, [received('a', { matchedBy: 'order', action: 'lamp' })]);
  });

  it('with several detections, of which the filter names one: tells of that one, and hands it on', () => {
    const choose = createResultFilter({ type: 'detection', labelScore: { dog: 0.4 } });
    const { results, log, classified } = createBench({ choose });
    results.opened('a');
    const of = (name: string, probability: number): object => ({ labels: [{ name, probability }] });
    const predictions = { annotations: [of('box', 0.92), of('dog', 0.73)] };
    results.message({
      ...resultOf(),
      payload: Buffer.from(JSON.stringify({ predictions, request_id: 'a' })),
    });
    const dog = { label: 'dog', confidence: 0.73 };
    assert.deepEqual(log.lines, [received('a', dog)]);
    assert.deepEqual(classified, [dog]);
  });

  it('counts what is not worth a line, hands it on all the same, and logs it at debug', () => {
    const { results, log, classified } = createBench({ choose: () => undefined });
    results.opened('a');
    results.message(resultOf());
    results.message(resultOf());
    assert.deepEqual(log.summary(), ['debug result.filtered', 'debug result.unmatched']);
    assert.deepEqual(classified, [seen]);
  });

  it('tells failures whatever is filtered', () => {
    const { results, log } = createBench({ choose: () => undefined });
    results.opened('a');
    results.message(resultOf({ error: 'no model' }));
    assert.deepEqual(log.summary(), ['warn result.failed']);
  });

  it('lets nobody go when one of a thousand is sent again', () => {
    const { results, clock } = createBench();
    for (let count = 0; count < OPEN_MAX; count += 1) results.opened(`r${count}`);
    results.opened('r5');
    assert.equal(clock.timers(), OPEN_MAX);
  });

  it('tells a flood of strangers and of nonsense in ten lines and a summary a second each, and counts them all', async () => {
    const { results, clock, log } = createBench();
    for (let count = 0; count < 300; count += 1) {
      results.message(resultOf());
      results.message(resultOf({ request_id: `elsewhere-${count}` }));
      results.message({ ...resultOf(), payload: Buffer.from('nonsense') });
    }
    await clock.advance(1000);
    const last = (event: 'result.unmatched' | 'result.invalid', level: string): unknown =>
      log.of(event).filter((line) => line.level === level)[10]?.fields;
    assert.deepEqual(last('result.unmatched', 'info'), { count: 290, byWhy: { nothingOpen: 290 } });
    assert.deepEqual(last('result.unmatched', 'debug'), { count: 290, byWhy: { foreign: 290 } });
    assert.deepEqual(last('result.invalid', 'warn'), { count: 290 });
    assert.equal(log.lines.length, 3 * 11);
    assert.deepEqual(results.counters(), { 'result.unmatched': 600, 'result.invalid': 300 });
  });

  it('leaves no timer behind when it stops, twice or once', async () => {
    const { results, clock, log } = createBench();
    results.opened('a');
    results.opened('b');
    results.stop();
    results.stop();
    assert.equal(clock.timers(), 0);
    await clock.advance(60_000);
    assert.deepEqual(log.lines, []);
  });
});

// Whatever a result holds, through parser, matching, filter, actions, history line and the real log: no crash, no forged line.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createActions } from '../../src/result/actions.ts';
import { createResultFilter } from '../../src/result/filter.ts';
import { historyLine, parseHistoryLine, type HistoryEntry } from '../../src/result/history-entry.ts';
import { createResults } from '../../src/result/results.ts';
import { createLog } from '../../src/support/log.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { createFakeLink } from '../helpers/fake-link.ts';

const RUNS = process.env['SHUTTERD_TEST_LONG'] === '1' ? 100_000 : 1000;
const LINE_BYTES_MAX = 8192;
const UNSAFE = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/u;

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom(
    'cat',
    'open',
    '__proto__',
    'constructor',
    '\u001b[2J',
    'a\n{"level":"error"}',
    '\u202e',
    '\0',
  ),
);
const values = fc.oneof(texts, fc.double(), fc.jsonValue({ stringUnit: 'binary' }));
const names = fc.constantFrom(
  'label',
  'confidence',
  'score',
  'request_id',
  'error',
  'predictions',
  '__proto__',
);
const numbers = fc.oneof(
  { weight: 4, arbitrary: fc.double({ min: 0, max: 1 }) },
  fc.constantFrom(0, 1, Number.MAX_VALUE, -1, 97),
);
const good = fc.record({ label: texts, confidence: numbers }, { requiredKeys: ['label', 'confidence'] });
const scored = fc.record(
  { label: texts, score: numbers, request_id: texts },
  { requiredKeys: ['label', 'score'] },
);
const detections = fc.record({
  predictions: fc.record({
    annotations: fc.array(fc.record({ labels: fc.array(fc.record({ name: texts, probability: numbers })) })),
  }),
});
const asBytes = (json: unknown): Uint8Array => Buffer.from(JSON.stringify(json));
const deep = fc
  .tuple(fc.integer({ min: 0, max: 70_000 }), fc.constantFrom('[', '{"a":', '[{"label":'))
  .map(([count, opening]) => Buffer.from(opening.repeat(count).slice(0, 70_000)));
const payloads: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 8, arbitrary: fc.oneof(good, scored, detections, fc.array(scored)).map(asBytes) },
  { weight: 3, arbitrary: fc.dictionary(names, values).map(asBytes) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  { weight: 1, arbitrary: fc.json({ stringUnit: 'binary' }).map((json) => Buffer.from(json)) },
  // Cut or changed in one place, as a bad network or a bad program does it.
  {
    weight: 2,
    arbitrary: fc.tuple(good.map(asBytes), fc.nat(), fc.nat(255)).map(([whole, at, byte]) => {
      const copy = Buffer.from(whole);
      copy[at % copy.length] = byte;
      return byte % 2 === 0 ? copy : copy.subarray(0, at % copy.length);
    }),
  },
  { weight: 1, arbitrary: deep },
  { weight: 1, arbitrary: texts.map((text) => asBytes({ label: text.repeat(400), confidence: 1 })) },
);
const correlations = fc.option(
  fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.constantFrom('open', 'elsewhere').map((id) => Buffer.from(id)),
  ),
  { nil: undefined, freq: 1 },
);

describe('a result of any bytes', function () {
  this.timeout(RUNS * 10);

  it(`is one safe log line of at most 8 KiB and reaches no prototype, ${RUNS} times`, async () => {
    const [clock, lines, entries] = [createFakeClock(), [] as string[], [] as HistoryEntry[]];
    const log = createLog({
      ...{ level: 'debug', format: 'json', journald: false },
      write: (line) => lines.push(line),
    });
    const known = [{ label: 'cat', minConfidence: 0, publish: 'lamp' }];
    const actions = createActions({
      ...{ actions: () => known, deviceId: () => 'pi-1', clock },
    });
    const ended = new AbortController();
    const running = actions.run(createFakeLink(), ended.signal);
    const choose = createResultFilter({ type: 'detection', labelScore: { cat: 0.5 } });
    let matched = 0;
    const inherited = Reflect.ownKeys(Object.prototype).length;
    const judge = (payload: Uint8Array, correlationData: Uint8Array | undefined): void => {
      lines.length = 0;
      const results = createResults({
        ...{ clock, log, settings: { timeoutSeconds: 30 }, choose },
        onClassification: (seen, { facts, ...answered }) => {
          entries.push({ receivedAt: clock.now().toISOString(), ...seen, ...answered, ...facts });
          return { action: actions.seen(seen, answered.requestId) };
        },
      });
      results.opened('open');
      results.message({
        ...{ topic: 'response', payload, retained: false, duplicate: false },
        ...(correlationData === undefined ? {} : { correlationData }),
      });
      for (const line of lines) {
        assert.doesNotMatch(line.slice(0, -1), UNSAFE);
        assert.ok(line.endsWith('}\n') && Buffer.byteLength(line) <= LINE_BYTES_MAX, `${line.length}`);
      }
      assert.equal(lines.length, 1);
      matched += entries.length;
      results.stop();
      for (const entry of entries.splice(0)) {
        const line = historyLine(entry);
        assert.doesNotMatch(line.slice(0, -1), UNSAFE);
        assert.deepEqual(parseHistoryLine(line), entry);
      }
    };
    fc.assert(fc.property(payloads, correlations, judge), { numRuns: RUNS });
    assert.equal(Reflect.ownKeys(Object.prototype).length, inherited);
    assert.ok(matched > RUNS / 20, `${matched} of ${RUNS} matched`);
    ended.abort();
    await running;
  });
});

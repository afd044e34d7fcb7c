import assert from 'node:assert/strict';
import type { Classification } from '../../src/domain.ts';
import { parseResult, RESULT_BYTES_MAX, type ParsedResult } from '../../src/result/parse-result.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const padded = (length: number): Uint8Array => bytes('{"label":"a","confidence":1}'.padEnd(length));

const labelled = (label: string): Uint8Array => bytes(JSON.stringify({ label, confidence: 1 }));
const nested = (levels: number): string =>
  `{"label":"a","confidence":1,"more":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;

/** Detection metadata as DL Streamer Pipeline Server publishes it, with the fields that matter here and their neighbours. */
const detected = (...annotations: readonly object[][]): Uint8Array =>
  bytes(
    JSON.stringify({
      height: 480,
      predictions: {
        kind: 'prediction',
        maps: [],
        annotations: annotations.map((labels) => ({ shape: { type: 'RECTANGLE', x: 1 }, id: null, labels })),
      },
      request_id: 'r',
    }),
  );

describe('parseResult() says invalid of', () => {
  const cases: readonly [string, Uint8Array, RegExp][] = [
    ['64 KiB and a byte', padded(RESULT_BYTES_MAX + 1), /^65537 bytes, at most 65536$/],
    ['nothing', bytes(''), /^not valid JSON in UTF-8$/],
    ['text', bytes('Chihuahua'), /^not valid JSON/],
    ['half an object', bytes('{"label":"a","confidence":'), /^not valid JSON/],
    ['a byte that is no UTF-8', Buffer.concat([bytes('{"label":"'), Buffer.of(0xc3), bytes('"}')]), /UTF-8$/],
    ['NaN, which JSON does not have', bytes('{"label":"a","confidence":NaN}'), /^not valid JSON/],
    ['null', bytes('null'), /^neither a JSON object nor a list$/],
    ['a number', bytes('7'), /^neither/],
    ['a text in JSON', bytes('"a"'), /^neither/],
    ['60,000 lists in one another', bytes('['.repeat(60_000)), /^nested deeper than 32 levels$/],
    ['32,000 whole ones', bytes(`${'['.repeat(32_000)}${']'.repeat(32_000)}`), /^nested deeper/],
    ['33 levels around a good label', bytes(nested(33)), /^nested deeper than 32 levels$/],
    ['brackets after a text that ends in a backslash', bytes(`{"a":"\\\\","b":${'['.repeat(40)}`), /^nested/],
    ['an empty list', bytes('[]'), /^there is no label in it$/],
    ['a list in a list', bytes('[[{"label":"a","score":1}]]'), /^label is not a non-empty string$/],
    ['a list with one entry that is none', bytes('[{"label":"a","score":1},7]'), /^label is not/],
    ['a list with one score above 1', bytes('[{"label":"a","score":0.5},{"label":"b","score":97}]'), /^conf/],
    ['a picture in which nothing was detected', detected([]), /^there is no label in it$/],
    ['predictions without annotations', bytes('{"predictions":{}}'), /^there is no label in it$/],
    ['predictions that are a list', bytes('{"predictions":[]}'), /^label is not/],
    ['a detection without a name', detected([{ probability: 1 }]), /^label is not/],
    ['a detection without a probability', detected([{ name: 'box' }]), /^confidence is not/],
    ['no label', bytes('{"confidence":1}'), /^label is not a non-empty string$/],
    ['an empty label', bytes('{"label":"","confidence":1}'), /^label is not/],
    ['a label that is a number', bytes('{"label":7,"confidence":1}'), /^label is not/],
    [
      'a label of 257 characters',
      bytes(`{"label":"${'x'.repeat(257)}","confidence":1}`),
      /^label is longer than 256/,
    ],
    ['a label from a prototype', bytes('{"__proto__":{"label":"a","confidence":1}}'), /^label is not/],
    ['no confidence', bytes('{"label":"a"}'), /^confidence is not a number from 0 to 1$/],
    ['a confidence in a text', bytes('{"label":"a","confidence":"0.9"}'), /^confidence/],
    ['a confidence that is null', bytes('{"label":"a","confidence":null}'), /^confidence/],
    ['a confidence below 0', bytes('{"label":"a","confidence":-0.1}'), /^confidence/],
    ['a confidence above 1', bytes('{"label":"a","confidence":1.1}'), /^confidence/],
    ['a confidence in percent', bytes('{"label":"a","confidence":97}'), /^confidence/],
    ['a confidence without end', bytes('{"label":"a","confidence":1e999}'), /^confidence/],
    [
      'a request_id that is a number',
      bytes('{"label":"a","confidence":1,"request_id":7}'),
      /^request_id is not a string$/,
    ],
    ['a request_id that is null', bytes('{"label":"a","confidence":1,"request_id":null}'), /^request_id/],
    ['an error under a request_id that is an object', bytes('{"error":"x","request_id":{}}'), /^request_id/],
    ['257 characters that count twice each', labelled('\u{1f436}'.repeat(257)), /^label is longer than 256/],
    ['an error that is no text, and no label', bytes('{"error":true}'), /^label/],
  ];
  for (const [what, payload, detail] of cases) {
    it(what, () => {
      const parsed = parseResult(payload);
      assert.equal(parsed.kind, 'invalid');
      assert.match(parsed.detail, detail);
    });
  }
});

describe('parseResult() reads', () => {
  const classified = (label: string, confidence: number): ParsedResult => ({
    kind: 'classification',
    classification: { label, confidence },
  });
  const seen = (label: string, confidence: number): Classification => ({ label, confidence });
  const ranked = (
    ...[label, confidence, labels]: [string, number, readonly Classification[]]
  ): ParsedResult => ({
    ...{ kind: 'classification', classification: { label, confidence }, labels },
  });
  const cases: readonly [string, Uint8Array, ParsedResult][] = [
    [
      'a label and its confidence',
      bytes('{"label":"Chihuahua","confidence":0.97}'),
      classified('Chihuahua', 0.97),
    ],
    ['no confidence at all', bytes('{"label":"a","confidence":0}'), classified('a', 0)],
    ['full confidence', bytes('{"label":"a","confidence":1}'), classified('a', 1)],
    ['a score for a confidence', bytes('{"label":"Person","score":0.5}'), classified('Person', 0.5)],
    ['a confidence before a score', bytes('{"label":"a","score":1,"confidence":0.5}'), classified('a', 0.5)],
    [
      'the surest of a list',
      bytes('[{"label":"a","score":0.2},{"label":"b","confidence":0.7},{"label":"c","score":0.1}]'),
      ranked('b', 0.7, [seen('a', 0.2), seen('b', 0.7), seen('c', 0.1)]),
    ],
    [
      'the first of two that are as sure',
      bytes('[{"label":"a","score":0.5},{"label":"b","score":0.5}]'),
      ranked('a', 0.5, [seen('a', 0.5), seen('b', 0.5)]),
    ],
    [
      'the surest label of all detections',
      detected(
        [{ name: 'box', probability: 0.7 }],
        [],
        [
          { name: 'label', probability: 0.9 },
          { name: 'x', probability: 0 },
        ],
      ),
      {
        ...ranked('label', 0.9, [seen('box', 0.7), seen('label', 0.9), seen('x', 0)]),
        requestId: 'r',
      } as ParsedResult,
    ],
    [
      'a label before detections',
      bytes('{"label":"a","score":1,"predictions":{"annotations":[]}}'),
      classified('a', 1),
    ],
    ['32 levels', bytes(nested(32)), classified('a', 1)],
    ['brackets in a text', labelled('[{'.repeat(100)), classified('[{'.repeat(100), 1)],
    ['a quoted quote before brackets', labelled(`"${'['.repeat(100)}`), classified(`"${'['.repeat(100)}`, 1)],
    [
      '256 characters that count twice each',
      labelled('\u{1f436}'.repeat(256)),
      classified('\u{1f436}'.repeat(256), 1),
    ],
    ['a terminal escape, made visible', labelled('\u001b[2Jcat'), classified('\\u001b[2Jcat', 1)],
    ['a forged line, made visible', labelled('cat\n{"event"'), classified('cat\\u000a{"event"', 1)],
    ['a right-to-left override, made visible', labelled('cat\u202egod'), classified('cat\\u202egod', 1)],
    ['an error, made visible', bytes('{"error":"a\\u001bb"}'), { kind: 'failed', error: 'a\\u001bb' }],
    ['64 KiB', padded(RESULT_BYTES_MAX), classified('a', 1)],
    [
      'a label of 256 characters',
      bytes(`{"label":"${'x'.repeat(256)}","confidence":1}`),
      classified('x'.repeat(256), 1),
    ],
    ['past unknown fields', bytes('{"top":[1],"label":"a","confidence":1,"model":null}'), classified('a', 1)],
    [
      'a request_id',
      bytes('{"label":"a","confidence":1,"request_id":"r"}'),
      { ...classified('a', 1), requestId: 'r' } as ParsedResult,
    ],
    ['a failure of the far side', bytes('{"error":"no model"}'), { kind: 'failed', error: 'no model' }],
    [
      'a failure before a label',
      bytes('{"error":"no model","label":"a","confidence":1,"request_id":"r"}'),
      { kind: 'failed', error: 'no model', requestId: 'r' },
    ],
  ];
  for (const [what, payload, parsed] of cases) it(what, () => assert.deepEqual(parseResult(payload), parsed));
});

describe('parseResult() cuts', () => {
  it('a request_id after 128 characters and an error after 512, and no character in two', () => {
    const request_id = `x${'🚪'.repeat(200)}`;
    const parsed = parseResult(bytes(JSON.stringify({ error: 'é'.repeat(60_000 / 2), request_id })));
    assert.deepEqual(parsed, {
      kind: 'failed',
      error: 'é'.repeat(512),
      requestId: `x${'🚪'.repeat(127)}`,
    });
  });

  it('nothing of a request_id of 128 characters', () => {
    const requestId = '🚪'.repeat(128);
    const parsed = parseResult(bytes(JSON.stringify({ label: 'a', confidence: 1, request_id: requestId })));
    assert.equal(parsed.kind === 'classification' && parsed.requestId, requestId);
  });
});

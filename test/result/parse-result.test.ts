import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseResult, RESULT_BYTES_MAX, type ParsedResult } from '../../src/result/parse-result.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const padded = (length: number): Uint8Array => bytes('{"label":"a","confidence":1}'.padEnd(length));

describe('parseResult() says invalid of', () => {
  const cases: readonly [string, Uint8Array, RegExp][] = [
    ['64 KiB and a byte', padded(RESULT_BYTES_MAX + 1), /^65537 bytes, at most 65536$/],
    ['nothing', bytes(''), /^not valid JSON in UTF-8$/],
    ['text', bytes('Chihuahua'), /^not valid JSON/],
    ['half an object', bytes('{"label":"a","confidence":'), /^not valid JSON/],
    ['a byte that is no UTF-8', Buffer.concat([bytes('{"label":"'), Buffer.of(0xc3), bytes('"}')]), /UTF-8$/],
    ['NaN, which JSON does not have', bytes('{"label":"a","confidence":NaN}'), /^not valid JSON/],
    ['a list', bytes('[{"label":"a","confidence":1}]'), /^not a JSON object$/],
    ['null', bytes('null'), /^not a JSON object$/],
    ['a number', bytes('7'), /^not a JSON object$/],
    ['a text in JSON', bytes('"a"'), /^not a JSON object$/],
    ['deep nesting', bytes('['.repeat(60_000)), /^not valid JSON/],
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
  const cases: readonly [string, Uint8Array, ParsedResult][] = [
    [
      'a label and its confidence',
      bytes('{"label":"Chihuahua","confidence":0.97}'),
      classified('Chihuahua', 0.97),
    ],
    ['no confidence at all', bytes('{"label":"a","confidence":0}'), classified('a', 0)],
    ['full confidence', bytes('{"label":"a","confidence":1}'), classified('a', 1)],
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

describe('parseResult()', () => {
  const payloads = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.json().map(bytes),
    fc
      .dictionary(fc.constantFrom('label', 'confidence', 'request_id', 'error', '__proto__'), fc.jsonValue())
      .map((json) => bytes(JSON.stringify(json))),
  );

  it('never throws, and gives no confidence outside 0 to 1', () => {
    fc.assert(
      fc.property(payloads, (payload) => {
        const parsed = parseResult(payload);
        if (parsed.kind !== 'classification') return true;
        const { label, confidence } = parsed.classification;
        return label !== '' && confidence >= 0 && confidence <= 1;
      }),
      { numRuns: 300 },
    );
  });
});

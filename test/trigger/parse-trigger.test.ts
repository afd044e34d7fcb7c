import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseTrigger, TRIGGER_BYTES_MAX, type TriggerFields } from '../../src/trigger/parse-trigger.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const padded = (length: number): Uint8Array => bytes('{}'.padEnd(length));

describe('parseTrigger() says malformed of', () => {
  const cases: readonly [string, Uint8Array, RegExp][] = [
    ['64 KiB and a byte', new Uint8Array(TRIGGER_BYTES_MAX + 1), /^65537 bytes, at most 65536$/],
    ['64 KiB and a byte of JSON', padded(TRIGGER_BYTES_MAX + 1), /^65537 bytes/],
    ['a brace that never closes', bytes('{'), /JSON/],
    ['blanks before a brace that never closes', bytes(' \t\r\n{"a":1'), /JSON/],
    ['two objects', bytes('{}{}'), /JSON/],
    ['a number JSON does not have', bytes('{"max_width":NaN}'), /JSON/],
    ['a byte that is no UTF-8', Buffer.concat([bytes('{"a":"'), Buffer.of(0xff), bytes('"}')]), /UTF-8/],
    ['a surrogate in UTF-8', Buffer.from('7b2261223a22eda08022'.concat('7d'), 'hex'), /UTF-8/],
    ['a request_id that is a number', bytes('{"request_id":7}'), /^request_id is not 1 to 128 printable/],
    ['a request_id that is null', bytes('{"request_id":null}'), /^request_id/],
    ['an empty request_id', bytes('{"request_id":""}'), /^request_id/],
    ['a request_id of 129 characters', bytes(`{"request_id":"${'x'.repeat(129)}"}`), /^request_id/],
    [
      'a request_id of 129 characters of two units',
      bytes(`{"request_id":"${'🚪'.repeat(129)}"}`),
      /^request_id/,
    ],
    ['a request_id with a line end', bytes(String.raw`{"request_id":"a\nb"}`), /^request_id/],
    ['a request_id with an escape', bytes(String.raw`{"request_id":"\u001b[2J"}`), /^request_id/],
    ['a request_id with U+2028', bytes(String.raw`{"request_id":"a\u2028"}`), /^request_id/],
    ['a request_id that turns the text', bytes(String.raw`{"request_id":"\u202e"}`), /^request_id/],
    ['a request_id of half a character', bytes(String.raw`{"request_id":"\ud800"}`), /^request_id/],
    ['a sent_at that is a number', bytes('{"sent_at":1700000000}'), /^sent_at is not an RFC 3339 time$/],
    ['a sent_at without a zone', bytes('{"sent_at":"2031-05-06T07:08:09"}'), /^sent_at/],
    ['a sent_at in words', bytes('{"sent_at":"6 May 2031 07:08:09 UTC"}'), /^sent_at/],
    ['a sent_at on 30 February', bytes('{"sent_at":"2031-02-30T07:08:09Z"}'), /^sent_at/],
    [
      'a sent_at at 24:00:00',
      bytes('{"sent_at":"2031-05-06T24:00:00Z"}'),
      /^sent_at is not an RFC 3339 time$/,
    ],
    ['a sent_at in minute 60', bytes('{"sent_at":"2031-05-06T07:60:00Z"}'), /^sent_at/],
    ['a sent_at in a zone of 24 hours', bytes('{"sent_at":"2031-05-06T07:08:09+24:00"}'), /^sent_at/],
    ['a leap second in the middle of a day', bytes('{"sent_at":"2031-05-06T07:08:60Z"}'), /^sent_at/],
    ['a leap second of local time', bytes('{"sent_at":"2031-05-06T23:59:60+02:00"}'), /^sent_at/],
    ['an expires_at in month 13', bytes('{"expires_at":"2031-13-06T07:08:09Z"}'), /^expires_at/],
    ['an expires_at that is an object', bytes('{"expires_at":{}}'), /^expires_at/],
    ['a max_width of 0', bytes('{"max_width":0}'), /^max_width is not a whole number above 0$/],
    ['a max_width below 0', bytes('{"max_width":-1}'), /^max_width/],
    ['a max_width in a text', bytes('{"max_width":"640"}'), /^max_width/],
    ['a max_width with a fraction', bytes('{"max_width":640.5}'), /^max_width/],
    ['a max_width without end', bytes('{"max_width":1e999}'), /^max_width/],
    ['a max_quality that is true', bytes('{"max_quality":true}'), /^max_quality/],
    ['a max_quality in a list', bytes('{"max_quality":[80]}'), /^max_quality/],
  ];
  for (const [what, payload, detail] of cases) {
    it(what, () => {
      const parsed = parseTrigger(payload);
      assert.equal(parsed.kind, 'malformed');
      assert.match(parsed.detail, detail);
    });
  }
});

describe('parseTrigger() gives the request_id of what is malformed', () => {
  const cases: readonly [string, string, string | undefined][] = [
    ['where another field is wrong', '{"max_width":"640","request_id":"a"}', 'a'],
    ['but not one that is wrong itself', String.raw`{"max_width":"640","request_id":"\u001b"}`, undefined],
    ['but not one of a prototype', '{"__proto__":{"request_id":"a"},"max_width":"640"}', undefined],
    ['but not out of broken JSON', '{"request_id":"a","max_width":}', undefined],
  ];
  for (const [what, payload, requestId] of cases) {
    it(what, () => {
      const parsed = parseTrigger(bytes(payload));
      assert.equal(parsed.kind, 'malformed');
      assert.equal(parsed.requestId, requestId);
    });
  }
});

describe('parseTrigger() takes', () => {
  const cases: readonly [string, Uint8Array, TriggerFields][] = [
    ['no payload', bytes(''), {}],
    ['blanks', bytes(' \n\t\r '), {}],
    ['a word', bytes('snap!'), {}],
    ['a list', bytes('[{"request_id":7}]'), {}],
    ['bytes of any kind', Buffer.of(0xff, 0x00, 0x7b), {}],
    ['64 KiB of anything', new Uint8Array(TRIGGER_BYTES_MAX), {}],
    ['64 KiB of JSON', padded(TRIGGER_BYTES_MAX), {}],
    ['an empty object after blanks', bytes(' \r\n\t{}'), {}],
    [
      'all known fields',
      bytes(
        '{"request_id":"Tür 7 🚪","sent_at":"2031-05-06T07:08:09.5Z","expires_at":"2031-05-06T09:08:09+02:00",' +
          '"max_width":640,"max_quality":1}',
      ),
      {
        requestId: 'Tür 7 🚪',
        sentAtMs: Date.UTC(2031, 4, 6, 7, 8, 9, 500),
        expiresAtMs: Date.UTC(2031, 4, 6, 7, 8, 9),
        maxWidthPx: 640,
        maxQuality: 1,
      },
    ],
    [
      'a request_id of 128 characters',
      bytes(`{"request_id":"${'x'.repeat(128)}"}`),
      { requestId: 'x'.repeat(128) },
    ],
    [
      'a request_id of 128 characters of two UTF-16 units',
      bytes(`{"request_id":"${'🚪'.repeat(128)}"}`),
      { requestId: '🚪'.repeat(128) },
    ],
    [
      'a leap second as the one before it, in any zone',
      bytes('{"sent_at":"2031-12-31T23:59:60Z","expires_at":"2031-12-31t15:59:60.5-08:00"}'),
      { sentAtMs: Date.UTC(2031, 11, 31, 23, 59, 59), expiresAtMs: Date.UTC(2031, 11, 31, 23, 59, 59, 500) },
    ],
    [
      'RFC 3339 in lower case and with a blank',
      bytes('{"sent_at":"2031-05-06t07:08:09z","expires_at":"2031-05-06 07:08:09Z"}'),
      { sentAtMs: Date.UTC(2031, 4, 6, 7, 8, 9), expiresAtMs: Date.UTC(2031, 4, 6, 7, 8, 9) },
    ],
    [
      'the last day of a leap year',
      bytes('{"sent_at":"2032-02-29T00:00:00Z"}'),
      { sentAtMs: Date.UTC(2032, 1, 29) },
    ],
    [
      'unknown fields, whatever they hold',
      bytes('{"camera":"/etc/passwd","path":[1],"max_width":5}'),
      { maxWidthPx: 5 },
    ],
    [
      'a prototype as a field like any other unknown one',
      bytes('{"__proto__":{"request_id":"evil","max_width":"x"},"constructor":1,"max_quality":9}'),
      { maxQuality: 9 },
    ],
    ['the last of a repeated field', bytes('{"max_width":"x","max_width":7}'), { maxWidthPx: 7 }],
    ['deep nesting in an unknown field', bytes(`{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`), {}],
  ];
  for (const [what, payload, fields] of cases) {
    it(what, () => assert.deepEqual(parseTrigger(payload), { kind: 'parsed', fields }));
  }

  it('no prototype from outside', () => {
    parseTrigger(bytes('{"__proto__":{"polluted":true}}'));
    assert.equal('polluted' in {}, false);
  });
});

describe('parseTrigger()', () => {
  const known = ['request_id', 'sent_at', 'expires_at', 'max_width', 'max_quality', '__proto__'];
  const payloads = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.uint8Array({ maxLength: 100 }).map((tail) => Buffer.concat([bytes('{'), tail])),
    fc.dictionary(fc.constantFrom(...known), fc.jsonValue()).map((json) => bytes(JSON.stringify(json))),
  );

  it('never throws, and gives nothing but the known fields in their bounds', () => {
    fc.assert(
      fc.property(payloads, (payload) => {
        const parsed = parseTrigger(payload);
        if (parsed.kind === 'malformed') return parsed.detail !== '';
        const {
          requestId = 'x',
          sentAtMs = 0,
          expiresAtMs = 0,
          maxWidthPx = 1,
          maxQuality = 1,
          ...rest
        } = parsed.fields;
        assert.deepEqual(rest, {});
        assert.ok(requestId.length >= 1 && Array.from(requestId).length <= 128);
        assert.ok(Number.isFinite(sentAtMs) && Number.isFinite(expiresAtMs));
        assert.ok(Number.isSafeInteger(maxWidthPx) && maxWidthPx > 0);
        assert.ok(Number.isSafeInteger(maxQuality) && maxQuality > 0);
        return true;
      }),
      { numRuns: 300 },
    );
  });
});

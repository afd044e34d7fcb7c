// How environment and flag text is read: strictly, and never coerced.
import assert from 'node:assert/strict';
import { integer, oneOf, unsettable, yesOrNo, type Format } from '../../src/config/format.ts';
import * as formats from '../../src/config/formats.ts';
import * as maps from '../../src/config/map-formats.ts';

const number = integer({ min: -1, max: 100 });

describe('fromText()', () => {
  const texts: readonly [Format<unknown>, string, unknown][] = [
    [number, '5', 5],
    [number, '-1', -1],
    [number, '12abc', '12abc'],
    [number, '0x1f', '0x1f'],
    [number, '1e1', '1e1'],
    [number, '', ''],
    [number, ' 5', ' 5'],
    [number, '05', '05'],
    [number, 'NaN', 'NaN'],
    [yesOrNo(), 'true', true],
    [yesOrNo(), 'false', false],
    [yesOrNo(), 'off', 'off'],
    [yesOrNo(), '', ''],
    [oneOf('auto', 3), '3', 3],
    [oneOf('auto', 3), 'auto', 'auto'],
    [formats.topicFilters, 'a, b/#', ['a', 'b/#']],
    [formats.topicFilters, '["a,b"]', ['a,b']],
    [formats.topicFilters, '["a"', '["a"'],
    [formats.topicFilters, '', []],
    [maps.controls, '{"a":1}', { a: 1 }],
    [maps.controls, 'a=1', 'a=1'],
    [unsettable(formats.userName), '', null],
    [unsettable(formats.userName), 'me', 'me'],
  ];
  for (const [format, text, expected] of texts) {
    it(`of ${format.name} reads ${JSON.stringify(text)} as ${JSON.stringify(expected)}`, () => {
      assert.deepEqual(format.fromText(text), expected);
    });
  }
});

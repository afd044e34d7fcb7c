import assert from 'node:assert/strict';
import { createResultFilter } from '../../src/result/filter.ts';

describe('createResultFilter()', () => {
  const cases: readonly [what: string, labelScore: Record<string, number>, label: string, passes: boolean][] =
    [
      ['another label', { cat: 0.1 }, 'dog', false],
      ['a label that differs in case', { Cat: 0.1 }, 'cat', false],
      ['less than the score', { cat: 0.51 }, 'cat', false],
      ['anything, where no label is named', {}, 'cat', false],
      ['a label that objects inherit', { cat: 0 }, 'constructor', false],
      ['a label that names the prototype', { cat: 0 }, '__proto__', false],
      ['exactly the score', { cat: 0.5 }, 'cat', true],
      ['a label with a joiner, as parsing makes it visible', { 'a\u200db': 0 }, 'a\\u200db', true],
    ];
  for (const [what, labelScore, label, passes] of cases) {
    it(`${passes ? 'passes' : 'holds back'} ${what}`, () => {
      assert.equal(createResultFilter({ labelScore })({ label, confidence: 0.5 }), passes);
    });
  }

  it('passes everything where it is not set', () => {
    assert.equal(createResultFilter(null)({ label: 'cat', confidence: 0 }), true);
  });
});

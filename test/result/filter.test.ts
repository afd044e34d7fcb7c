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
      const classification = { label, confidence: 0.5 };
      for (const type of ['classification', 'detection'] as const) {
        const chosen = createResultFilter({ type, labelScore })({ classification });
        assert.deepEqual(chosen, passes ? classification : undefined);
      }
    });
  }

  it('passes everything where it is not set', () => {
    const classification = { label: 'cat', confidence: 0 };
    assert.deepEqual(createResultFilter(null)({ classification }), classification);
  });

  describe('of a picture with several things in it', () => {
    const [box, label, weak] = [
      { label: 'box', confidence: 0.92 },
      { label: 'shipping label', confidence: 0.73 },
      { label: 'shipping label', confidence: 0.41 },
    ];
    const result = { classification: box, labels: [weak, box, label] };
    const labelScore = { 'shipping label': 0.4 };

    it('takes the surest of those that pass, where the type is detection', () => {
      assert.deepEqual(createResultFilter({ type: 'detection', labelScore })(result), label);
    });

    it('judges the surest alone, where the type is classification', () => {
      assert.equal(createResultFilter({ type: 'classification', labelScore })(result), undefined);
    });

    it('holds back a detection in which each is below its score', () => {
      const high = { 'shipping label': 0.74, box: 0.93 };
      assert.equal(createResultFilter({ type: 'detection', labelScore: high })(result), undefined);
    });
  });
});

// Answers of endpoints in the forms of others' model servers, read into one label or one sentence.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readAnswer, softmax, type AnswerSettings } from '../../../cloud/aws/lambda/answer.ts';
import { parseLabels } from '../../../cloud/aws/lambda/labels.ts';

const LABELS = ['cat', 'pug', 'tree'];
const read = (answer: unknown, settings: AnswerSettings) =>
  readAnswer(Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer)), settings);
const labelled = (answer: unknown) => read(answer, { output: 'label' });
const scored = (answer: unknown) => read(answer, { output: 'probabilities', labels: LABELS });

describe('readAnswer()', () => {
  const malformed: readonly (readonly [
    says: string,
    answer: unknown,
    settings: AnswerSettings,
    detail: RegExp,
  ])[] = [
    ['no JSON', 'pug', { output: 'label' }, /not JSON/],
    ['NaN, as Python writes it', '[NaN, 0.1]', { output: 'probabilities' }, /NaN and Infinity are not JSON/],
    ['a text', '"pug"', { output: 'label' }, /neither \{label, confidence\} nor a list/],
    ['an empty list', [], { output: 'label' }, /empty list/],
    ['an empty label', { label: '', confidence: 1 }, { output: 'label' }, /no label/],
    ['scores for a label', [0.1, 0.9], { output: 'label' }, /neither/],
    ['a confidence of 97', { label: 'pug', confidence: 97 }, { output: 'label' }, /no number from 0 to 1/],
    [
      'one wrong of two',
      [{ label: 'a', score: 1 }, { label: 'b' }],
      { output: 'label' },
      /no number from 0 to 1/,
    ],
    ['no scores', { predictions: [] }, { output: 'logits' }, /empty/],
    ['two answers', [[1], [2]], { output: 'logits' }, /holds 2 things/],
    [
      'a label for scores',
      { label: 'a', confidence: 1 },
      { output: 'logits' },
      /there is none of predictions,/,
    ],
    ['texts for scores', ['0.1', '0.9'], { output: 'logits' }, /not all numbers/],
    [
      'one score too many',
      [0, 0, 1, 0],
      { output: 'probabilities', labels: LABELS },
      /4 scores for 3 labels/,
    ],
    ['logits for probabilities', [-1, 7, 2], { output: 'probabilities', labels: LABELS }, /are these logits/],
    ['two megabytes', ' '.repeat(2_000_000), { output: 'label' }, /at most 1048576/],
  ];
  for (const [says, answer, settings, detail] of malformed) {
    it(`refuses ${says}`, () => {
      const found = read(answer, settings);
      assert.equal(found.kind, 'malformed');
      assert.match(found.detail, detail);
    });
  }

  const label = (name: string, confidence: number) => ({
    kind: 'classification',
    classification: { label: name, confidence },
  });
  it('takes a label with its confidence or score, and the surest of several', () => {
    assert.deepEqual(labelled({ label: 'pug', confidence: 0.9 }), label('pug', 0.9));
    const several = [
      { label: 'cat', score: 0.1 },
      { label: 'pug', score: 0.7 },
      { label: 'tree', score: 0.2 },
    ];
    assert.deepEqual(labelled(several), label('pug', 0.7));
  });

  for (const [says, answer] of [
    ['a bare list', [0.1, 0.7, 0.2]],
    ['a batch of one', [[0.1, 0.7, 0.2]]],
    ["TensorFlow Serving's rows", { predictions: [[0.1, 0.7, 0.2]] }],
    ["TensorFlow Serving's columns", { outputs: [[0.1, 0.7, 0.2]] }],
    ['named probabilities', { probabilities: [0.1, 0.7, 0.2] }],
    ['named probabilities in a batch', { predictions: [{ probabilities: [0.1, 0.7, 0.2] }] }],
  ] as const) {
    it(`takes the highest of ${says}`, () => {
      assert.deepEqual(scored(answer), label('pug', 0.7));
    });
  }

  it('takes the labels that an answer names, and numbers the classes where nobody does', () => {
    const named = { probabilities: [0.4, 0.6], labels: ['a', 'b'] };
    assert.deepEqual(read(named, { output: 'probabilities' }), label('b', 0.6));
    assert.deepEqual(read([0.4, 0.6], { output: 'probabilities' }), label('class 1', 0.6));
  });

  it('makes probabilities of logits, also of large ones', () => {
    const found = read([1000, 1002, 1001], { output: 'logits', labels: LABELS });
    assert.ok(found.kind === 'classification');
    assert.equal(found.classification.label, 'pug');
    assert.ok(Math.abs(found.classification.confidence - 1 / (1 + Math.exp(-1) + Math.exp(-2))) < 1e-12);
  });

  it('makes control characters of a label visible and cuts it', () => {
    const found = labelled({ label: `\u001b[31m${'x'.repeat(400)}`, confidence: 1 });
    assert.ok(found.kind === 'classification');
    assert.match(found.classification.label, /^\\u001b\[31mx{251}$/);
  });

  it('never throws, whatever JSON an endpoint answers', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom('label', 'probabilities', 'logits'), (text, output) => {
        const found = readAnswer(Buffer.from(text), { output });
        if (found.kind === 'malformed') return found.detail !== '';
        const { confidence } = found.classification;
        return confidence >= 0 && confidence <= 1;
      }),
      { numRuns: 300 },
    );
  });
});

describe('softmax()', () => {
  it('gives shares of one in the order of the logits', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 }), (logits) => {
        const shares = softmax(logits);
        const sum = shares.reduce((total, share) => total + share, 0);
        const highest = logits.indexOf(Math.max(...logits));
        return Math.abs(sum - 1) < 1e-9 && shares[highest] === Math.max(...shares);
      }),
    );
  });
});

describe('parseLabels()', () => {
  it('takes one label a line, whatever ends the lines, without WordNet ids', () => {
    assert.deepEqual(parseLabels('\ufeffcat\r\nn02110958 pug, pug-dog\r\ntree\r\n'), [
      'cat',
      'pug, pug-dog',
      'tree',
    ]);
  });

  it('refuses an empty line, naming it: every label below it would be off by one', () => {
    assert.throws(() => parseLabels('cat\n\npug\n'), /line 2 is empty/);
  });
});

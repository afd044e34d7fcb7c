import assert from 'node:assert/strict';
import { historyLine, parseHistoryLine } from '../../src/result/history-entry.ts';
import { sampleEntry } from './history-samples.ts';

const changed = (changes: object): string => JSON.stringify({ ...sampleEntry(1), ...changes });

describe('parseHistoryLine() takes for damaged', () => {
  const lines: readonly [what: string, line: string][] = [
    ['nothing', ''],
    ['zero bytes, as a power cut leaves them', '\0'.repeat(200)],
    ['half a line', changed({}).slice(0, 100)],
    ['two lines in one', changed({}) + changed({})],
    ['a list', '[]'],
    ['null', 'null'],
    ['no request', changed({ requestId: undefined })],
    ['an empty label', changed({ label: '' })],
    ['a label that is a number', changed({ label: 7 })],
    ['a confidence in a text', changed({ confidence: '1' })],
    ['a time without a day', changed({ receivedAt: '07:08' })],
    ['a time with a forged line', changed({ receivedAt: '2031-05-06T07:08:11.010Z\nx' })],
    ['a match that we do not know', changed({ matchedBy: 'guess' })],
    ['fields of a prototype', `{"__proto__":${changed({})}}`],
  ];
  for (const [what, line] of lines) it(what, () => assert.equal(parseHistoryLine(line), undefined));
});

describe('parseHistoryLine()', () => {
  const entries = [
    sampleEntry(1),
    sampleEntry(2, { suspect: 'black', matchedBy: 'order', label: 'cat\\u202egod' }),
    { ...sampleEntry(3), matchedBy: 'correlationData' as const },
  ];
  for (const entry of entries) {
    it(`gives back what historyLine() wrote, ${entry.matchedBy}`, () => {
      assert.deepEqual(parseHistoryLine(historyLine(entry)), entry);
    });
  }

  it('reads an entry of which less was known', () => {
    const { capturedAt, bytes, ...entry } = sampleEntry(1);
    assert.deepEqual([capturedAt === undefined, bytes], [false, 127_000]);
    assert.deepEqual(parseHistoryLine(historyLine(entry)), entry);
  });

  it('leaves out what is not needed and not right', () => {
    const { capturedAt, bytes, ...entry } = sampleEntry(1);
    assert.deepEqual([capturedAt === undefined, bytes], [false, 127_000]);
    const line = changed({ capturedAt: 'yesterday', bytes: -1, suspect: 'blue', more: 1 });
    assert.deepEqual(parseHistoryLine(line), entry);
  });

  it('makes visible what somebody else wrote into the file', () => {
    const read = parseHistoryLine(changed({ label: 'a\u001b[2J', requestId: 'r\u202e' }));
    assert.deepEqual([read?.label, read?.requestId], ['a\\u001b[2J', 'r\\u202e']);
  });
});

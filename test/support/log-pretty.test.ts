import assert from 'node:assert/strict';
import { prettyLine } from '../../src/support/log-pretty.ts';

const TIME = '2031-05-06T07:08:09.010Z';

describe('prettyLine()', () => {
  const cases: readonly { what: string; line: object; expected: string }[] = [
    {
      what: 'an escape sequence',
      line: { level: 'info', time: TIME, event: 'result.received', label: '\u001b[2J' },
      expected: '07:08:09.010   result.received      label="\\u001b[2J"',
    },
    {
      what: 'a text with a blank in quotes',
      line: { level: 'error', time: TIME, event: 'capture.failed', detail: 'no camera', cause: 'noDevice' },
      expected: '07:08:09.010 x capture.failed       detail="no camera" cause=noDevice',
    },
    {
      what: 'an empty text in quotes',
      line: { level: 'warn', time: TIME, event: 'broker.lost', detail: '' },
      expected: '07:08:09.010 ! broker.lost          detail=""',
    },
    {
      what: 'numbers, truths and objects as JSON',
      line: { level: 'info', time: TIME, event: 'image.fitted', bytes: 5, ok: true, counts: { a: [1] } },
      expected: '07:08:09.010   image.fitted         bytes=5 ok=true counts={"a":[1]}',
    },
    {
      what: 'the longest event with a blank behind it',
      line: { level: 'info', time: TIME, event: 'request.acknowledged', ackMs: 5 },
      expected: '07:08:09.010   request.acknowledged ackMs=5',
    },
    {
      what: 'an event alone without blanks behind it',
      line: { level: 'debug', time: TIME, event: 'daemon.ready' },
      expected: '07:08:09.010   daemon.ready',
    },
    {
      what: 'a line without time',
      line: { level: 'info', event: 'daemon.ready' },
      expected: '   daemon.ready',
    },
  ];
  for (const { what, line, expected } of cases) {
    it(`shows ${what}`, () => assert.equal(prettyLine(JSON.stringify(line)), expected));
  }
});

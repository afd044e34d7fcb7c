import assert from 'node:assert/strict';
import { reportText } from '../../src/cli/doctor-report.ts';
import { findingsOf } from '../../src/doctor/finding.ts';

const eyes = {
  self: { name: 'root', userId: 0, groupIds: [0] },
  service: { name: 'shutterd', userId: 995, groupIds: [995] },
};
const options = { version: '0.0.0', eyes, coloured: false };
const camera = findingsOf('camera');
const broker = findingsOf('broker');

describe('reportText()', () => {
  it('repeats the remedies of several failures at the end, each once', () => {
    const twice = [
      camera.fail('one', 'run: this'),
      camera.fail('two', 'run: this'),
      broker.fail('no', 'start it'),
    ];
    const text = reportText(twice, options);
    assert.match(
      text,
      /3 failures, 0 ok\.\n\nWhat to do first:\n {2}1\. camera: run: this\n {2}2\. broker: start it\n$/,
    );
  });

  it('repeats nothing of a single failure', () => {
    assert.match(reportText([camera.fail('one', 'run: this')], options), /1 failure, 0 ok\.\n$/);
  });

  it('has who looks for whom, aligned lines, and the remedy below its line', () => {
    const text = reportText([camera.ok('there'), broker.warn('slow', 'wait')], options);
    assert.deepEqual(text.split('\n'), [
      "shutterd 0.0.0 doctor, run by root, for the daemon's user shutterd",
      '',
      'ok    camera         there',
      'warn  broker         slow',
      '                     -> wait',
      '',
      'All well: 1 ok, 1 warning.',
      '',
    ]);
  });

  it('shows what a terminal would obey as text', () => {
    const text = reportText([camera.fail('a\u001b[31mb', 'c\u202ed')], options);
    assert.match(text, /a\\u001b\[31mb/);
    assert.match(text, /c\\u202ed/);
  });
});

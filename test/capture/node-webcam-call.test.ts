import assert from 'node:assert/strict';
import {
  fswebcamCommand,
  parseHelperAnswer,
  parseJson,
  parseWebcamCall,
} from '../../src/capture/node-webcam-call.ts';

const call = {
  device: '/dev/video0',
  widthPx: 1280,
  heightPx: 720,
  skipFrames: 20,
  outputPath: '/run/shutterd/a.jpg',
};

describe('parseWebcamCall()', () => {
  const refused: readonly [field: string, value: unknown][] = [
    ['device', undefined],
    ['device', 'auto'],
    ['device', 'FILE:/etc/passwd'],
    ['device', '/dev/video0 -x'],
    ['device', '/dev/video0\n'],
    ['device', '/dev/v4l/by-path/pci-0000:01:00.0-video-index0'],
    ['device', 'TEST;id'],
    ['device', ['TEST']],
    ['widthPx', 0],
    ['widthPx', 1.5],
    ['widthPx', '640'],
    ['heightPx', Infinity],
    ['heightPx', 10_001],
    ['skipFrames', -1],
    ['skipFrames', null],
    ['outputPath', 'a.jpg'],
    ['outputPath', '/run/a.png'],
    ['outputPath', '/run/%Y.jpg'],
    ['outputPath', '/run/../etc/a.jpg'],
    ['outputPath', '/run/a b.jpg'],
    ['outputPath', "/run/a'b.jpg"],
    ['outputPath', '/run/$(id).jpg'],
    ['outputPath', '/run/a.jpg\n'],
  ];
  for (const [field, value] of refused) {
    it(`refuses ${field} ${value === undefined ? 'absent' : JSON.stringify(value)}`, () => {
      const parsed = parseWebcamCall({ ...call, [field]: value });
      assert.ok(parsed.kind === 'refused' && parsed.detail.startsWith(`Cannot call fswebcam: ${field} is `));
    });
  }

  it('refuses what is no object', () => {
    for (const value of [undefined, null, 'TEST', 7]) assert.equal(parseWebcamCall(value).kind, 'refused');
  });

  it('takes the fields of a call and no others', () => {
    for (const device of ['TEST', '/dev/video0', '/dev/video31']) {
      assert.deepEqual(parseWebcamCall({ ...call, device, title: '$(id)' }), {
        kind: 'call',
        call: { ...call, device },
      });
    }
  });
});

describe('fswebcamCommand()', () => {
  it('quotes every word of the command line', () => {
    assert.equal(
      fswebcamCommand('fswebcam', call),
      "'fswebcam' '-q' '--no-banner' '-d' '/dev/video0' '-r' '1280x720' '-S' '20' '--jpeg' '95' '/run/shutterd/a.jpg'",
    );
  });
});

describe('parseHelperAnswer()', () => {
  it('is undefined for anything that the helper does not say', () => {
    for (const line of [
      '',
      'null',
      '{',
      '[]',
      '{"kind":"ran"}',
      '{"kind":"refused","detail":1}',
      '{"kind":"other"}',
    ]) {
      assert.equal(parseHelperAnswer(line), undefined, line);
    }
  });

  it('reads what the helper says', () => {
    for (const answer of [
      { kind: 'ran', said: 'x' },
      { kind: 'toolMissing' },
      { kind: 'refused', detail: 'x' },
    ]) {
      assert.deepEqual(parseHelperAnswer(`${JSON.stringify(answer)}\n`), answer);
    }
  });
});

describe('parseJson()', () => {
  it('is undefined for a text that is no JSON', () => {
    assert.equal(parseJson('{'), undefined);
    assert.deepEqual(parseJson('{"a":1}'), { a: 1 });
  });
});

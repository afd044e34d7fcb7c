import assert from 'node:assert/strict';
import {
  fswebcamCommand,
  parseHelperAnswer,
  parseHelperRequest,
  parseJson,
  parseWebcamCall,
} from '../../src/capture/node-webcam-call.ts';
import { createLineSplitter } from '../../src/capture/node-webcam-lines.ts';

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
  it('asks for no raw frame of a picture that fswebcam draws itself', () => {
    assert.doesNotMatch(fswebcamCommand('fswebcam', { ...call, device: 'TEST' }), /dumpframe/);
  });

  it('bounds the file and quotes every word of the command line', () => {
    assert.equal(
      fswebcamCommand('fswebcam', call),
      "ulimit -c 0 2>/dev/null; ulimit -f 65537 2>/dev/null; exec 'fswebcam' '-q' '--no-banner' '-d' '/dev/video0' '-r' '1280x720' '-S' '20' '--dumpframe' '/run/shutterd/a.raw' '--jpeg' '95' '/run/shutterd/a.jpg'",
    );
  });
});

describe('parseHelperRequest()', () => {
  it('is undefined for what has no id to answer', () => {
    for (const line of ['', '{', 'null', '[]', '{}', '{"id":0,"call":{}}', '{"id":"1"}', '{"id":1.5}']) {
      assert.equal(parseHelperRequest(line), undefined, line);
    }
  });

  it('reads a call with its id, and refuses one that does not match', () => {
    assert.deepEqual(parseHelperRequest(JSON.stringify({ id: 7, call })), {
      id: 7,
      parsed: { kind: 'call', call },
    });
    assert.equal(parseHelperRequest('{"id":8}')?.parsed.kind, 'refused');
  });
});

describe('parseHelperAnswer()', () => {
  it('is undefined for anything that the helper does not say', () => {
    const ran = { kind: 'ran', said: '' };
    for (const value of [
      null,
      [],
      ran,
      { id: 1 },
      { id: 1, answer: null },
      { id: 0, answer: ran },
      { id: '1', answer: ran },
      { id: 1, answer: { kind: 'ran' } },
      { id: 1, answer: { kind: 'refused', detail: 1 } },
      { id: 1, answer: { kind: 'other' } },
    ]) {
      assert.equal(parseHelperAnswer(JSON.stringify(value)), undefined, JSON.stringify(value));
    }
    for (const line of ['', '{']) assert.equal(parseHelperAnswer(line), undefined, line);
  });

  it('reads what the helper says', () => {
    for (const answer of [
      { kind: 'ran', said: 'x' },
      { kind: 'toolMissing' },
      { kind: 'refused', detail: 'x' },
    ]) {
      assert.deepEqual(parseHelperAnswer(JSON.stringify({ id: 3, answer })), { id: 3, answer });
    }
  });
});

describe('createLineSplitter()', () => {
  for (const { what, chunks, lines } of [
    { what: 'a line in pieces', chunks: ['a', 'b\nc', '\n'], lines: ['ab', 'c'] },
    { what: 'lines in one piece', chunks: ['a\n\nb\nrest'], lines: ['a', '', 'b'] },
    { what: 'a line that is too long', chunks: ['123456\nb\n'], lines: [undefined, 'b'] },
    { what: 'a line that is too long in pieces', chunks: ['123456', '7', '\nb\n'], lines: [undefined, 'b'] },
  ]) {
    it(`cuts ${what}`, () => {
      const found: (string | undefined)[] = [];
      const take = createLineSplitter(5, (line) => found.push(line));
      chunks.forEach(take);
      assert.deepEqual(found, lines);
    });
  }
});

describe('parseJson()', () => {
  it('is undefined for a text that is no JSON', () => {
    assert.equal(parseJson('{'), undefined);
    assert.deepEqual(parseJson('{"a":1}'), { a: 1 });
  });
});

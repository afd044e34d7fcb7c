import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createLog, type Level, type Log, type LogOptions } from '../../src/support/log.ts';

const LINE_BYTES_MAX = 8192;
// What a terminal, a pager or a log viewer obeys or hides: controls, line separators, zero-width and bidirectional marks.
const UNSAFE = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/u;

function recording(options: Partial<LogOptions> = {}): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const write = (line: string): void => {
    lines.push(line);
  };
  return { log: createLog({ level: 'debug', format: 'json', journald: false, write, ...options }), lines };
}

/** The one line of `text`, without its end; anything else is a failure. */
function theLine(lines: readonly string[]): string {
  const [line] = lines;
  assert.ok(lines.length === 1 && line?.endsWith('\n') === true, JSON.stringify(lines));
  return line.slice(0, -1);
}

describe('createLog()', () => {
  const formats: readonly Partial<LogOptions>[] = [
    { format: 'json' },
    { format: 'json', journald: true },
    { format: 'pretty' },
  ];
  for (const options of formats) {
    it(`writes one safe line of at most 8 KiB whatever the fields hold, ${JSON.stringify(options)}`, () => {
      fc.assert(
        fc.property(
          fc.string({ unit: 'binary', maxLength: 5000 }),
          fc.jsonValue({ stringUnit: 'binary' }),
          fc.array(fc.string({ unit: 'binary', maxLength: 2000 }), { maxLength: 20 }),
          (label, value, list) => {
            const { log, lines } = recording(options);
            log.info('result.received', { label, value, list });
            const line = theLine(lines);
            assert.doesNotMatch(line, UNSAFE);
            assert.ok(
              Buffer.byteLength(line.replace(/^<\d>/, '')) <= LINE_BYTES_MAX,
              `${line.length} characters`,
            );
          },
        ),
        { numRuns: 300 },
      );
    });
  }

  const attacks: readonly [what: string, text: string][] = [
    ['a forged line', 'cat\n{"level":"error","event":"daemon.stopping"}'],
    ['a carriage return', 'cat\rdog'],
    ['a terminal escape', '\u001b[2J\u001b]0;owned\u0007'],
    ['a C1 control', '\u009b31m'],
    ['a right-to-left override', 'cat\u202egod'],
    ['a line separator', 'cat\u2028dog'],
    ['a zero-width space', 'c\u200bat'],
    ['a byte order mark', '\ufeffcat'],
    ['a zero byte', 'cat\0'],
  ];
  for (const [what, label] of attacks) {
    it(`shows ${what} as text`, () => {
      for (const options of formats) {
        const { log, lines } = recording(options);
        log.warn('result.invalid', { label });
        assert.doesNotMatch(theLine(lines), UNSAFE);
      }
    });
  }

  it('means the same after its escapes are read', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 900 }), (label) => {
        const { log, lines } = recording();
        log.info('result.received', { label });
        assert.equal((JSON.parse(theLine(lines)) as { label: string }).label, label);
      }),
      { numRuns: 300 },
    );
  });

  it('names event and request of a line that would be too long', () => {
    const { log, lines } = recording();
    log.error('config.rejected', {
      requestId: 'r-1',
      errors: Array.from({ length: 1000 }, () => 'a long story'),
    });
    const { time, ...line } = JSON.parse(theLine(lines)) as Record<string, unknown>;
    assert.equal(typeof time, 'string');
    assert.deepEqual(line, { level: 'error', event: 'config.rejected', requestId: 'r-1', shortened: true });
  });

  it('shortens a long text', () => {
    const { log, lines } = recording();
    log.info('result.invalid', { detail: 'x'.repeat(1001) });
    assert.equal((JSON.parse(theLine(lines)) as { detail: string }).detail, `${'x'.repeat(1000)}...`);
  });

  const prefixes: readonly [level: Level, prefix: string][] = [
    ['error', '<3>'],
    ['warn', '<4>'],
    ['info', '<6>'],
    ['debug', '<7>'],
  ];
  for (const [level, prefix] of prefixes) {
    it(`tells journald the priority of ${level}, and no time of its own`, () => {
      const { log, lines } = recording({ journald: true });
      log[level]('daemon.ready', { a: 1 });
      assert.equal(theLine(lines), `${prefix}{"level":"${level}","event":"daemon.ready","a":1}`);
    });
  }

  const levels: readonly Level[] = ['debug', 'info', 'warn', 'error'];
  levels.forEach((level, index) => {
    it(`writes ${levels.slice(index).join(', ')} at level ${level}`, () => {
      const { log, lines } = recording({ level });
      for (const each of levels) log[each]('daemon.ready');
      assert.deepEqual(
        lines.map((line) => (JSON.parse(line) as { level: string }).level),
        levels.slice(index),
      );
    });
  });

  it('writes what its level allows at that moment', () => {
    const lines: string[] = [];
    const write = (line: string): void => {
      lines.push((JSON.parse(line) as { level: string }).level);
    };
    const log = createLog({ level: 'error', format: 'json', journald: false, write });
    const { info, warn } = log;
    for (const level of ['info', 'warn', 'debug', 'error'] as const) {
      log.setLevel(level);
      info('daemon.ready');
      warn('daemon.ready');
    }
    assert.deepEqual(lines, ['info', 'warn', 'warn', 'info', 'warn']);
  });

  it('writes level, time and event first, without host or process', () => {
    const { log, lines } = recording();
    log.info('request.stored', { requestId: 'r-1', bytes: 5, absent: undefined });
    assert.match(
      theLine(lines),
      /^\{"level":"info","time":"\d{4}-\d\d-\d\dT[\d:.]{12}Z","event":"request.stored","requestId":"r-1","bytes":5\}$/,
    );
  });

  it('writes a short line for a person', () => {
    const { log, lines } = recording({ format: 'pretty' });
    log.warn('request.dropped', { requestId: 'r-1', reason: 'out of space', bytes: 5 });
    assert.match(
      theLine(lines),
      /^[\d:.]{12} ! request\.dropped {6}requestId=r-1 reason="out of space" bytes=5$/,
    );
  });
});

// Parts of support that need few words: visible text, counted events, errors, randomness, the version.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { countEvents } from '../../src/support/count-events.ts';
import { errorCode, errorMessage, OperatingError, unreachable } from '../../src/support/errors.ts';
import { createRandom } from '../../src/support/random.ts';
import { programVersion } from '../../src/support/version.ts';
import { escapeInvisible } from '../../src/support/visible-text.ts';
import { createRecordingLog } from '../helpers/recording-log.ts';

describe('escapeInvisible()', () => {
  const ranges: readonly [what: string, first: number, last: number][] = [
    ['C0 controls', 0x00, 0x1f],
    ['DEL and C1 controls', 0x7f, 0x9f],
    ['the Arabic letter mark', 0x61c, 0x61c],
    ['zero-width characters and marks', 0x200b, 0x200f],
    ['line separators and bidirectional embeddings', 0x2028, 0x202e],
    ['bidirectional isolates', 0x2066, 0x2069],
    ['the byte order mark', 0xfeff, 0xfeff],
  ];
  for (const [what, first, last] of ranges) {
    it(`writes ${what} as escapes`, () => {
      for (let code = first; code <= last; code += 1) {
        assert.equal(
          escapeInvisible(`a${String.fromCharCode(code)}b`),
          `a\\u${code.toString(16).padStart(4, '0')}b`,
        );
      }
    });
  }

  it('leaves what can be seen as it is', () => {
    const visible = 'Chihuahua 0.93 "quoted" \\ äöü 犬 🐕 العربية';
    assert.equal(escapeInvisible(visible), visible);
  });

  it('changes nothing twice', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const once = escapeInvisible(text);
        assert.equal(escapeInvisible(once), once);
      }),
    );
  });
});

describe('countEvents()', () => {
  it('counts each event and passes every line on', () => {
    const log = createRecordingLog();
    const counted = countEvents(log);
    counted.log.info('trigger.accepted', { triggerId: 'a' });
    counted.log.debug('trigger.accepted');
    counted.log.error('capture.failed', { cause: 'busy' });
    counted.log.warn('broker.lost');
    assert.deepEqual(counted.counters(), { 'trigger.accepted': 2, 'capture.failed': 1, 'broker.lost': 1 });
    assert.deepEqual(log.lines, [
      { level: 'info', event: 'trigger.accepted', fields: { triggerId: 'a' } },
      { level: 'debug', event: 'trigger.accepted', fields: {} },
      { level: 'error', event: 'capture.failed', fields: { cause: 'busy' } },
      { level: 'warn', event: 'broker.lost', fields: {} },
    ]);
  });
});

describe('errorCode()', () => {
  const cases: readonly [thrown: unknown, code: string | undefined][] = [
    [undefined, undefined],
    [null, undefined],
    ['ENOSPC', undefined],
    [new Error('no code'), undefined],
    [{ code: {} }, undefined],
    [{ code: 135 }, '135'],
    [Object.assign(new Error('full'), { code: 'ENOSPC' }), 'ENOSPC'],
  ];
  for (const [thrown, code] of cases) {
    it(`is ${String(code)} for ${JSON.stringify(thrown) || 'undefined'}`, () =>
      assert.equal(errorCode(thrown), code));
  }
});

describe('errors', () => {
  it('have words, whatever was thrown', () => {
    assert.equal(errorMessage(new Error('full')), 'full');
    assert.equal(errorMessage('full'), 'full');
    assert.equal(errorMessage(undefined), 'undefined');
  });

  it('of operation carry their code, and a cause only where there is one', () => {
    const cause = new Error('below');
    const error = new OperatingError('above', { code: 'EIO', cause });
    assert.deepEqual(
      [error.name, error.message, error.code, error.cause],
      ['OperatingError', 'above', 'EIO', cause],
    );
    assert.equal('cause' in new OperatingError('above', { code: 'EIO' }), false);
  });

  it('of the program itself name the value that nobody expected', () => {
    assert.throws(() => unreachable({ kind: 'new' } as never), /unexpected value \{"kind":"new"\}/);
  });
});

describe('createRandom()', () => {
  it('draws fractions in [0, 1), and seldom the same', () => {
    const random = createRandom();
    const drawn = Array.from({ length: 1000 }, () => random.fraction());
    assert.ok(drawn.every((fraction) => fraction >= 0 && fraction < 1));
    assert.equal(new Set(drawn).size, 1000);
  });

  it('makes version 4 UUIDs in lower case', () => {
    assert.match(
      createRandom().uuid(),
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});

describe('programVersion()', () => {
  it('is the one of package.json', async () => {
    const packageFile = new URL('../../../package.json', import.meta.url);
    const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
    assert.equal(await programVersion(), version);
  });
});

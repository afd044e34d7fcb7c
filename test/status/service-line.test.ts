import assert from 'node:assert/strict';
import { serviceLine, type ServiceFacts } from '../../src/status/service-line.ts';

const NOW = 10 * 60_000;
const well: ServiceFacts = {
  ...{ way: { kind: 'online' }, paused: false, camera: { state: 'ok' }, config: 'applied' },
  ...{ outbox: { entries: 0, bytes: 0, quarantined: 0 }, lastPictureMs: NOW - 12_000 },
};
const waiting = { entries: 12, bytes: 1_500_000, quarantined: 0 };

describe('serviceLine()', () => {
  const cases: readonly (readonly [string, Partial<ServiceFacts>])[] = [
    ['online, outbox 0, last picture 12 s ago', {}],
    ['online, outbox 0', { lastPictureMs: undefined, camera: { state: 'unused' } }],
    [
      'offline for 3 min (connection refused), outbox 12',
      {
        ...{ way: { kind: 'offline', sinceMs: NOW - 200_000, fault: 'refusedConnection' }, outbox: waiting },
        lastPictureMs: undefined,
      },
    ],
    ['offline for 0 s, outbox 0, last picture 12 s ago', { way: { kind: 'offline', sinceMs: NOW } }],
    ['online, paused, outbox 0, last picture 12 s ago', { paused: true }],
    [
      'online, outbox 12, 2 in quarantine, last picture 12 s ago, camera failing (noDevice)',
      {
        outbox: { ...waiting, quarantined: 2 },
        camera: { state: 'failing', cause: 'noDevice' },
      },
    ],
    ['online, outbox 0, last picture 12 s ago, configuration rejected', { config: 'rejected' }],
    ['online, outbox 0, last picture 12 s ago, configuration rolled-back', { config: 'rolled-back' }],
  ];
  for (const [line, facts] of cases) {
    it(`says ${line}`, () => {
      assert.equal(serviceLine({ ...well, ...facts }, NOW), line);
    });
  }
});

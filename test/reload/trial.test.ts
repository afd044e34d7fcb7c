// The rule by which a changed way to the broker is kept or rolled back, over every kind of outage around it.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  afterReached,
  afterSilence,
  beginTrial,
  isOver,
  probationMs,
  resumeTrial,
  type Trial,
} from '../../src/config/live/trial.ts';

const PROBATION_SECONDS = 120;
const STEP_MS = 1000;

interface World {
  readonly newWorks: boolean;
  readonly oldWorks: boolean;
  /** Whether there is a network at this second since the change. */
  readonly network: (second: number) => boolean;
  readonly evidence: Trial['evidence'];
  /** Seconds at which the power is cut. */
  readonly cuts?: readonly number[];
}

type End = 'passed' | 'failed' | 'open';

/** Lives through a trial second by second: a side that works connects within its first second with a network. */
function live(
  world: World,
  seconds: number,
): { readonly end: End; readonly trial: Trial; readonly at: number } {
  let trial = beginTrial('h', world.evidence);
  for (let at = 0; at < seconds; at += 1) {
    if (world.cuts?.includes(at) === true) trial = resumeTrial(trial, PROBATION_SECONDS);
    const works = trial.side === 'new' ? world.newWorks : world.oldWorks;
    if (works && world.network(at)) {
      const verdict = afterReached(trial);
      if (verdict.kind !== 'again') return { end: verdict.kind, trial, at };
      trial = verdict.trial;
    } else {
      trial = { ...trial, spentMs: trial.spentMs + STEP_MS };
      if (isOver(trial, PROBATION_SECONDS)) trial = afterSilence(trial);
    }
  }
  return { end: 'open', trial, at: seconds };
}

const always = (): boolean => true;

describe('a trial of another way to the broker', () => {
  const table: readonly (readonly [string, World, End, number])[] = [
    [
      'passes at once where it works',
      { newWorks: true, oldWorks: true, network: always, evidence: 'none' },
      'passed',
      0,
    ],
    [
      'fails after one probation where the old one was up right before',
      { newWorks: false, oldWorks: true, network: always, evidence: 'before' },
      'failed',
      120,
    ],
    [
      'fails after two where nobody knows, as after a start',
      { newWorks: false, oldWorks: true, network: always, evidence: 'none' },
      'failed',
      241,
    ],
    [
      'passes where the old broker is gone for good and the new one is late',
      { newWorks: true, oldWorks: false, network: (at) => at > 300, evidence: 'before' },
      'passed',
      301,
    ],
  ];
  for (const [what, world, end, at] of table) {
    it(what, () => {
      const ended = live(world, 4000);
      assert.deepEqual([ended.end, ended.at], [end, at]);
    });
  }

  it('is never failed by an outage that began before the change, however long, when the new way works', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20_000 }), fc.boolean(), (outageSeconds, oldWorks) => {
        const network = (at: number): boolean => at >= outageSeconds;
        const { end, at } = live({ newWorks: true, oldWorks, network, evidence: 'none' }, 40_000);
        assert.equal(end, 'passed');
        assert.ok(at <= outageSeconds + PROBATION_SECONDS, `${at} after ${outageSeconds}`);
      }),
      { numRuns: 2000 },
    );
  });

  it('ends with the old way where the new one does not work, after any outage and any power cuts', () => {
    const cuts = fc.array(fc.integer({ min: 0, max: 1500 }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1500 }), cuts, (outageSeconds, cutAt) => {
        const network = (at: number): boolean => at >= outageSeconds;
        const world = { newWorks: false, oldWorks: true, network, evidence: 'none', cuts: cutAt } as const;
        const { end, at } = live(world, 40_000);
        assert.equal(end, 'failed');
        const last = Math.max(outageSeconds, ...cutAt);
        assert.ok(at <= last + 4 * PROBATION_SECONDS, `${at} after ${last}`);
      }),
      { numRuns: 500 },
    );
  });

  it('gives starts that follow one another no more time than a day of calm', () => {
    let trial = beginTrial('h', 'before');
    const sides = [];
    for (let starts = 0; starts < 14; starts += 1) {
      trial = resumeTrial(trial, PROBATION_SECONDS);
      sides.push(trial.side);
    }
    assert.deepEqual(sides, [...Array<string>(11).fill('new'), 'old', 'old', 'old']);
  });

  it('takes its time in an outage, and no more than two minutes or the probation', () => {
    const waits = [0, 1, 2, 8, 1000].map(
      (round) => probationMs({ ...beginTrial('h', 'none'), round }, 2) / 1000,
    );
    assert.deepEqual(waits, [2, 4, 8, 120, 120]);
    assert.equal(probationMs({ ...beginTrial('h', 'none'), round: 5 }, 600), 600_000);
  });
});

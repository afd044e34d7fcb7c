// kill -9 of the daemon, and now and then of the broker, at random moments: accepted means delivered.
import assert from 'node:assert/strict';
import type { Verdict } from '../oracle/conservation.ts';
import { runKills } from './kill-run.ts';
import { createSeededRandom } from './seeded-random.ts';
import { sideBySide } from './side-by-side.ts';

const LONG = process.env['SHUTTERD_TEST_LONG'] === '1';
const KILLS_ALL = Number(process.env['SHUTTERD_TEST_KILLS'] ?? (LONG ? 1000 : 12));
/** One device and one outbox each. */
const KILLS_EACH = LONG ? 50 : 6;
const AT_ONCE = LONG ? 4 : 2;
const SEED = Number(process.env['SHUTTERD_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

describe('shutterd run under random kill -9', function () {
  this.timeout(LONG ? 3_600_000 : 60_000);

  it(`loses nothing that it accepted in ${KILLS_ALL} kills (SHUTTERD_TEST_SEED=${SEED})`, async () => {
    const seeds = createSeededRandom(SEED);
    const runs = Array.from({ length: Math.ceil(KILLS_ALL / KILLS_EACH) }, (_, at) => ({
      seed: seeds.between(0, 2 ** 32 - 1),
      kills: Math.min(KILLS_EACH, KILLS_ALL - at * KILLS_EACH),
      protocol: at % 2 === 0 ? (5 as const) : (4 as const),
    }));
    let done = 0;
    const jobs = runs.map((run) => async () => {
      const outcome = await runKills(run);
      done += run.kills;
      const { accepted, lost } = outcome.verdict;
      if (LONG)
        process.stdout.write(
          `      ${done} kills done; of these ${run.kills}: ${accepted} accepted, ${lost} lost\n`,
        );
      return outcome;
    });
    const outcomes = await Promise.all(sideBySide(AT_ONCE, jobs));
    const sum = (name: Exclude<keyof Verdict, 'violations'>): number =>
      outcomes.reduce((total, { verdict }) => total + verdict[name], 0);
    const brokerKills = outcomes.reduce((total, outcome) => total + outcome.brokerKills, 0);
    process.stdout.write(
      `      ${KILLS_ALL} kills of the daemon and ${brokerKills} of the broker (seed ${SEED}): ` +
        `${sum('accepted')} accepted, ${sum('acknowledged')} acknowledged, ` +
        `${sum('acknowledgedUntold')} more delivered before their line, ${sum('repeats')} repeats, ` +
        `${sum('kept')} left, ${sum('lost')} lost\n`,
    );
    assert.deepEqual(
      outcomes.flatMap(({ verdict }) => verdict.violations),
      [],
    );
    assert.ok(sum('accepted') > 0);
    assert.equal(sum('kept'), 0);
    assert.equal(sum('lost'), 0);
    // One in flight and eight removals under way a life, so at most nine arrive twice for it.
    assert.ok(sum('repeats') <= 9 * (KILLS_ALL + brokerKills));
  });
});

import assert from 'node:assert/strict';
import type { LinkProblem } from '../../src/domain.ts';
import { linkProblem } from '../../src/mqtt/problem.ts';
import { retryWithheld } from '../../src/mqtt/retry-withheld.ts';
import { createSuspects, WITHHELD_MS } from '../../src/mqtt/suspects.ts';
import { createFakeClock, settle } from '../helpers/fake-clock.ts';
import { createFakeLink } from '../helpers/fake-link.ts';

describe('retryWithheld()', () => {
  const bench = (outcome?: LinkProblem) => {
    const clock = createFakeClock();
    const suspects = createSuspects({ clock, onChange: () => undefined });
    for (let time = 0; time < 3; time += 1)
      suspects.closed({ kind: 'subscribe', topics: ['in'], what: 'in' }, 100);
    const asked: (readonly string[])[] = [];
    const link = createFakeLink();
    const subscribe = (filters: readonly string[]): Promise<LinkProblem | undefined> => {
      asked.push(filters);
      return Promise.resolve(outcome);
    };
    const filters = ['in', 'other'];
    const done = retryWithheld({ link, subscribe }, { suspects, filters, clock });
    return { clock, asked, link, done };
  };

  it('asks no more when the link has ended', async () => {
    const { clock, asked, link, done } = bench();
    link.end('closedByBroker');
    await done;
    await clock.advance(WITHHELD_MS);
    assert.deepEqual(asked, []);
  });

  it('leaves a filter that is still refused to the next connection', async () => {
    const { clock, asked, done } = bench(linkProblem('subscribe', 'closed'));
    await clock.advance(WITHHELD_MS);
    await done;
    assert.deepEqual(asked, [['in']]);
  });

  it('asks for what was left out, and only that, when its hour is over', async () => {
    const { clock, asked, done } = bench();
    await clock.advance(WITHHELD_MS - 1);
    await settle();
    assert.deepEqual(asked, []);
    await clock.advance(1);
    await done;
    assert.deepEqual(asked, [['in']]);
  });
});

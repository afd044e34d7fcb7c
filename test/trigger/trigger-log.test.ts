import assert from 'node:assert/strict';
import { createTriggerLog, type TriggerLog } from '../../src/trigger/trigger-log.ts';
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.ts';
import { createRecordingLog, type RecordingLog } from '../helpers/recording-log.ts';
import { triggerOf } from './messages.ts';

interface Bench {
  readonly clock: FakeClock;
  readonly log: RecordingLog;
  readonly triggerLog: TriggerLog;
  untold: number;
}

function create(): Bench {
  const bench: Bench = {
    ...{ clock: createFakeClock(), log: createRecordingLog(), untold: 0 },
    triggerLog: createTriggerLog({ clock: createFakeClock(), log: createRecordingLog(), untold: () => 0 }),
  };
  const triggerLog = createTriggerLog({ ...bench, untold: () => bench.untold });
  return Object.assign(bench, { triggerLog });
}

describe('createTriggerLog()', () => {
  it('names trigger, reason and detail of a single refusal', () => {
    const { log, triggerLog } = create();
    triggerLog.ignored({
      triggerId: 'a',
      reason: 'malformed',
      detail: 'max_width is not',
      reply: { topic: 'x' },
    });
    assert.deepEqual(log.lines, [
      {
        level: 'info',
        event: 'trigger.ignored',
        fields: { triggerId: 'a', reason: 'malformed', detail: 'max_width is not' },
      },
    ]);
  });

  it('tells a flood by reason, with the outcomes that were not told since the summary before', async () => {
    const bench = create();
    for (const untold of [300, 450]) {
      for (let n = 0; n < 50; n += 1) bench.triggerLog.ignored({ triggerId: String(n), reason: 'busy' });
      bench.untold = untold;
      await bench.clock.advance(1000);
    }
    const summaries = bench.log.lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields);
    assert.deepEqual(summaries, [
      { count: 40, byReason: { busy: 40 }, untoldOutcomes: 300 },
      { count: 50, byReason: { busy: 50 }, untoldOutcomes: 150 },
    ]);
  });

  it('tells a flood of accepted ones by source, with the outcomes that were not told', async () => {
    const bench = create();
    const { clock, log, triggerLog } = bench;
    for (let n = 0; n < 50; n += 1) triggerLog.accepted(triggerOf(String(n)));
    bench.untold = 7;
    await clock.advance(1000);
    assert.equal(log.lines.length, 11);
    assert.deepEqual(log.lines.at(-1)?.fields, { count: 40, bySource: { mqtt: 40 }, untoldOutcomes: 7 });
  });

  it('tells an untold outcome in one summary, of the accepted or of the ignored ones', async () => {
    const bench = create();
    for (let n = 0; n < 50; n += 1) {
      bench.triggerLog.accepted(triggerOf(String(n)));
      bench.triggerLog.ignored({ triggerId: String(n), reason: 'busy' });
    }
    bench.untold = 7;
    await bench.clock.advance(1000);
    const told = bench.log.lines.map(({ fields }) => Number(fields['untoldOutcomes'] ?? 0));
    assert.equal(
      told.reduce((sum, count) => sum + count, 0),
      7,
    );
  });

  it('counts each trigger once, whether its line was written or not', () => {
    const bench = create();
    for (let n = 0; n < 25; n += 1) bench.triggerLog.ignored({ triggerId: 'a', reason: 'busy' });
    bench.triggerLog.ignored({ triggerId: 'a', reason: 'retained' });
    bench.triggerLog.accepted(triggerOf('b'));
    bench.untold = 7;
    assert.deepEqual(bench.triggerLog.counters(), {
      'trigger.accepted': 1,
      'trigger.ignored': 26,
      'trigger.ignored.busy': 25,
      'trigger.ignored.retained': 1,
      'outcome.untold': 7,
    });
  });
});

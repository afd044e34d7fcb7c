// The pipeline with fakes for its stages: their order, one outcome for each trigger, one log line for each end.
import assert from 'node:assert/strict';
import type { AddOutcome, CaptureOutcome, FitOutcome, Trigger, TriggerOutcome } from '../../src/domain.ts';
import { runPipeline, type Stages } from '../../src/pipeline.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { createRecordingLog, type RecordingLog } from '../helpers/recording-log.ts';

const FRAME = { jpeg: new Uint8Array(100), widthPx: 640, heightPx: 480, capturedAt: new Date(0) };
const IMAGE = { jpeg: new Uint8Array(50), widthPx: 320, heightPx: 240, quality: 80, encodes: 2 };
const REQUEST = {
  requestId: 'r-1',
  payload: new Uint8Array(70),
  contentType: 'application/json',
  capturedAt: '',
};
const FAILED = { kind: 'failed', cause: 'busy', detail: 'it is busy', remedy: 'wait' } as const;

interface Play {
  readonly log: RecordingLog;
  /** The stages in the order they were called. */
  readonly steps: readonly string[];
  readonly told: readonly { readonly triggerId: string; readonly outcome: TriggerOutcome }[];
}

/** Runs the pipeline over some rounds of triggers, until there are no more. */
async function play(
  rounds: readonly (readonly Trigger[])[],
  results: { capture?: CaptureOutcome; fit?: FitOutcome; store?: AddOutcome } = {},
  changes: (steps: string[]) => Partial<Stages> = () => ({}),
): Promise<Play> {
  const log = createRecordingLog();
  const steps: string[] = [];
  const told: { triggerId: string; outcome: TriggerOutcome }[] = [];
  const waiting = [...rounds];
  const step = <T>(name: string, value: T): T => {
    steps.push(name);
    return value;
  };
  await runPipeline(
    {
      ...{ clock: createFakeClock(), log },
      take: async () => waiting.shift() ?? [],
      capture: async () => step('capture', results.capture ?? { kind: 'captured', frame: FRAME }),
      noteCapture: () => 'news',
      describe: (frame, { triggerId }) =>
        step('describe', { frame, triggerId, requestId: 'r-1', clockSynchronised: true }),
      budgetBytes: () => 1000,
      fit: async (_, bounds) =>
        step(`fit ${JSON.stringify(bounds)}`, results.fit ?? { kind: 'fitted', image: IMAGE }),
      build: () => step('build', REQUEST),
      store: async () => {
        const entry = { sequence: 1, requestId: 'r-1', bytes: 70 };
        await Promise.resolve();
        return step('store', results.store ?? { kind: 'stored', entry });
      },
      queued: () => 3,
      tell: (trigger, outcome) => {
        steps.push('tell');
        told.push({ triggerId: trigger.triggerId, outcome });
      },
      ...changes(steps),
    },
    new AbortController().signal,
  );
  return { log, steps, told };
}

function trigger(triggerId: string, bounds: Partial<Trigger> = {}): Trigger {
  return { triggerId, source: 'mqtt', receivedAtMs: 0, ...bounds };
}

const events = ({ log }: Play): string[] => log.lines.map(({ event }) => event);

describe('runPipeline()', () => {
  const failures: readonly {
    what: string;
    results: Parameters<typeof play>[1];
    outcome: TriggerOutcome;
    last: readonly [event: string, fields: Record<string, unknown>];
  }[] = [
    {
      what: 'a failed capture',
      results: { capture: FAILED },
      outcome: { kind: 'failed', reason: 'busy' },
      last: ['capture.failed', { cause: 'busy', detail: 'it is busy', remedy: 'wait' }],
    },
    {
      what: 'a picture that cannot be made to fit',
      results: { fit: { kind: 'unfit', smallestBytes: 2000, budgetBytes: 1000 } },
      outcome: { kind: 'failed', reason: 'unfit', requestId: 'r-1' },
      last: ['image.unfit', { kind: 'unfit', smallestBytes: 2000, budgetBytes: 1000 }],
    },
    {
      what: 'a picture that does not decode',
      results: { fit: { kind: 'undecodable', detail: 'cut' } },
      outcome: { kind: 'failed', reason: 'unfit', requestId: 'r-1' },
      last: ['image.unfit', { kind: 'undecodable', detail: 'cut' }],
    },
    {
      what: 'a full outbox',
      results: { store: { kind: 'refused', reason: 'outboxFull' } },
      outcome: { kind: 'failed', reason: 'outboxFull', requestId: 'r-1' },
      last: ['request.dropped', { requestId: 'r-1', bytes: 70, reason: 'outboxFull', accepted: false }],
    },
    {
      what: 'a disk that fails',
      results: { store: { kind: 'failed', code: 'EIO', detail: 'i/o error' } },
      outcome: { kind: 'failed', reason: 'EIO', requestId: 'r-1' },
      last: [
        'request.dropped',
        { requestId: 'r-1', bytes: 70, reason: 'EIO', detail: 'i/o error', accepted: false },
      ],
    },
  ];
  for (const { what, results, outcome, last } of failures) {
    it(`tells ${what} to every trigger it was for, with one line, and goes on`, async () => {
      const played = await play([[trigger('a'), trigger('b')], [trigger('c')]], results);
      assert.deepEqual(
        played.told,
        ['a', 'b', 'c'].map((triggerId) => ({ triggerId, outcome })),
      );
      const [event, fields] = last;
      const lines = played.log.lines.filter((line) => line.level === 'error');
      assert.deepEqual(
        lines.map((line) => line.event),
        [event, event],
      );
      for (const [name, value] of Object.entries(fields))
        assert.deepEqual(lines[0]?.fields[name], value, name);
      assert.ok(!events(played).includes('request.stored'));
    });
  }

  it('says accepted only after the request is stored', async () => {
    const played = await play([[trigger('a')]]);
    assert.deepEqual(played.steps, [
      'capture',
      'describe',
      'fit {"budgetBytes":1000}',
      'build',
      'store',
      'tell',
    ]);
    assert.deepEqual(events(played), ['capture.done', 'image.fitted', 'request.stored']);
    assert.deepEqual(played.told[0]?.outcome, { kind: 'accepted', requestId: 'r-1', bytes: 70, queued: 3 });
  });

  it('answers triggers that waited together with one request', async () => {
    const played = await play([[trigger('a'), trigger('b'), trigger('c')]]);
    assert.equal(played.steps.filter((step) => step === 'capture').length, 1);
    assert.deepEqual(played.log.lines.at(-1)?.fields['triggerIds'], ['a', 'b', 'c']);
    const ids = played.told.map(({ outcome }) => (outcome.kind === 'accepted' ? outcome.requestId : ''));
    assert.deepEqual(ids, ['r-1', 'r-1', 'r-1']);
  });

  it('keeps to the tightest bounds of the triggers that one picture answers', async () => {
    const triggers = [
      trigger('a', { maxWidthPx: 640 }),
      trigger('b', { maxWidthPx: 320, maxQuality: 90 }),
      trigger('c', { maxQuality: 70 }),
    ];
    const { steps } = await play([triggers]);
    assert.ok(steps.includes('fit {"budgetBytes":1000,"maxWidthPx":320,"maxQuality":70}'), steps.join());
  });

  it('answers a capture that a pause called off with that, without a line', async () => {
    const played = await play([[trigger('a'), trigger('b')]], {}, () => ({
      capture: () => Promise.resolve({ kind: 'paused' }),
    }));
    const outcome = { kind: 'ignored', reason: 'paused' };
    assert.deepEqual(
      played.told.map((told) => told.outcome),
      [outcome, outcome],
    );
    assert.deepEqual(played.log.lines, []);
  });

  it('names ten of the triggers of a flood that one picture answers, and counts all', async () => {
    const flood = Array.from({ length: 1000 }, (_, at) => trigger(String(at)));
    const played = await play([flood]);
    const { triggers, triggerIds } = played.log.lines.at(-1)?.fields ?? {};
    assert.deepEqual([triggers, triggerIds], [1000, flood.slice(0, 10).map(({ triggerId }) => triggerId)]);
    assert.equal(played.told.length, 1000);
  });

  it('logs how long the capture took, its size and a suspicion', async () => {
    const clock = createFakeClock();
    const frame = { ...FRAME, suspect: 'black' as const };
    const played = await play([[trigger('a')]], {}, () => ({
      clock,
      capture: async () => {
        await clock.advance(125);
        return { kind: 'captured', frame };
      },
    }));
    const { fields } = played.log.lines[0] ?? {};
    assert.deepEqual(
      [fields?.['captureMs'], fields?.['bytes'], fields?.['widthPx'], fields?.['suspect']],
      [125, 100, 640, 'black'],
    );
  });

  it('says at debug that a capture failed for a cause that is known to last', async () => {
    const failure: CaptureOutcome = {
      kind: 'failed',
      cause: 'noDevice',
      detail: 'gone',
      remedy: 'plug it in',
    };
    const played = await play([[trigger('a')]], { capture: failure }, () => ({ noteCapture: () => 'known' }));
    assert.deepEqual(
      played.log.lines.map(({ event, level }) => [event, level]),
      [['capture.failed', 'debug']],
    );
    assert.deepEqual(played.told, [{ triggerId: 'a', outcome: { kind: 'failed', reason: 'noDevice' } }]);
  });

  it('gives up the capture when it is aborted, stores nothing and tells why', async () => {
    const stop = new AbortController();
    const log = createRecordingLog();
    const told: TriggerOutcome[] = [];
    const refuse = (): never => assert.fail('a stage was called after the abort');
    await runPipeline(
      {
        ...{
          clock: createFakeClock(),
          log,
          describe: refuse,
          budgetBytes: refuse,
          fit: refuse,
          build: refuse,
        },
        ...{ noteCapture: refuse, store: refuse, queued: refuse },
        take: async (signal) => (signal.aborted ? [] : [trigger('a')]),
        capture: async (signal) => {
          stop.abort();
          assert.equal(signal.aborted, true);
          return { kind: 'captured', frame: FRAME };
        },
        tell: (_, outcome) => told.push(outcome),
      },
      stop.signal,
    );
    assert.deepEqual(told, [{ kind: 'failed', reason: 'stopping' }]);
    assert.deepEqual(log.lines, []);
  });

  it('ends with an error that no stage may have', async () => {
    const broken = play([[trigger('a')]], {}, () => ({
      build: () => {
        throw new TypeError('a bug');
      },
    }));
    await assert.rejects(broken, /a bug/);
  });
});

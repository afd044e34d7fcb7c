// The camera of a device that may be paused, with cameras that a test lets end: what is open when, and who is told what.
import assert from 'node:assert/strict';
import { createRestingPicture, type RestingPicture } from '../../src/app/resting-picture.ts';
import type { CaptureOutcome } from '../../src/domain.ts';
import { OperatingError } from '../../src/support/errors.ts';
import { settle } from '../helpers/fake-clock.ts';

const FRAME = { jpeg: new Uint8Array(1), widthPx: 1, heightPx: 1, capturedAt: new Date(0) };
const TAKEN: CaptureOutcome = { kind: 'captured', frame: FRAME };
const CALLED_OFF: CaptureOutcome = { kind: 'failed', cause: 'timeout', detail: 'd', remedy: 'r' };
const never = new AbortController().signal;

interface Bench {
  readonly picture: RestingPicture;
  /** `open`, `capture`, `close` in order. */
  readonly steps: string[];
  /** Ends the capture in hand with a frame. */
  readonly finish: () => void;
}

function create(open: () => void = () => undefined): Bench {
  const steps: string[] = [];
  let finish = (): void => undefined;
  const stages = () => ({
    camera: {
      capture: (signal: AbortSignal) =>
        new Promise<CaptureOutcome>((resolve) => {
          steps.push('capture');
          finish = () => {
            resolve(TAKEN);
          };
          const onAbort = (): void => {
            resolve(CALLED_OFF);
          };
          signal.addEventListener('abort', onAbort);
          if (signal.aborted) onAbort();
        }),
      close: () => Promise.resolve(),
    },
    close: () => {
      steps.push('close');
      return Promise.resolve();
    },
  });
  const picture = createRestingPicture(stages(), () => {
    open();
    steps.push('open');
    return Promise.resolve(stages());
  });
  return {
    ...{ picture, steps },
    finish: () => {
      finish();
    },
  };
}

describe('createRestingPicture()', () => {
  it('fails a capture, and not the program, where the stages cannot be opened again', async () => {
    const { picture } = create(() => {
      throw new OperatingError('Cannot make a folder in /run: ENOSPC', { code: 'ENOSPC' });
    });
    await picture.rest();
    const outcome = await picture.capture(never);
    assert.ok(outcome.kind === 'failed');
    assert.match(outcome.detail, /ENOSPC/);
  });

  it('lets a bug through', async () => {
    const { picture } = create(() => {
      throw new TypeError('a bug');
    });
    await picture.rest();
    await assert.rejects(picture.capture(never), /a bug/);
  });

  it('calls off the capture in hand and says that it was a pause', async () => {
    const { picture, steps } = create();
    const capturing = picture.capture(never);
    await settle();
    const resting = picture.rest();
    assert.deepEqual(await capturing, { kind: 'paused' });
    await resting;
    assert.deepEqual(steps, ['capture', 'close']);
  });

  it('says paused also when the pause is over before the capture knows', async () => {
    const { picture, steps, finish } = create();
    const first = picture.capture(never);
    await settle();
    void picture.rest();
    assert.deepEqual(await first, { kind: 'paused' });
    const second = picture.capture(never);
    await settle();
    finish();
    assert.deepEqual(await second, TAKEN);
    assert.deepEqual(steps, ['capture', 'close', 'open', 'capture']);
  });

  it('opens nothing while it rests, and once for the next capture', async () => {
    const { picture, steps, finish } = create();
    await picture.rest();
    await picture.rest();
    await settle();
    assert.deepEqual(steps, ['close']);
    for (let n = 0; n < 2; n += 1) {
      const capturing = picture.capture(never);
      await settle();
      finish();
      assert.deepEqual(await capturing, TAKEN);
    }
    assert.deepEqual(steps, ['close', 'open', 'capture', 'capture']);
  });

  it('passes on that the program ends, and does not call that a pause', async () => {
    const { picture } = create();
    const stop = new AbortController();
    const capturing = picture.capture(stop.signal);
    await settle();
    stop.abort();
    assert.deepEqual(await capturing, CALLED_OFF);
    await picture.close();
  });
});

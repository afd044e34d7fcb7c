// The program on one screen: triggers in, one frame, one image, one request on disk, an outcome for each trigger.
import type { AddOutcome, CaptureOutcome, Frame, Image, Request, Trigger, TriggerOutcome } from './domain.ts';
import type { Fit, FitBounds } from './fit/fit-frame.ts';
import { fitInTime } from './fit/fit-in-time.ts';
import type { RequestFacts } from './request/build-request.ts';
import type { Clock } from './support/clock.ts';
import type { Log } from './support/log.ts';

export interface Stages {
  readonly clock: Clock;
  readonly log: Log;
  readonly take: (signal: AbortSignal) => Promise<readonly Trigger[]>;
  /** `paused`: it was called off by a pause. */
  readonly capture: (signal: AbortSignal) => Promise<CaptureOutcome | { readonly kind: 'paused' }>;
  /** Whether a failure is news; one that lasts has been told. */
  readonly noteCapture: (outcome: CaptureOutcome) => 'news' | 'known';
  readonly describe: (frame: Frame, trigger: Trigger) => RequestFacts;
  readonly budgetBytes: (facts: RequestFacts) => number;
  readonly fit: Fit;
  readonly build: (facts: RequestFacts, image: Image) => Request;
  readonly store: (request: Request) => Promise<AddOutcome>;
  readonly queued: () => number;
  readonly tell: (trigger: Trigger, outcome: TriggerOutcome) => void;
}

/** Takes at its own pace until the signal aborts; a capture in hand is then given up, a stored request never. */
export async function runPipeline(stages: Stages, signal: AbortSignal): Promise<void> {
  for (;;) {
    const triggers = await stages.take(signal);
    const [first] = triggers;
    if (first === undefined) return;
    const outcome = await answer(stages, { first, triggers }, signal);
    for (const trigger of triggers) stages.tell(trigger, outcome);
  }
}

async function answer(
  stages: Stages,
  { first, triggers }: { first: Trigger; triggers: readonly Trigger[] },
  signal: AbortSignal,
): Promise<TriggerOutcome> {
  const count = triggers.length;
  const captured = await takeFrame(stages, count, signal);
  if (captured.kind !== 'captured') return captured;
  const facts = stages.describe(captured.frame, first);
  const bounds = { budgetBytes: stages.budgetBytes(facts), ...tightest(triggers) };
  const image = await fitFrame(stages, captured.frame, { ...bounds, triggers: count });
  if (image === undefined) return { kind: 'failed', reason: 'unfit', requestId: facts.requestId };
  return store(stages, stages.build(facts, image), triggers);
}

type Captured =
  | { readonly kind: 'captured'; readonly frame: Frame }
  | Extract<TriggerOutcome, { readonly kind: 'failed' | 'ignored' }>;

/** `triggers`: how many of them a failure ends, for the books. */
async function takeFrame(stages: Stages, triggers: number, signal: AbortSignal): Promise<Captured> {
  const { clock, log } = stages;
  const startedMs = clock.monotonicMs();
  const outcome = await stages.capture(signal);
  if (signal.aborted) return { kind: 'failed', reason: 'stopping' };
  if (outcome.kind === 'paused') return { kind: 'ignored', reason: 'paused' };
  const captureMs = Math.round(clock.monotonicMs() - startedMs);
  const weight = stages.noteCapture(outcome);
  if (outcome.kind === 'failed') {
    const { cause, detail, remedy } = outcome;
    log[weight === 'news' ? 'error' : 'debug']('capture.failed', {
      cause,
      detail,
      remedy,
      captureMs,
      triggers,
    });
    return { kind: 'failed', reason: cause };
  }
  const { jpeg, widthPx, heightPx, suspect } = outcome.frame;
  log.info('capture.done', { widthPx, heightPx, bytes: jpeg.length, captureMs, suspect });
  return outcome;
}

async function fitFrame(
  stages: Stages,
  frame: Frame,
  { triggers, ...bounds }: FitBounds & { readonly triggers: number },
): Promise<Image | undefined> {
  const { clock, log } = stages;
  const startedMs = clock.monotonicMs();
  const outcome = await fitInTime(stages, frame, bounds);
  const fitMs = Math.round(clock.monotonicMs() - startedMs);
  if (outcome.kind !== 'fitted') {
    log.error('image.unfit', { ...outcome, fitMs, triggers });
    return undefined;
  }
  const { jpeg, widthPx, heightPx, quality, encodes } = outcome.image;
  const shareOfBudget = Number((jpeg.length / bounds.budgetBytes).toFixed(3));
  log.info('image.fitted', { widthPx, heightPx, quality, bytes: jpeg.length, shareOfBudget, encodes, fitMs });
  return outcome.image;
}

async function store(
  stages: Stages,
  request: Request,
  triggers: readonly Trigger[],
): Promise<TriggerOutcome> {
  const { requestId, payload } = request;
  const bytes = payload.length;
  const added = await stages.store(request);
  if (added.kind === 'stored') {
    const triggerIds = triggers.slice(0, NAMED_TRIGGERS_MAX).map(({ triggerId }) => triggerId);
    stages.log.info('request.stored', { requestId, bytes, triggers: triggers.length, triggerIds });
    return { kind: 'accepted', requestId, bytes, queued: stages.queued() };
  }
  const cause =
    added.kind === 'refused' ? { reason: added.reason } : { reason: added.code, detail: added.detail };
  const books = { accepted: false, triggers: triggers.length };
  stages.log.error('request.dropped', { requestId, bytes, ...cause, ...books });
  return { kind: 'failed', reason: cause.reason, requestId };
}

// An id has up to 128 characters, and a line at most 8 KiB; a flood has a thousand in one picture.
const NAMED_TRIGGERS_MAX = 10;

/** One picture answers all the triggers, so the tightest of their bounds holds. */
function tightest(triggers: readonly Trigger[]): Pick<FitBounds, 'maxWidthPx' | 'maxQuality'> {
  const maxWidthPx = Math.min(...triggers.map((trigger) => trigger.maxWidthPx ?? Infinity));
  const maxQuality = Math.min(...triggers.map((trigger) => trigger.maxQuality ?? Infinity));
  return {
    ...(maxWidthPx === Infinity ? {} : { maxWidthPx }),
    ...(maxQuality === Infinity ? {} : { maxQuality }),
  };
}

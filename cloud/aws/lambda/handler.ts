// One event of the IoT rule: read, ask the endpoint, publish the answer. What is wrong with a request is answered, not thrown.
import type { Classification } from '../../../src/domain.ts';
import { errorMessage } from '../../../src/support/errors.ts';
import { readAnswer } from './answer.ts';
import type { InvokeEndpoint } from './endpoint.ts';
import { errorText, type Failure } from './failure.ts';
import type { LambdaLog } from './log.ts';
import type { Prepare } from './model-input.ts';
import type { PublishResult } from './publish.ts';
import { createRemembered } from './remembered.ts';
import { readRequest, type Asker } from './request.ts';
import type { Settings } from './settings.ts';
import { topicOf } from './topics.ts';

export interface HandlerDeps {
  readonly settings: Settings;
  readonly labels?: readonly string[];
  readonly prepare: Prepare;
  readonly invoke: InvokeEndpoint;
  readonly publish: PublishResult;
  readonly log: LambdaLog;
}

/** Of what Lambda passes to a handler, the part that is used. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

/** What became of the event; `unanswered`: nobody can be told. */
export type Handled = 'classified' | 'repeated' | 'failed' | 'refused' | 'unanswered';

/** Rejects only where a result could not be published: Lambda tries again once, then the event goes to the dead letters. */
export type Handler = (event: unknown, context: LambdaContext) => Promise<Handled>;

// The result must get out after the endpoint has used up its time.
const PUBLISH_MS = 5000;
const MARGIN_MS = 500;

export function createHandler(deps: HandlerDeps): Handler {
  const { settings, log } = deps;
  const remembered = createRemembered();
  return async (event, context) => {
    const read = readRequest(event, settings);
    const { asker } = read;
    const tell = createTeller(deps, asker, context);
    if (read.kind === 'refused') {
      log.error('request.refused', { ...asker, ...read.failure });
      return read.mayAnswer && (await tell({ error: errorText(read.failure) })) ? 'refused' : 'unanswered';
    }
    const known = remembered.find(asker);
    if (known !== undefined) {
      log.info('request.repeated', { ...asker, ...known });
      return (await tell(known)) ? 'repeated' : 'unanswered';
    }
    const startMs = performance.now();
    const outcome = await classify(read.jpeg, deps, endpointTime(settings, context));
    const facts = { ...asker, bytes: read.jpeg.length, tookMs: Math.round(performance.now() - startMs) };
    if ('cause' in outcome) {
      log.error('request.failed', { ...facts, ...outcome });
      return (await tell({ error: errorText(outcome) })) ? 'failed' : 'unanswered';
    }
    remembered.keep(asker, outcome); // before it is published: a second attempt at that asks the endpoint nothing
    log.info('request.classified', { ...facts, ...outcome });
    return (await tell(outcome)) ? 'classified' : 'unanswered';
  };
}

function endpointTime({ endpointTimeoutSeconds }: Settings, context: LambdaContext): AbortSignal {
  return signalIn(
    Math.min(endpointTimeoutSeconds * 1000, context.getRemainingTimeInMillis() - PUBLISH_MS - MARGIN_MS),
  );
}

function signalIn(ms: number): AbortSignal {
  return AbortSignal.timeout(Math.max(0, Math.floor(ms)));
}

async function classify(
  jpeg: Uint8Array,
  { settings, labels, prepare, invoke }: HandlerDeps,
  signal: AbortSignal,
): Promise<Classification | Failure> {
  const prepared = await prepare(jpeg);
  if (prepared.kind === 'failed') return prepared.failure;
  const answered = await invoke(prepared.body, settings.input.contentType, signal);
  if (answered.kind === 'failed') return answered.failure;
  const { output } = settings;
  const answer = readAnswer(answered.body, { output, ...(labels === undefined ? {} : { labels }) });
  return answer.kind === 'classification'
    ? answer.classification
    : { cause: 'answerMalformed', detail: answer.detail };
}

type Tell = (said: Classification | { readonly error: string }) => Promise<boolean>;

/** False where the response topic needs a device and the request names none. */
function createTeller({ settings, publish, log }: HandlerDeps, asker: Asker, context: LambdaContext): Tell {
  return async (said) => {
    const topic = topicOf(settings.responseTopic, asker.deviceId);
    if (topic === undefined) {
      log.error('result.unpublished', {
        ...asker,
        detail: `${settings.responseTopic} needs a device, and the request names none`,
      });
      return false;
    }
    const { requestId, deviceId } = asker;
    const result = {
      ...said,
      ...(requestId === undefined ? {} : { request_id: requestId }),
      ...(deviceId === undefined ? {} : { device_id: deviceId }),
    };
    const leftMs = Math.min(PUBLISH_MS, context.getRemainingTimeInMillis() - MARGIN_MS);
    try {
      await publish(topic, result, signalIn(leftMs));
    } catch (error) {
      log.error('result.unpublished', { ...asker, topic, detail: errorMessage(error) });
      throw new Error(`Cannot publish the result on ${topic}: ${errorMessage(error)}`, { cause: error });
    }
    return true;
  };
}

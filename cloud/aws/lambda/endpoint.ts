// One call of the SageMaker endpoint, with what went wrong as a value; it knows neither pictures nor labels.
import {
  InvokeEndpointCommand,
  ModelError,
  SageMakerRuntimeClient,
  SageMakerRuntimeServiceException,
} from '@aws-sdk/client-sagemaker-runtime';
import { errorCode, errorMessage } from '../../../src/support/errors.ts';
import type { EndpointCause, Failure } from './failure.ts';

export type EndpointOutcome =
  | { readonly kind: 'answered'; readonly body: Uint8Array }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Never rejects for what an endpoint can do; `signal` bounds all attempts together. */
export type InvokeEndpoint = (
  body: Uint8Array,
  contentType: string,
  signal: AbortSignal,
) => Promise<EndpointOutcome>;

/** The first and two more: the SDK waits with backoff and jitter in between, and for throttling longer. */
const ATTEMPTS_MAX = 3;
const CONNECTION_TIMEOUT_MS = 2000; // within one region; what takes longer is not there

export function createEndpoint(endpointName: string): InvokeEndpoint {
  const client = new SageMakerRuntimeClient({
    maxAttempts: ATTEMPTS_MAX,
    retryMode: 'standard',
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS },
  });
  return async (body, contentType, signal) => {
    try {
      const answer = await client.send(
        new InvokeEndpointCommand({
          EndpointName: endpointName,
          Body: body,
          ContentType: contentType,
          Accept: 'application/json',
        }),
        { abortSignal: signal },
      );
      return { kind: 'answered', body: bytesOf(answer.Body) };
    } catch (error) {
      return { kind: 'failed', failure: failureOf(error, signal) };
    }
  };
}

/** The client's types promise a body; where the answer is empty there is none. */
function bytesOf(body: Uint8Array | null | undefined): Uint8Array {
  return body ?? new Uint8Array();
}

function failureOf(error: unknown, signal: AbortSignal): Failure {
  // Whatever the client made of it: it was given up because the time was over.
  if (signal.aborted) return { cause: 'endpointTimeout', detail: 'no answer in the time allowed' };
  if (error instanceof SageMakerRuntimeServiceException)
    return { cause: causeOf(error), detail: detailOf(error) };
  if (isBug(error)) throw error;
  return {
    cause: 'endpointUnavailable',
    detail: `${errorCode(error) ?? 'no answer'}: ${errorMessage(error)}`,
  };
}

function causeOf({ name, $metadata, $retryable }: SageMakerRuntimeServiceException): EndpointCause {
  const status = $metadata.httpStatusCode ?? 0;
  if ($retryable?.throttling === true || BUSY.has(name) || status === 429) return 'endpointBusy';
  if (name === 'ModelError') return 'modelFailed';
  return status >= 500 ? 'endpointUnavailable' : 'endpointRefused';
}

const BUSY: ReadonlySet<string> = new Set([
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
  'ModelNotReadyException',
]);

/** The model's own words where there are some: the service's sentence about them is mostly a link to its logs. */
function detailOf(error: SageMakerRuntimeServiceException): string {
  if (error instanceof ModelError && error.OriginalMessage !== undefined)
    return `HTTP ${error.OriginalStatusCode ?? 'unknown'} from the model: ${error.OriginalMessage}`;
  const said = error.message === '' || error.message === 'UnknownError' ? '' : `: ${error.message}`;
  return `${error.name}, HTTP ${error.$metadata.httpStatusCode ?? 'unknown'}${said}`;
}

function isBug(error: unknown): boolean {
  return error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
}

// What can go wrong with one request, as values with a cause that never changes its name. It decides nothing about them.
import { escapeInvisible } from '../../../src/support/visible-text.ts';

/** Of the request itself: sending it again would not help. */
export type RefusedCause =
  'notRequest' | 'badRequestId' | 'badDeviceId' | 'noImage' | 'imageTooLong' | 'badImage';

/** Of the endpoint, or of how it is described to this function. */
export type EndpointCause =
  | 'endpointBusy'
  | 'endpointTimeout'
  | 'endpointUnavailable'
  | 'endpointRefused'
  | 'modelFailed'
  | 'answerMalformed';

export interface Failure {
  readonly cause: RefusedCause | EndpointCause;
  readonly detail: string;
}

// The daemon takes 512 characters of an error, and a model may put a whole stack trace into its message.
const DETAIL_CHARACTERS_MAX = 240;

/** The `error` of a result: the cause, and enough of the detail to act upon, on one line. */
export function errorText({ cause, detail }: Failure): string {
  const line = escapeInvisible(detail.replace(/\s+/g, ' ').trim());
  const characters = Array.from(line);
  const short =
    characters.length <= DETAIL_CHARACTERS_MAX
      ? line
      : `${characters.slice(0, DETAIL_CHARACTERS_MAX - 1).join('')}…`;
  return short === '' ? cause : `${cause}: ${short}`;
}

// Requests for tests that store or send them: numbered, small, and recognisable by their payload.
import type { Request } from '../../src/domain.ts';
import { fixedUuid } from './fixed-random.ts';

/** `bytes` long, its number in every byte. */
export function sampleRequest(number: number, bytes = 10): Request {
  return {
    requestId: fixedUuid(number),
    payload: new Uint8Array(bytes).fill(number),
    contentType: 'application/json',
    capturedAt: '2031-05-06T07:08:09.010Z',
  };
}

/** The number that `sampleRequest` wrote into the request's id. */
export function sampleNumber(request: { readonly requestId: string }): number {
  return Number(request.requestId.slice(-12));
}

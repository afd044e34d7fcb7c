// Builds the request, and says beforehand how many of its bytes are not the picture. It sends nothing.
import type { Image, Request } from '../domain.ts';
import type { RequestFacts } from './metadata.ts';
import {
  packPayload,
  pictureEncoding,
  type PayloadSettings,
  type PictureEncoding,
} from './payload-formats.ts';

export type { PayloadSettings, RequestFacts };

/** What decides how large the picture may be. */
export interface PayloadShape {
  readonly overheadBytes: number;
  readonly encoding: PictureEncoding;
}

export function payloadShape(settings: PayloadSettings, facts: RequestFacts): PayloadShape {
  return { overheadBytes: overheadBytes(settings, facts), encoding: pictureEncoding(settings) };
}

/** Payload bytes beside the picture, for the widest values the metadata can take; exact where there is no metadata. */
export function overheadBytes(settings: PayloadSettings, facts: RequestFacts): number {
  const { widthPx, heightPx } = facts.frame;
  const longestPx = Math.max(widthPx, heightPx); // turning swaps the sides, fitting never enlarges
  const picture = { widthPx: longestPx, heightPx: longestPx, quality: QUALITY_WIDEST };
  return packPayload(settings, { facts, picture, jpeg: new Uint8Array() }).payload.length;
}

export function buildRequest(settings: PayloadSettings, facts: RequestFacts, image: Image): Request {
  const { jpeg, ...picture } = image;
  const { suspect, capturedAt } = facts.frame;
  return {
    requestId: facts.requestId,
    ...packPayload(settings, { facts, picture, jpeg }),
    capturedAt: capturedAt.toISOString(),
    ...(suspect === undefined ? {} : { suspect }),
  };
}

const QUALITY_WIDEST = 100;

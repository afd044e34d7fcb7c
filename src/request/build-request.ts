// Builds the request's payload, and says beforehand how many of its bytes are not the picture. It sends nothing.
import type { Frame, Image, Request } from '../domain.ts';

export interface PayloadSettings {
  readonly deviceId: string;
  /** False: exactly `{"image_data": ...}`. */
  readonly metadata: boolean;
  /** False: metadata only, no picture. */
  readonly publishFrame: boolean;
}

export interface RequestFacts {
  readonly requestId: string;
  readonly frame: Pick<Frame, 'widthPx' | 'heightPx' | 'capturedAt' | 'suspect'>;
  readonly clockSynchronised: boolean;
  readonly triggerId?: string;
}

/** Payload bytes beside the base64 of the picture, for the widest values the metadata can take. */
export function overheadBytes(settings: PayloadSettings, facts: RequestFacts): number {
  const { widthPx, heightPx } = facts.frame;
  const longestPx = Math.max(widthPx, heightPx); // turning swaps the sides, fitting never enlarges
  const widest = { widthPx: longestPx, heightPx: longestPx, quality: QUALITY_WIDEST };
  return Buffer.byteLength(JSON.stringify(fields(settings, facts, { ...widest, imageData: '' })));
}

export function buildRequest(settings: PayloadSettings, facts: RequestFacts, image: Image): Request {
  const { jpeg, widthPx, heightPx, quality } = image;
  const imageData = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength).toString('base64');
  const size = { widthPx, heightPx, ...(quality === undefined ? {} : { quality }) };
  return {
    requestId: facts.requestId,
    payload: Buffer.from(JSON.stringify(fields(settings, facts, { ...size, imageData }))),
    contentType: 'application/json',
    capturedAt: facts.frame.capturedAt.toISOString(),
  };
}

const QUALITY_WIDEST = 100;

function fields(
  settings: PayloadSettings,
  facts: RequestFacts,
  image: { imageData: string; widthPx: number; heightPx: number; quality?: number },
): Record<string, unknown> {
  const picture = settings.publishFrame ? { image_data: image.imageData } : {};
  if (!settings.metadata) return picture;
  return {
    ...picture,
    request_id: facts.requestId,
    device_id: settings.deviceId,
    captured_at: facts.frame.capturedAt.toISOString(),
    ...(facts.triggerId === undefined ? {} : { trigger_id: facts.triggerId }),
    width: image.widthPx,
    height: image.heightPx,
    ...(image.quality === undefined ? {} : { quality: image.quality }),
    clock_synchronised: facts.clockSynchronised,
    ...(facts.frame.suspect === undefined ? {} : { suspect: facts.frame.suspect }),
  };
}

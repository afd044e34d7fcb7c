// What a request says about its picture, under the names that the wire has for it; it holds no picture.
import type { Frame } from '../domain.ts';

export interface RequestFacts {
  readonly requestId: string;
  readonly frame: Pick<Frame, 'widthPx' | 'heightPx' | 'capturedAt' | 'suspect'>;
  readonly clockSynchronised: boolean;
  readonly triggerId?: string;
}

/** Of the picture as it is sent. */
export interface PictureFacts {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Absent where the frame was passed through untouched. */
  readonly quality?: number;
}

export type Metadata = Readonly<Record<string, string | number | boolean>>;

/** The fields of the formats json and raw, in the order in which they are written. */
export function metadataOf(deviceId: string, facts: RequestFacts, picture: PictureFacts): Metadata {
  return {
    request_id: facts.requestId,
    device_id: deviceId,
    captured_at: facts.frame.capturedAt.toISOString(),
    ...triggerOf(facts),
    width: picture.widthPx,
    height: picture.heightPx,
    ...restOf(facts, picture),
  };
}

/** The first element of the format dlstreamer: its subscribers name their files by `frame_id`. */
export function frameMetadataOf(deviceId: string, facts: RequestFacts, picture: PictureFacts): Metadata {
  return {
    frame_id: facts.requestId,
    width: picture.widthPx,
    height: picture.heightPx,
    timestamp: facts.frame.capturedAt.toISOString(),
    device_id: deviceId,
    ...triggerOf(facts),
    ...restOf(facts, picture),
  };
}

function triggerOf({ triggerId }: RequestFacts): Metadata {
  return triggerId === undefined ? {} : { trigger_id: triggerId };
}

function restOf({ clockSynchronised, frame }: RequestFacts, { quality }: PictureFacts): Metadata {
  return {
    ...(quality === undefined ? {} : { quality }),
    clock_synchronised: clockSynchronised,
    ...(frame.suspect === undefined ? {} : { suspect: frame.suspect }),
  };
}

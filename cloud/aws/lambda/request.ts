// Turns the event of the IoT rule into a request with a picture, or a named refusal; nothing is decoded before it is checked.
import { readJpegStructure } from '../../../src/support/jpeg-structure.ts';
import type { Failure, RefusedCause } from './failure.ts';
import type { Settings } from './settings.ts';
import { deviceIn, isDeviceId } from './topics.ts';

/** Who is to be told, as far as the event says so in a form that can be trusted to be one. */
export interface Asker {
  readonly requestId?: string;
  readonly deviceId?: string;
}

export type ReadRequest =
  | { readonly kind: 'request'; readonly asker: Asker; readonly jpeg: Uint8Array }
  | {
      readonly kind: 'refused';
      readonly asker: Asker;
      readonly failure: Failure;
      /** Without an id that can be trusted an answer would be taken for one to another request. */
      readonly mayAnswer: boolean;
    };

/** AWS IoT Core takes no longer payload; what comes otherwise (a test invocation) is held to the same. */
const PAYLOAD_BYTES_MAX = 128 * 1024;
const IMAGE_CHARACTERS_MAX = PAYLOAD_BYTES_MAX - '{"image_data":""}'.length;
const REQUEST_ID_CHARACTERS_MAX = 128;

export function readRequest(event: unknown, settings: Pick<Settings, 'requestTopic'>): ReadRequest {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) {
    const failure = { cause: 'notRequest', detail: 'it is no JSON object' } as const;
    return { kind: 'refused', asker: {}, failure, mayAnswer: false };
  }
  const fields = event as Readonly<Record<string, unknown>>;
  const id = requestIdOf(fields['request_id']);
  const device = deviceOf(fields, settings.requestTopic);
  const asker = { ...device.ok, ...('ok' in id ? id.ok : {}) };
  const refuse = (failure: Failure, mayAnswer: boolean): ReadRequest => ({
    ...{ kind: 'refused', asker, failure, mayAnswer },
  });
  if ('problem' in id) return refuse({ cause: 'badRequestId', detail: id.problem }, false);
  const mayAnswer = 'image_data' in fields || asker.requestId !== undefined;
  if (device.problem !== undefined)
    return refuse({ cause: 'badDeviceId', detail: device.problem }, mayAnswer);
  const image = jpegOf(fields['image_data']);
  return 'jpeg' in image ? { kind: 'request', asker, jpeg: image.jpeg } : refuse(image, mayAnswer);
}

type Read<T> = { readonly ok: T } | { readonly problem: string };

/**
 * Who published on a topic is what the policy of its certificate says; what a payload claims must agree with it, and where
 * it does not, the one of the topic is told.
 */
function deviceOf(
  { topic, device_id: claimed }: Readonly<Record<string, unknown>>,
  requestTopic: string,
): { readonly ok: Pick<Asker, 'deviceId'>; readonly problem?: string } {
  const named = typeof topic === 'string' ? deviceIn(topic, requestTopic) : undefined;
  if (named !== undefined && !isDeviceId(named))
    return { ok: {}, problem: 'the topic holds no name of a device' };
  const ofTopic = named === undefined ? {} : { deviceId: named };
  if (claimed === undefined) return { ok: ofTopic };
  if (!isDeviceId(claimed)) return { ok: ofTopic, problem: 'device_id is no name of a device' };
  if (named !== undefined && named !== claimed)
    return { ok: ofTopic, problem: `device_id is ${claimed}, but it came on the topic of ${named}` };
  return { ok: { deviceId: claimed } };
}

/** Absent is allowed: a publisher that sends `{"image_data"}` alone is answered in order. */
function requestIdOf(value: unknown): Read<Pick<Asker, 'requestId'>> {
  if (value === undefined) return { ok: {} };
  if (
    typeof value !== 'string' ||
    value === '' ||
    value.length > REQUEST_ID_CHARACTERS_MAX ||
    /\p{C}/u.test(value)
  )
    return { problem: `request_id is no text of 1 to ${REQUEST_ID_CHARACTERS_MAX} printable characters` };
  return { ok: { requestId: value } };
}

function jpegOf(value: unknown): Failure | { readonly jpeg: Uint8Array } {
  if (value === undefined) return failure('noImage', 'there is no image_data');
  if (typeof value !== 'string') return failure('noImage', 'image_data is no text');
  if (value.length > IMAGE_CHARACTERS_MAX)
    return failure(
      'imageTooLong',
      `image_data has ${value.length} characters, at most ${IMAGE_CHARACTERS_MAX} are allowed`,
    );
  if (!isBase64(value))
    return failure('badImage', 'image_data is not base64 (RFC 4648, with its padding, without line ends)');
  const jpeg = Buffer.from(value, 'base64');
  const structure = readJpegStructure(jpeg);
  return structure.kind === 'complete'
    ? { jpeg }
    : failure('badImage', `it is no whole JPEG: ${structure.detail}`);
}

/** Buffer.from would skip what is none, and decode the rest to another picture. */
function isBase64(text: string): boolean {
  return text !== '' && text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

function failure(cause: RefusedCause, detail: string): Failure {
  return { cause, detail };
}

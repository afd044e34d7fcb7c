// The payload formats, one function each: picture and metadata into the bytes on the wire. They measure and bound nothing.
import { unreachable } from '../support/errors.ts';
import { frameMetadataOf, metadataOf, type PictureFacts, type RequestFacts } from './metadata.ts';

export type PayloadFormat = 'json' | 'raw' | 'dlstreamer';

export interface PayloadSettings {
  readonly deviceId: string;
  /** Default json. */
  readonly format?: PayloadFormat;
  /** False: the picture and nothing else; dlstreamer has its metadata always, which its subscribers read. */
  readonly metadata: boolean;
  /** False: metadata only, no picture. */
  readonly publishFrame: boolean;
}

/** How the picture stands in the payload; `none` where it is not sent. */
export type PictureEncoding = 'base64' | 'binary' | 'none';

export interface Packed {
  readonly payload: Uint8Array;
  readonly contentType: string;
  readonly userProperties?: Readonly<Record<string, string>>;
}

export interface Contents {
  readonly facts: RequestFacts;
  readonly picture: PictureFacts;
  readonly jpeg: Uint8Array;
}

export function pictureEncoding({ format, publishFrame }: PayloadSettings): PictureEncoding {
  if (!publishFrame) return 'none';
  return format === 'raw' ? 'binary' : 'base64';
}

export function packPayload(settings: PayloadSettings, contents: Contents): Packed {
  const { format = 'json' } = settings;
  switch (format) {
    case 'json':
      return json(settings, contents);
    case 'raw':
      // Without the picture nothing is raw any more: the metadata as JSON reaches subscribers of every MQTT version.
      return settings.publishFrame ? raw(settings, contents) : json(settings, contents);
    case 'dlstreamer':
      return dlstreamer(settings, contents);
    default:
      return unreachable(format);
  }
}

function json({ deviceId, metadata, publishFrame }: PayloadSettings, contents: Contents): Packed {
  const { facts, picture, jpeg } = contents;
  const imageData = publishFrame ? { image_data: base64(jpeg) } : {};
  const text = metadata
    ? JSON.stringify({ ...imageData, ...metadataOf(deviceId, facts, picture) })
    : asPythonWritesIt(imageData);
  return { payload: Buffer.from(text), contentType: 'application/json' };
}

/**
 * The image pipeline's publisher is a Python program, and json.dumps puts a space after the colon. Base64 needs no
 * escapes, so that this is all in which the two differ.
 */
function asPythonWritesIt({ image_data: imageData }: { readonly image_data?: string }): string {
  return imageData === undefined ? '{}' : `{"image_data": "${imageData}"}`;
}

function raw({ deviceId, metadata }: PayloadSettings, { facts, picture, jpeg }: Contents): Packed {
  const said = metadata ? Object.entries(metadataOf(deviceId, facts, picture)) : [];
  return {
    payload: jpeg,
    contentType: 'image/jpeg',
    ...(said.length === 0
      ? {}
      : { userProperties: Object.fromEntries(said.map(([name, value]) => [name, String(value)])) }),
  };
}

/** Without the picture its place stays, empty, as DL Streamer leaves it: subscribers take the metadata by its position. */
function dlstreamer({ deviceId, publishFrame }: PayloadSettings, contents: Contents): Packed {
  const { facts, picture, jpeg } = contents;
  const message = [frameMetadataOf(deviceId, facts, picture), publishFrame ? base64(jpeg) : ''];
  return { payload: Buffer.from(JSON.stringify(message)), contentType: 'application/json' };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

// Finds the picture and the metadata in a request's payload, in any of the payload formats; it decodes no pixels.

export interface PayloadParts {
  readonly format: 'json' | 'raw' | 'dlstreamer' | 'other';
  /** The payload's fields without the picture. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Absent where the payload holds no picture (`payload.publishFrame: false`). */
  readonly jpeg?: Uint8Array;
}

/** Never throws: what is none of our formats is `other`. */
export function payloadParts(payload: Uint8Array): PayloadParts {
  if (startsAsJpeg(payload)) return { format: 'raw', metadata: {}, jpeg: payload };
  const parsed = parseJson(payload);
  if (Array.isArray(parsed)) {
    const [metadata, image] = parsed as readonly unknown[];
    return { format: 'dlstreamer', metadata: isRecord(metadata) ? metadata : {}, ...pictureOf(image) };
  }
  if (!isRecord(parsed)) return { format: 'other', metadata: {} };
  const { image_data: image, ...metadata } = parsed;
  return { format: 'json', metadata, ...pictureOf(image) };
}

function startsAsJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8; // SOI (ITU-T T.81, B.1.1.3)
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    return undefined; // another program's payload, which is told as `other`
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function pictureOf(base64: unknown): { jpeg?: Uint8Array } {
  if (typeof base64 !== 'string') return {};
  const jpeg = Buffer.from(base64, 'base64');
  return startsAsJpeg(jpeg) ? { jpeg } : {};
}

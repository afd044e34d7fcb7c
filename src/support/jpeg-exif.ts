// The few EXIF facts that matter here: which way up a camera's picture is, and what ours carry. It writes no bytes.

export interface OwnExif {
  readonly capturedAt: Date;
  readonly deviceId: string;
}

/** The tags of our own images, by sharp's names of the directories; times in UTC, as in the request. */
export function exifTags({ capturedAt, deviceId }: OwnExif): Record<'IFD2', Record<string, string>> {
  const [date = '', time = ''] = capturedAt.toISOString().split(/[T.]/);
  return {
    // Exif 2.32, 4.6.5 F: `YYYY:MM:DD HH:MM:SS`, offset and fraction in tags of their own.
    IFD2: {
      DateTimeOriginal: `${date.replaceAll('-', ':')} ${time}`,
      SubSecTimeOriginal: String(capturedAt.getUTCMilliseconds()).padStart(3, '0'),
      OffsetTimeOriginal: '+00:00',
      // 4.6.5 H has no tag for a name that its owner gave; this one says which camera of many it was.
      BodySerialNumber: deviceId,
    },
  };
}

/**
 * Orientation 1..8 in the body of an APP1 segment: `Exif\0\0`, a TIFF header, IFD0 (Exif 2.32, 4.5.4 and 4.6.2). What is
 * malformed simply names no orientation.
 */
export function readOrientation(body: Uint8Array): number | undefined {
  if (Buffer.from(body.subarray(0, 6)).toString('latin1') !== 'Exif\0\0') return undefined;
  const tiff = body.subarray(6);
  if (tiff.length < 8) return undefined;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const little = order === 0x4949;
  const uint16 = (at: number): number | undefined =>
    at + 2 <= tiff.length ? view.getUint16(at, little) : undefined;
  if (uint16(2) !== 42) return undefined;
  const orientation = shortEntry(uint16, view.getUint32(4, little), ORIENTATION_TAG);
  return orientation !== undefined && orientation >= 1 && orientation <= 8 ? orientation : undefined;
}

const ORIENTATION_TAG = 0x0112;

/** TIFF 6.0, section 2: a count, then entries of twelve bytes; a SHORT stands in the first bytes of its value. */
function shortEntry(
  uint16: (at: number) => number | undefined,
  directory: number,
  wanted: number,
): number | undefined {
  const entries = uint16(directory) ?? 0;
  for (let index = 0; index < entries; index += 1) {
    const entry = directory + 2 + index * 12;
    const tag = uint16(entry);
    if (tag === undefined) return undefined;
    if (tag === wanted) return uint16(entry + 8);
  }
  return undefined;
}

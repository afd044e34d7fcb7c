// Walks the markers of a JPEG and says whether the picture is whole; it decodes nothing and copies nothing.

export type JpegStructure =
  | {
      readonly kind: 'complete';
      /** As coded, before any EXIF orientation. */
      readonly widthPx: number;
      readonly heightPx: number;
      /** EXIF orientation 1..8 (Exif 2.32, 4.6.4 A); absent where the picture names none. */
      readonly orientation?: number;
      /** One past EOI: zero bytes that a camera padded its buffer with are not part of the picture. */
      readonly endOffset: number;
    }
  | { readonly kind: 'broken'; readonly detail: string };

/**
 * Reads the structure of one JPEG from SOI to EOI (ITU-T T.81, annex B). Segments are skipped by their length, so a
 * thumbnail inside APP1 cannot pass for the picture. Sequential, extended and progressive pictures are taken;
 * hierarchical ones and those whose height comes later (DNL) are broken here, because no camera makes them.
 */
export function readJpegStructure(bytes: Uint8Array): JpegStructure {
  if (!startsWithSoi(bytes)) return broken('it does not start with SOI');
  const seen: Seen = { scans: 0 };
  let offset = 2;
  for (;;) {
    const found = readMarker(bytes, offset);
    if (typeof found === 'string') return broken(found);
    offset = found.next;
    if (found.marker === EOI) return finish(bytes, seen, offset);
    const segment = readSegment(bytes, offset, found.marker);
    if (typeof segment === 'string') return broken(segment);
    offset += segment.length;
    const problem = noteSegment(seen, found.marker, segment.subarray(2));
    if (problem !== undefined) return broken(problem);
    if (found.marker === SOS) offset = endOfScan(bytes, offset);
  }
}

/** T.81 B.1.1.3: every picture starts with the SOI marker, FF D8, and the next marker starts with FF. */
export function startsWithSoi(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

// T.81 table B.1.
const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const APP1 = 0xe1;
const RST0 = 0xd0;
const RST7 = 0xd7;
const TEM = 0x01;
const ORIENTATION_TAG = 0x0112;
// C4, C8 and CC are DHT, JPG and DAC; C5..C7 and CD..CF belong to hierarchical pictures.
const START_OF_FRAME: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc2, 0xc3, 0xc9, 0xca, 0xcb]);
const HIERARCHICAL: ReadonlySet<number> = new Set([0xc5, 0xc6, 0xc7, 0xcd, 0xce, 0xcf, 0xde]);

interface Seen {
  size?: { readonly widthPx: number; readonly heightPx: number };
  orientation?: number;
  scans: number;
}

function broken(detail: string): JpegStructure {
  return { kind: 'broken', detail };
}

/** T.81 B.1.1.2: a marker is FF and a code; any number of FF may stand before it as fill. */
function readMarker(bytes: Uint8Array, offset: number): { marker: number; next: number } | string {
  let at = offset;
  if (at >= bytes.length) return `it ends at byte ${String(at)}, before EOI`;
  if (bytes[at] !== 0xff) return `no marker at byte ${String(at)}`;
  while (bytes[at] === 0xff) at += 1;
  const marker = bytes[at];
  if (marker === undefined) return `it ends at byte ${String(at)}, inside a marker`;
  return { marker, next: at + 1 };
}

/** T.81 B.1.1.4: two bytes of length, which count themselves, then the parameters. */
function readSegment(bytes: Uint8Array, offset: number, marker: number): Uint8Array | string {
  const name = `marker FF${marker.toString(16).toUpperCase().padStart(2, '0')}`;
  if (marker === 0 || marker === TEM || marker === SOI || (marker >= RST0 && marker <= RST7)) {
    return `${name} at byte ${String(offset - 2)} is out of place`;
  }
  const length = readUint16(bytes, offset);
  if (length === undefined) return `it ends inside the length of ${name}`;
  if (length < 2) return `${name} has length ${String(length)}`;
  if (offset + length > bytes.length) return `it ends inside the segment of ${name}`;
  return bytes.subarray(offset, offset + length);
}

function noteSegment(seen: Seen, marker: number, body: Uint8Array): string | undefined {
  if (HIERARCHICAL.has(marker)) return 'it is hierarchical, which no decoder here reads';
  if (marker === SOS) {
    seen.scans += 1;
    return seen.size === undefined ? 'a scan comes before the frame header' : undefined;
  }
  if (marker === APP1) {
    const orientation = readOrientation(body);
    if (orientation !== undefined) seen.orientation ??= orientation;
  }
  return START_OF_FRAME.has(marker) ? noteFrameHeader(seen, body) : undefined;
}

/** T.81 B.2.2: precision, number of lines, samples per line. */
function noteFrameHeader(seen: Seen, body: Uint8Array): string | undefined {
  if (seen.size !== undefined) return 'it has two frame headers';
  const heightPx = readUint16(body, 1);
  const widthPx = readUint16(body, 3);
  if (heightPx === undefined || widthPx === undefined) return 'its frame header is too short';
  if (heightPx === 0 || widthPx === 0) return `its size is ${String(widthPx)}x${String(heightPx)}`;
  seen.size = { widthPx, heightPx };
  return undefined;
}

/** T.81 B.1.1.5 and F.1.2.3: inside a scan FF00 is data and RSTn goes on; any other marker ends the scan. */
function endOfScan(bytes: Uint8Array, offset: number): number {
  let at = offset;
  for (;;) {
    at = bytes.indexOf(0xff, at);
    if (at === -1) return bytes.length;
    const code = bytes[at + 1];
    if (code === undefined) return at;
    if (code !== 0 && code !== 0xff && (code < RST0 || code > RST7)) return at;
    at += code === 0xff ? 1 : 2;
  }
}

function finish(bytes: Uint8Array, seen: Seen, endOffset: number): JpegStructure {
  if (seen.size === undefined || seen.scans === 0) return broken('it ends before any picture data');
  if (bytes.subarray(endOffset).some((byte) => byte !== 0)) {
    return broken(`${String(bytes.length - endOffset)} bytes follow EOI that are not zero padding`);
  }
  return {
    kind: 'complete',
    ...seen.size,
    ...(seen.orientation === undefined ? {} : { orientation: seen.orientation }),
    endOffset,
  };
}

/** Exif 2.32, 4.5.4 and 4.6.2: `Exif\0\0`, a TIFF header, IFD0. What is malformed simply names no orientation. */
function readOrientation(body: Uint8Array): number | undefined {
  if (Buffer.from(body.subarray(0, 6)).toString('latin1') !== 'Exif\0\0') return undefined;
  const tiff = body.subarray(6);
  const order = readUint16(tiff, 0);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const little = order === 0x4949;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const uint16 = (at: number): number | undefined =>
    at + 2 <= tiff.length ? view.getUint16(at, little) : undefined;
  if (tiff.length < 8 || uint16(2) !== 42) return undefined;
  const orientation = shortEntry(uint16, view.getUint32(4, little), ORIENTATION_TAG);
  return orientation !== undefined && orientation >= 1 && orientation <= 8 ? orientation : undefined;
}

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

function readUint16(bytes: Uint8Array, offset: number): number | undefined {
  const high = bytes[offset];
  const low = bytes[offset + 1];
  return high === undefined || low === undefined ? undefined : high * 256 + low;
}

// Walks the markers of a JPEG and says whether the picture is whole; it decodes nothing and edits nothing.
import { readOrientation } from './jpeg-exif.ts';
import { chromaSamples, linesOfRow } from './jpeg-sampling.ts';
import { endOfScan, isZero, readMarker, readSegment, readUint16 } from './jpeg-segments.ts';
import { tablesIn } from './jpeg-tables.ts';

export interface WholeJpeg {
  readonly kind: 'complete';
  /** As coded, before any EXIF orientation. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** EXIF orientation 1..8 (Exif 2.32, 4.6.4 A); absent where the picture names none. */
  readonly orientation?: number;
  /** The quantisation table of the first component, 64 steps in zig-zag order. */
  readonly lumaTable?: readonly number[];
  /** Samples of all other components for each of the first: 0.5 is 4:2:0, 1 is 4:2:2; absent where factors are odd. */
  readonly chromaSamples?: number;
  /** Segments that a decoder does not need: EXIF, XMP, ICC, comments, thumbnails; from marker to end, in order. */
  readonly metadata: readonly Span[];
  /** Whether an ICC profile other than sRGB is among them: without it the colours would be others. */
  readonly hasColourProfile: boolean;
  /** Huffman coded, eight bits, grey or three colours: what every decoder reads. */
  readonly plain: boolean;
  /** Absent for a picture that is not decoded row by row as it is read. */
  readonly evenRows?: EvenRows;
  /** One past EOI: zero bytes that a camera padded its buffer with are not part of the picture. */
  readonly endOffset: number;
}

/** Of a Huffman coded, sequential picture in one scan, no colour of which has another resolution in height. */
export interface EvenRows {
  /** Of the two bytes of the frame header that hold the height. */
  readonly heightOffset: number;
  /** Of each row of blocks; the last row may be cut by the height. */
  readonly lines: number;
}

/** Offsets of bytes: the first, and one past the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type JpegStructure = WholeJpeg | { readonly kind: 'broken'; readonly detail: string };

/**
 * Reads the structure of one JPEG from SOI to EOI (ITU-T T.81, annex B). Segments are skipped by their length, so a
 * thumbnail inside APP1 cannot pass for the picture. Sequential, extended and progressive pictures are taken;
 * hierarchical ones and those whose height comes later (DNL) are broken here, because no camera makes them.
 */
export function readJpegStructure(bytes: Uint8Array): JpegStructure {
  if (!startsWithSoi(bytes)) return broken('it does not start with SOI');
  const seen: Seen = {
    scans: 0,
    interleaved: false,
    tables: new Map(),
    metadata: [],
    hasColourProfile: false,
    plain: false,
  };
  let offset = 2;
  for (let segments = 0; segments < SEGMENTS_MAX; segments += 1) {
    const found = readMarker(bytes, offset);
    if (typeof found === 'string') return broken(found);
    offset = found.next;
    if (found.marker === EOI) return finish(bytes, seen, offset);
    const segment = readSegment(bytes, offset, found.marker);
    if (typeof segment === 'string') return broken(segment);
    const start = offset - 2;
    offset += segment.length;
    const problem = noteSegment(seen, {
      marker: found.marker,
      body: segment.subarray(2),
      start,
      end: offset,
    });
    if (problem !== undefined) return broken(problem);
    if (found.marker === SOS) offset = endOfScan(bytes, offset);
  }
  return broken(`it has more than ${String(SEGMENTS_MAX)} segments`);
}

/** The picture alone, byte for byte: without its metadata segments and without what follows EOI. */
export function withoutMetadata(bytes: Uint8Array, { metadata, endOffset }: WholeJpeg): Uint8Array {
  const starts = [0, ...metadata.map(({ end }) => end)];
  const ends = [...metadata.map(({ start }) => start), endOffset];
  return new Uint8Array(Buffer.concat(starts.map((start, at) => bytes.subarray(start, ends[at]))));
}

/** T.81 B.1.1.3: every picture starts with the SOI marker, FF D8, and the next marker starts with FF. */
export function startsWithSoi(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

// A colour profile takes 255 at most (ICC.1:2022, B.4), metadata of 32 MB some 500; millions of empty ones are an attack, and
// each takes time and memory.
const SEGMENTS_MAX = 2000;

// T.81 table B.1.
const EOI = 0xd9;
const SOS = 0xda;
const APP0 = 0xe0;
const APP1 = 0xe1;
const DQT = 0xdb;
const COM = 0xfe;
const APP2 = 0xe2;
const APP15 = 0xef;
// C4, C8 and CC are DHT, JPG and DAC; C5..C7 and CD..CF belong to hierarchical pictures.
const START_OF_FRAME: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc2, 0xc3, 0xc9, 0xca, 0xcb]);
const SEQUENTIAL: ReadonlySet<number> = new Set([0xc0, 0xc1]);
const HUFFMAN: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc2]);
const HIERARCHICAL: ReadonlySet<number> = new Set([0xc5, 0xc6, 0xc7, 0xcd, 0xce, 0xcf, 0xde]);

interface Seen {
  size?: { readonly widthPx: number; readonly heightPx: number };
  orientation?: number;
  scans: number;
  components?: number;
  evenRows?: EvenRows;
  /** Whether one scan holds all components of the frame. */
  interleaved: boolean;
  readonly tables: Map<number, readonly number[]>;
  lumaTable?: number;
  chromaSamples?: number;
  readonly metadata: Span[];
  hasColourProfile: boolean;
  plain: boolean;
}

interface Segment extends Span {
  readonly marker: number;
  readonly body: Uint8Array;
}

function broken(detail: string): JpegStructure {
  return { kind: 'broken', detail };
}

function noteSegment(seen: Seen, segment: Segment): string | undefined {
  const { marker, body, start, end } = segment;
  if (HIERARCHICAL.has(marker)) return 'it is hierarchical, which no decoder here reads';
  if (marker === SOS) {
    seen.scans += 1;
    seen.interleaved = body[0] === seen.components;
    return seen.size === undefined ? 'a scan comes before the frame header' : undefined;
  }
  if (marker === APP1) {
    const orientation = readOrientation(body);
    if (orientation !== undefined) seen.orientation ??= orientation;
  }
  if (marker === DQT) noteTables(seen, body);
  if (isMetadata(marker, body)) seen.metadata.push({ start, end });
  if (marker === APP2) seen.hasColourProfile ||= isForeignProfile(body);
  return START_OF_FRAME.has(marker) ? noteFrameHeader(seen, segment) : undefined;
}

/** Decoders read JFIF, the AVI1 of motion JPEG, and Adobe's colour transform; nothing else says how to decode. */
function isMetadata(marker: number, body: Uint8Array): boolean {
  if (marker === COM) return true;
  if (marker < APP0 || marker > APP15) return false;
  return !['JFIF', 'AVI1', 'Adobe'].some((name) => isNamed(body, name));
}

/** ICC.1:2022, 9.2.41: the description of a profile names it, in UTF-16 or ASCII; every other colour space has another. */
function isForeignProfile(body: Uint8Array): boolean {
  if (!isNamed(body, 'ICC_PROFILE')) return false;
  const profile = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return !['sRGB', 's\0R\0G\0B'].some((name) => profile.includes(name, 0, 'latin1'));
}

function isNamed(body: Uint8Array, name: string): boolean {
  return Buffer.from(body.subarray(0, name.length)).toString('latin1') === name;
}

function isPlain(marker: number, [precision, , , , , components = 0]: Uint8Array): boolean {
  return HUFFMAN.has(marker) && precision === 8 && (components === 1 || components === 3);
}

function noteTables({ tables }: Seen, body: Uint8Array): void {
  for (const { place, steps } of tablesIn(body)) tables.set(place, steps);
}

/** T.81 B.2.2: precision, number of lines, samples per line. */
function noteFrameHeader(seen: Seen, { marker, body, start }: Segment): string | undefined {
  if (seen.size !== undefined) return 'it has two frame headers';
  const heightPx = readUint16(body, 1);
  const widthPx = readUint16(body, 3);
  if (heightPx === undefined || widthPx === undefined) return 'its frame header is too short';
  if (heightPx === 0 || widthPx === 0) return `its size is ${String(widthPx)}x${String(heightPx)}`;
  seen.size = { widthPx, heightPx };
  seen.lumaTable = body[8] ?? 0;
  seen.components = body[5] ?? 0;
  seen.plain = isPlain(marker, body);
  const chroma = chromaSamples(body);
  if (chroma !== undefined) seen.chromaSamples = chroma;
  const lines = SEQUENTIAL.has(marker) ? linesOfRow(body) : undefined;
  if (lines !== undefined) seen.evenRows = { heightOffset: start + 5, lines };
  return undefined;
}

function finish(bytes: Uint8Array, seen: Seen, endOffset: number): JpegStructure {
  if (seen.size === undefined || seen.scans === 0) return broken('it ends before any picture data');
  if (!isZero(bytes, endOffset)) {
    return broken(`${String(bytes.length - endOffset)} bytes follow EOI that are not zero padding`);
  }
  const { orientation, metadata, hasColourProfile, plain, chromaSamples: chroma } = seen;
  const evenRows = seen.scans === 1 && seen.interleaved ? seen.evenRows : undefined;
  const lumaTable = seen.tables.get(seen.lumaTable ?? 0);
  return {
    kind: 'complete',
    ...seen.size,
    ...(orientation === undefined ? {} : { orientation }),
    ...(lumaTable === undefined ? {} : { lumaTable }),
    ...(chroma === undefined ? {} : { chromaSamples: chroma }),
    ...(evenRows === undefined ? {} : { evenRows }),
    ...{ metadata, hasColourProfile, plain, endOffset },
  };
}

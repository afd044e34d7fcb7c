// Reads the markers and segments of a JPEG one at a time; it knows the meaning of none.

export interface Marker {
  /** The code after FF. */
  readonly marker: number;
  /** One past the code. */
  readonly next: number;
}

/** T.81 B.1.1.2: a marker is FF and a code; any number of FF may stand before it as fill. */
export function readMarker(bytes: Uint8Array, offset: number): Marker | string {
  let at = offset;
  if (at >= bytes.length) return `it ends at byte ${String(at)}, before EOI`;
  if (bytes[at] !== 0xff) return `no marker at byte ${String(at)}`;
  while (bytes[at] === 0xff) at += 1;
  const marker = bytes[at];
  if (marker === undefined) return `it ends at byte ${String(at)}, inside a marker`;
  return { marker, next: at + 1 };
}

/** T.81 B.1.1.4: two bytes of length, which count themselves, then the parameters. */
export function readSegment(bytes: Uint8Array, offset: number, marker: number): Uint8Array | string {
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

/** T.81 B.1.1.5 and F.1.2.3: inside a scan FF00 is data and RSTn goes on; any other marker ends the scan. */
export function endOfScan(bytes: Uint8Array, offset: number): number {
  let at = offset;
  for (;;) {
    if (bytes[at] !== 0xff) at = bytes.indexOf(0xff, at);
    if (at === -1) return bytes.length;
    const code = bytes[at + 1];
    if (code === undefined) return at;
    if (code !== 0 && code !== 0xff && (code < RST0 || code > RST7)) return at;
    at += code === 0xff ? 1 : 2;
  }
}

/** Nothing but padding from there on. A loop, because megabytes of it would take a callback a byte. */
export function isZero(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at < bytes.length; at += 1) if (bytes[at] !== 0) return false;
  return true;
}

export function readUint16(bytes: Uint8Array, offset: number): number | undefined {
  const high = bytes[offset];
  const low = bytes[offset + 1];
  return high === undefined || low === undefined ? undefined : high * 256 + low;
}

// T.81 table B.1.
const SOI = 0xd8;
const RST0 = 0xd0;
const RST7 = 0xd7;
const TEM = 0x01;

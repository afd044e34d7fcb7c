// Reads the quantisation tables of a JPEG's segment; it judges none.
import { readUint16 } from './jpeg-segments.ts';

export interface PlacedTable {
  /** 0..3: a component names its table by it. */
  readonly place: number;
  /** 64, in zig-zag order. */
  readonly steps: readonly number[];
}

/** T.81 B.2.4.1: precision and place, then 64 steps of one or two bytes; a segment may hold a table for each place. */
export function tablesIn(body: Uint8Array): readonly PlacedTable[] {
  const tables: PlacedTable[] = [];
  for (let at = 0; at < body.length && tables.length < PLACES;) {
    const head = body[at] ?? 0;
    const width = head >> 4 === 0 ? 1 : 2;
    const steps = Array.from({ length: 64 }, (_, index) => {
      const step = at + 1 + index * width;
      return (width === 1 ? body[step] : readUint16(body, step)) ?? 1;
    });
    tables.push({ place: head & 15, steps });
    at += 1 + 64 * width;
  }
  return tables;
}

const PLACES = 4;

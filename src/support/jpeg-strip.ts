// Makes a JPEG say that it is longer than it is, so that its decoder looks at the whole of it; it decodes nothing.
import type { WholeJpeg } from './jpeg-structure.ts';

/**
 * libvips decodes in strips of eight lines and looks for warnings before each, so never after the last: damage there
 * would pass. This asks for one line more than the last row of blocks has, so that one strip more follows; nobody looks
 * at the warning that this one gives. Where colours are halved in height libjpeg reads a row ahead of what it gives, and
 * the whole picture first where it has several scans: then no damage is left for the last strip.
 */
export function withStripBelow(
  jpeg: Uint8Array,
  { evenRows, widthPx, heightPx }: WholeJpeg,
  pixelsMax: number,
): { readonly jpeg: Uint8Array; readonly heightPx: number } {
  if (evenRows === undefined) return { jpeg, heightPx };
  const longerPx = Math.ceil(heightPx / evenRows.lines) * evenRows.lines + 1;
  // A picture so near to a bound has no room for more; no camera makes one.
  if (longerPx > LIBJPEG_SIDE_PX_MAX || widthPx * longerPx > pixelsMax) return { jpeg, heightPx };
  const longer = Buffer.from(jpeg);
  longer.writeUInt16BE(longerPx, evenRows.heightOffset);
  return { jpeg: longer, heightPx: longerPx };
}

// JPEG_MAX_DIMENSION of libjpeg.
const LIBJPEG_SIDE_PX_MAX = 65_500;

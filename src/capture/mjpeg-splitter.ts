// Cuts a byte stream of JPEGs into pictures by walking their segments; it decodes nothing and keeps only the last part.

export interface MjpegSplitter {
  /** The pictures that this chunk completes, each a copy of its own. Whatever is no JPEG is passed over. */
  push(chunk: Uint8Array): readonly Uint8Array[];
}

/**
 * Searching for the bytes of SOI and EOI cuts at an embedded thumbnail; so segment lengths are followed (ITU-T T.81,
 * B.1.1.4) and entropy-coded data is scanned for the next marker (B.1.1.5: FF00 is data, FFD0-FFD7 restart markers).
 */
export function createMjpegSplitter(options: { readonly maxBytes: number }): MjpegSplitter {
  let buffer = Buffer.alloc(0);
  let walker = startWalk();
  return {
    push(chunk) {
      buffer = buffer.length === 0 ? Buffer.from(chunk) : Buffer.concat([buffer, chunk]);
      const pictures: Uint8Array[] = [];
      for (;;) {
        const step = walk(buffer, walker);
        if (step.kind === 'more') {
          // What has not ended after so many bytes is no picture of a camera; its start is passed over.
          if (buffer.length <= options.maxBytes) return pictures;
          buffer = buffer.subarray(2);
        } else if (step.kind === 'picture') {
          pictures.push(Uint8Array.from(buffer.subarray(0, step.end)));
          buffer = buffer.subarray(step.end);
        } else {
          buffer = buffer.subarray(step.from);
        }
        walker = startWalk();
      }
    },
  };
}

interface Walker {
  at: number;
  inEntropy: boolean;
}

type Step =
  | { readonly kind: 'more' }
  | { readonly kind: 'picture'; readonly end: number }
  /** What stands before `from` is no picture. */
  | { readonly kind: 'skip'; readonly from: number };

const FF = 0xff;
const [SOI, EOI, SOS, TEM] = [0xd8, 0xd9, 0xda, 0x01] as const;

function startWalk(): Walker {
  return { at: 0, inEntropy: false };
}

/** Goes on where the last chunk ended; `walker` remembers the place. */
function walk(bytes: Buffer, walker: Walker): Step {
  if (walker.at === 0) {
    const soi = bytes.indexOf(SOI_MARKER);
    if (soi > 0) return { kind: 'skip', from: soi };
    if (soi < 0) return bytes.length > 1 ? { kind: 'skip', from: bytes.length - 1 } : { kind: 'more' };
    walker.at = 2;
  }
  for (;;) {
    if (walker.inEntropy) {
      walker.at = bytes.indexOf(FF, walker.at);
      if (walker.at < 0) walker.at = bytes.length;
    }
    if (walker.at + 1 >= bytes.length) return { kind: 'more' };
    const step = atMarker(bytes, walker);
    if (step !== undefined) return step;
  }
}

const SOI_MARKER = Buffer.from([FF, SOI]);

/** One marker: moves the walker past it and its segment, or says how the walk ends. */
function atMarker(bytes: Buffer, walker: Walker): Step | undefined {
  const code = bytes[walker.at + 1] ?? 0;
  if (bytes[walker.at] !== FF) return { kind: 'skip', from: walker.at };
  if (code === FF) {
    walker.at += 1; // B.1.1.2: any number of fill bytes may stand before a marker
    return undefined;
  }
  if (code === EOI) return { kind: 'picture', end: walker.at + 2 };
  if (code === SOI) return { kind: 'skip', from: walker.at }; // the picture before it was never finished
  if (code === TEM || (code >= 0xd0 && code <= 0xd7) || (walker.inEntropy && code === 0)) {
    walker.at += 2;
    return undefined;
  }
  return atSegment(bytes, walker, code);
}

function atSegment(bytes: Buffer, walker: Walker, code: number): Step | undefined {
  if (walker.at + 3 >= bytes.length) {
    walker.inEntropy = false; // the marker has ended the entropy-coded data; its length comes with the next chunk
    return { kind: 'more' };
  }
  const length = bytes.readUInt16BE(walker.at + 2);
  if (code < 0xc0 || length < 2) return { kind: 'skip', from: walker.at + 1 };
  walker.inEntropy = code === SOS;
  walker.at += 2 + length;
  return undefined;
}

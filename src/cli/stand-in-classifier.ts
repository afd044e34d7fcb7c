// A stand-in for a classifier: looks at the picture for its dominant colour and brightness. It recognises nothing.
import type { Classification } from '../domain.ts';
import type { JpegCodec } from '../support/jpeg.ts';

// Enough to see colours by; the far side's models see 224 x 224.
const LOOK_WIDTH_PX = 96;
const HUES = ['red', 'orange', 'yellow', 'green', 'cyan', 'blue', 'magenta'] as const;
/** Degrees on the colour circle where each of HUES ends; what is beyond is red again. */
const HUE_ENDS = [20, 45, 70, 165, 200, 260, 330] as const;
const GREY = 'grey';
const GREY_CHROMA = 24; // of 255: below this a person sees grey

// A picture with fewer coloured pixels is grey to a person.
const COLOURED_SHARE_MIN = 0.03;

/**
 * `label`: brightness and dominant colour, such as `bright blue`; `confidence`: the share of that colour among the
 * coloured pixels, or of grey among all. `undefined` where the bytes are no picture.
 */
export async function classifyByColour(
  jpeg: Uint8Array,
  codec: JpegCodec,
): Promise<Classification | undefined> {
  const decoded = await codec.decode(jpeg, {
    maxWidthPx: LOOK_WIDTH_PX,
    rotateDegrees: 0,
    flip: 'none',
    greyscale: false,
  });
  if (decoded.kind === 'undecodable') return undefined;
  const { data, channels } = decoded.pixels;
  const counts = new Map<string, number>();
  let luma = 0;
  for (let at = 0; at < data.length; at += channels) {
    const red = data[at] ?? 0;
    const green = channels === 3 ? (data[at + 1] ?? 0) : red;
    const blue = channels === 3 ? (data[at + 2] ?? 0) : red;
    luma += 0.299 * red + 0.587 * green + 0.114 * blue; // ITU-R BT.601
    const colour = colourOf(red, green, blue);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const pixels = data.length / channels;
  const { colour, share } = dominantColour(counts, pixels);
  return { label: `${brightness(luma / pixels)} ${colour}`, confidence: Number(share.toFixed(3)) };
}

function dominantColour(
  counts: ReadonlyMap<string, number>,
  pixels: number,
): { colour: string; share: number } {
  const grey = counts.get(GREY) ?? 0;
  const coloured = pixels - grey;
  if (coloured < pixels * COLOURED_SHARE_MIN) return { colour: GREY, share: grey / pixels };
  const [colour, count] = [...counts]
    .filter(([name]) => name !== GREY)
    .reduce((most, next) => (next[1] > most[1] ? next : most));
  return { colour, share: count / coloured };
}

function colourOf(red: number, green: number, blue: number): string {
  const highest = Math.max(red, green, blue);
  const chroma = highest - Math.min(red, green, blue);
  if (chroma < GREY_CHROMA) return GREY;
  const sixth =
    highest === red
      ? (green - blue) / chroma
      : highest === green
        ? 2 + (blue - red) / chroma
        : 4 + (red - green) / chroma;
  const degrees = (sixth * 60 + 360) % 360;
  return HUES[HUE_ENDS.findIndex((end) => degrees < end)] ?? 'red';
}

function brightness(meanLuma: number): string {
  if (meanLuma < 64) return 'dark';
  return meanLuma < 150 ? 'medium' : 'bright';
}

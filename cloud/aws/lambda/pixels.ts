// The only door to sharp here: a JPEG into the pixels of a small square. It is loaded where the endpoint takes tensors.
import type Sharp from 'sharp';
import { errorMessage } from '../../../src/support/errors.ts';
import type { TensorSettings } from './settings.ts';

export type Decoded =
  | { readonly kind: 'decoded'; readonly rgb: Uint8Array }
  | { readonly kind: 'undecodable'; readonly detail: string };

export type DecodePixels = (
  jpeg: Uint8Array,
  square: { readonly sidePx: number; readonly fit: TensorSettings['fit'] },
) => Promise<Decoded>;

// The share of the shorter side that torchvision's evaluation transform keeps: 224 of 256.
const CROPPED_FROM = 256 / 224;
// A JPEG of 98 KB can say that it is of any size; the daemon itself makes none with more.
const PIXELS_MAX = 50_000_000;

/** Rejects where sharp was left out of the package. */
export async function loadDecoder(): Promise<DecodePixels> {
  const { default: sharp } = await import('sharp');
  return (jpeg, square) => decode(sharp, jpeg, square);
}

async function decode(
  sharp: typeof Sharp,
  jpeg: Uint8Array,
  { sidePx, fit }: Parameters<DecodePixels>[1],
): Promise<Decoded> {
  try {
    const upright = sharp(jpeg, { failOn: 'error', limitInputPixels: PIXELS_MAX }).autoOrient();
    const squared =
      fit === 'stretch'
        ? upright.resize(sidePx, sidePx, { fit: 'fill', kernel: 'linear' })
        : upright.resize(...middleOf(Math.round(sidePx * CROPPED_FROM)));
    const margin = Math.round((sidePx * CROPPED_FROM - sidePx) / 2);
    const cut =
      fit === 'stretch'
        ? squared
        : squared.extract({ left: margin, top: margin, width: sidePx, height: sidePx });
    const rgb = await cut.toColourspace('srgb').removeAlpha().raw().toBuffer();
    return { kind: 'decoded', rgb };
  } catch (error) {
    return { kind: 'undecodable', detail: errorMessage(error).trim() };
  }
}

function middleOf(sidePx: number): [number, number, { fit: 'cover'; position: 'centre'; kernel: 'linear' }] {
  return [sidePx, sidePx, { fit: 'cover', position: 'centre', kernel: 'linear' }];
}

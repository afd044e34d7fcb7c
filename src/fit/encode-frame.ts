// The encodes of one frame: it decodes as rarely as it can, and decides nothing about quality or width.
import { OperatingError } from '../support/errors.ts';
import {
  ENCODE_FAILED,
  type DecodeOptions,
  type EncodeOptions,
  type JpegCodec,
  type Pixels,
} from '../support/jpeg.ts';
import type { FitSearch } from './fit-to-budget.ts';
import type { SceneMemory } from './scene-memory.ts';

export interface FrameEncoding {
  readonly codec: JpegCodec;
  readonly jpeg: Uint8Array;
  readonly decode: DecodeOptions;
  readonly encode: Pick<EncodeOptions, 'encoder' | 'exif'>;
  readonly basis: ReturnType<SceneMemory['expect']>['basis'];
}

/**
 * Of a known scene one encode will probably do: it is made without pixels in between, which Node would keep until it next
 * collects garbage. For more encodes the frame is decoded once. What fails has the code `ENCODE_FAILED`.
 */
export function frameEncoder({ codec, jpeg, decode, encode, basis }: FrameEncoding): FitSearch['encode'] {
  let straight = basis === 'knownScene';
  let pixels: Pixels | undefined;
  return async (quality, widthPx) => {
    if (straight) {
      straight = false;
      return codec.transcode(jpeg, { ...decode, maxWidthPx: widthPx, ...encode, quality });
    }
    pixels ??= pixelsOf(await codec.decode(jpeg, decode));
    return codec.encode(pixels, { ...encode, quality, widthPx });
  };
}

function pixelsOf(decoded: Awaited<ReturnType<JpegCodec['decode']>>): Pixels {
  if (decoded.kind === 'decoded') return decoded.pixels;
  throw new OperatingError(decoded.detail, { code: ENCODE_FAILED });
}

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
  /** No pass begins once it is aborted; one that runs cannot be ended. */
  readonly signal?: AbortSignal;
}

/**
 * Of a known scene one encode will probably do: it is made without pixels in between, which Node would keep until it next
 * collects garbage. For more encodes the frame is decoded once. What fails or is called off has the code
 * `ENCODE_FAILED`.
 */
export function frameEncoder(frame: FrameEncoding): FitSearch['encode'] {
  const { codec, jpeg, decode, encode, basis, signal } = frame;
  let straight = basis === 'knownScene';
  let pixels: Pixels | undefined;
  return async (quality, widthPx) => {
    refuseAborted(signal);
    if (straight) {
      straight = false;
      return codec.transcode(jpeg, { ...decode, maxWidthPx: widthPx, ...encode, quality });
    }
    pixels ??= pixelsOf(await codec.decode(jpeg, decode));
    refuseAborted(signal);
    return codec.encode(pixels, { ...encode, quality, widthPx });
  };
}

function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new OperatingError('Cannot encode picture: it was called off', { code: ENCODE_FAILED });
}

function pixelsOf(decoded: Awaited<ReturnType<JpegCodec['decode']>>): Pixels {
  if (decoded.kind === 'decoded') return decoded.pixels;
  throw new OperatingError(decoded.detail, { code: ENCODE_FAILED });
}

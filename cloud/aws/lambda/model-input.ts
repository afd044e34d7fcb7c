// What the endpoint is given for a picture: the picture itself, or numbers in the form that the model was trained with.
import type { Failure } from './failure.ts';
import { npyOf } from './npy.ts';
import type { DecodePixels } from './pixels.ts';
import type { TensorSettings } from './settings.ts';
import { PIXELS_PER_SIDE, shapeOf, tensorOf } from './tensor.ts';

export type Prepared =
  | { readonly kind: 'prepared'; readonly body: Uint8Array }
  | { readonly kind: 'failed'; readonly failure: Failure };

export type Prepare = (jpeg: Uint8Array) => Promise<Prepared>;

export const preparePicture: Prepare = (jpeg) => Promise.resolve({ kind: 'prepared', body: jpeg });

export function prepareTensor(settings: TensorSettings, decode: DecodePixels): Prepare {
  return async (jpeg) => {
    const decoded = await decode(jpeg, { sidePx: PIXELS_PER_SIDE, fit: settings.fit });
    if (decoded.kind === 'undecodable')
      return {
        kind: 'failed',
        failure: { cause: 'badImage', detail: `it does not decode: ${decoded.detail}` },
      };
    return { kind: 'prepared', body: tensorBody(tensorOf(decoded.rgb, settings), settings) };
  };
}

/** `instances` is TensorFlow Serving's row format, `list` the bare nested list, both with a batch of one. */
export function tensorBody(tensor: Float32Array, { layout, format }: TensorSettings): Uint8Array {
  const shape = [1, ...shapeOf(layout)];
  switch (format) {
    case 'npy':
      return npyOf(tensor, shape);
    case 'list':
      return Buffer.from(jsonOf(tensor, shape));
    case 'instances':
      return Buffer.from(`{"instances":${jsonOf(tensor, shape)}}`);
  }
}

/** Six decimals: a step of one in 255 is a hundred times wider than what they lose. */
function jsonOf(numbers: Float32Array, [length = 1, ...inner]: readonly number[]): string {
  if (inner.length === 0)
    return `[${Array.from(numbers, (number) => Math.round(number * 1e6) / 1e6).join(',')}]`;
  const size = numbers.length / length;
  const parts = Array.from({ length }, (_, at) =>
    jsonOf(numbers.subarray(at * size, (at + 1) * size), inner),
  );
  return `[${parts.join(',')}]`;
}

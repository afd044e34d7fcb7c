// Pixels into the numbers that MobileNet V2 and its relatives take: 224 x 224, normalised, in either order of axes.
import type { TensorSettings } from './settings.ts';

export const PIXELS_PER_SIDE = 224;
const CHANNELS = 3;

type Normalise = (value: number, channel: number) => number;

// Of the ImageNet photographs, red, green and blue: what torchvision and GluonCV train with.
const MEAN = [0.485, 0.456, 0.406];
const DEVIATION = [0.229, 0.224, 0.225];

const NORMALISATIONS: Readonly<Record<TensorSettings['normalisation'], Normalise>> = {
  // As Keras' MobileNet preprocessing has it.
  minusOneToOne: (value) => value / 127.5 - 1,
  imageNet: (value, channel) => (value / 255 - (MEAN[channel] ?? 0)) / (DEVIATION[channel] ?? 1),
};

/** `rgb` row by row, three bytes a pixel. */
export function tensorOf(
  rgb: Uint8Array,
  { normalisation, layout }: Pick<TensorSettings, 'normalisation' | 'layout'>,
): Float32Array {
  const normalise = NORMALISATIONS[normalisation];
  const pixels = rgb.length / CHANNELS;
  const tensor = new Float32Array(rgb.length);
  rgb.forEach((value, at) => {
    const channel = at % CHANNELS;
    const pixel = (at - channel) / CHANNELS;
    tensor[layout === 'NHWC' ? at : channel * pixels + pixel] = normalise(value, channel);
  });
  return tensor;
}

/** Without the batch. */
export function shapeOf(layout: TensorSettings['layout']): readonly number[] {
  const [side, channels] = [PIXELS_PER_SIDE, CHANNELS];
  return layout === 'NHWC' ? [side, side, channels] : [channels, side, side];
}

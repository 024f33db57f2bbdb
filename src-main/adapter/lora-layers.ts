// A LoRA as data: two small matrices a layer (Hu et al. 2021),
//   y = layer(x) + adapterStrength · loraAlpha / rank · up(down(x)),
// and the layers of a base model that one may belong to, read off the names and shapes of its weights.

import { elementCount, type Shape, type Tensor } from '../tensor/tensor.ts';
import { toFloat32 } from '../tensor/half.ts';
import type { WeightTable } from '../tensor/weights.ts';

/** textEncoder2 is SDXL's second, OpenCLIP bigG. */
export type AdaptedNetwork = 'unet' | 'textEncoder' | 'textEncoder2';

/** The text encoders in the order of a checkpoint's own. */
export const textEncoderNames = ['textEncoder', 'textEncoder2'] as const satisfies readonly AdaptedNetwork[];

export interface LoraLayer {
  readonly network: AdaptedNetwork;
  /** Module path in diffusers' or Transformers' naming, e.g. 'mid_block.attentions.0.proj_in'. */
  readonly modulePath: string;
  readonly kind: 'linear' | 'conv';
  readonly rank: number;
  readonly loraAlpha: number;
  /** [rank, in] or [rank, in, kh, kw]. */
  readonly down: Tensor;
  /** [out, rank] or [out, rank, 1, 1]. */
  readonly up: Tensor;
}

/** A layer of the base model that an adapter can add to. */
export interface AdaptableLayer {
  readonly network: AdaptedNetwork;
  readonly modulePath: string;
  readonly kind: 'linear' | 'conv';
  /** torch layout: [out, in] or [out, in, kh, kw]. */
  readonly weightShape: Shape;
}

/** A module as the networks' graphs take it: `path` and the shape of the layer's own weight. */
export interface FlatModule {
  readonly path: string;
  readonly kind: 'linear' | 'conv';
  readonly weightShape: Shape;
  readonly rank: number;
  readonly loraAlpha: number;
}

/** The weights of a base model's networks; only names and shapes are looked at. */
export interface AdaptedWeights {
  readonly unet: WeightTable;
  readonly textEncoders: readonly { readonly weights: WeightTable }[];
}

/** Every Linear and Conv2d of the networks; token and position tables are none. */
export function adaptableLayers({ unet, textEncoders }: AdaptedWeights): AdaptableLayer[] {
  const text = textEncoders.flatMap(({ weights }, index) => layersOf(textEncoderNames[index]!, weights));
  return [...layersOf('unet', unet), ...text];
}

function layersOf(network: AdaptedNetwork, weights: WeightTable): AdaptableLayer[] {
  return [...weights].flatMap(([name, { shape }]): AdaptableLayer[] => {
    const isLayer = name.endsWith('.weight') && !name.includes('_embedding.weight');
    const kind = shape.length === 2 ? 'linear' : shape.length === 4 ? 'conv' : undefined;
    return isLayer && kind ? [{ network, modulePath: name.slice(0, -'.weight'.length), kind, weightShape: shape }] : [];
  });
}

/**
 * The layers of a trained flat vector: for each module its down matrix, then its up matrix, in the modules' order.
 * The matrices are views of the vector.
 */
export function layersFromFlat(
  network: AdaptedNetwork, modules: readonly FlatModule[], parameters: Float32Array,
): LoraLayer[] {
  let offset = 0;
  const take = (shape: Shape): Tensor => {
    const data = parameters.subarray(offset, offset += elementCount(shape));
    return { dtype: 'float32', shape, data };
  };
  const layers = modules.map(({ path, kind, weightShape, rank, loraAlpha }): LoraLayer => {
    const down = take([rank, ...weightShape.slice(1)]);
    const up = take(kind === 'linear' ? [weightShape[0]!, rank] : [weightShape[0]!, rank, 1, 1]);
    return { network, modulePath: path, kind, rank, loraAlpha, down, up };
  });
  if (offset !== parameters.length) {
    throw new Error(`The modules hold ${offset} numbers, the vector ${parameters.length}.`);
  }
  return layers;
}

/** One network's layers as modules and a flat vector of their matrices: for each down, then up. */
export function flattenLayers(
  layers: readonly LoraLayer[], network: AdaptedNetwork,
): { modules: FlatModule[]; parameters: Float32Array } {
  const own = layers.filter((layer) => layer.network === network);
  const size = own.reduce((sum, { down, up }) => sum + elementCount(down.shape) + elementCount(up.shape), 0);
  const parameters = new Float32Array(size);
  let offset = 0;
  const modules = own.map(({ modulePath, kind, rank, loraAlpha, down, up }): FlatModule => {
    parameters.set(toFloat32(down).data as Float32Array, offset);
    offset += elementCount(down.shape);
    parameters.set(toFloat32(up).data as Float32Array, offset);
    offset += elementCount(up.shape);
    return { path: modulePath, kind, weightShape: [up.shape[0]!, ...down.shape.slice(1)], rank, loraAlpha };
  });
  return { modules, parameters };
}

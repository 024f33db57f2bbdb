// All parameters of a network in one flat float32 vector: where each lies, how it begins, and how a graph reads it.
// Initial values follow torch's layers: uniform within 1/sqrt(fan-in) (He et al. 2015 with a = sqrt 5), norms one
// and zero.

import type { Value } from '../compiler/1-build/graph.ts';
import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { NetworkScope } from '../models/network-scope.ts';
import type { ParameterShapes } from '../models/parameter-shapes.ts';
import { elementCount, type Shape, type Tensor } from '../tensor/tensor.ts';
import { layoutOf, type ParameterLayout } from '../networks/flat-parameters.ts';
import { type Random, seededRandom } from './seeded-random.ts';

/** Puts networks one behind the other; names become '<network>.<parameter>'. */
export function flatLayout(networks: Readonly<Record<string, ParameterShapes>>): ParameterLayout {
  return layoutOf(Object.entries(networks).flatMap(([network, shapes]) =>
    [...shapes].map(([name, shape]) => ({ name: `${network}.${name}`, shape }))));
}

/** A scope that reads one network's parameters out of the flat vector [size]. */
export function flatScope(g: GraphBuilder, layout: ParameterLayout, vector: Value, network: string): NetworkScope {
  const places = new Map(layout.entries.map((parameter) => [parameter.name, parameter]));
  return {
    g,
    parameter: (name) => {
      const place = places.get(`${network}.${name}`);
      if (!place) throw new Error(`The flat vector has no parameter ${network}.${name}.`);
      return g.reshape(g.slice(vector, 0, place.offset, place.offset + place.size), place.shape);
    },
  };
}

/** A scope over the `parameter(name)` that a training-step graph offers. */
export function prefixedScope(g: GraphBuilder, network: string, parameter: (name: string) => Value): NetworkScope {
  return { g, parameter: (name) => parameter(`${network}.${name}`) };
}

/** The named tensors of one network, cut out of the flat vector (copies). */
export function tensorsOf(layout: ParameterLayout, vector: Float32Array, network: string): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const { name, shape, offset, size } of layout.entries) {
    if (!name.startsWith(`${network}.`)) continue;
    tensors.set(name.slice(network.length + 1), { dtype: 'float32', shape, data: vector.slice(offset, offset + size) });
  }
  return tensors;
}

const isNorm = (name: string) => /norm\w*\.(weight|bias)$/.test(name);

/** Layers that close a residual branch of the UNet begin at zero, as in Dhariwal and Nichol 2021. */
const closesBranch = (name: string) =>
  name.startsWith('unet.') && /(\.conv2|\.proj_out|^unet\.conv_out)\.(weight|bias)$/.test(name);

function bound(parameter: ParameterLayout['entries'][number], shapes: ReadonlyMap<string, Shape>): number {
  const weight = parameter.name.endsWith('.bias')
    ? shapes.get(parameter.name.replace(/bias$/, 'weight')) ?? parameter.shape : parameter.shape;
  return 1 / Math.sqrt(elementCount(weight.slice(1)));
}

function fill(random: Random, target: Float32Array, parameter: ParameterLayout['entries'][number],
  shapes: ReadonlyMap<string, Shape>): void {
  const { name } = parameter;
  if (isNorm(name)) return void target.fill(name.endsWith('.weight') ? 1 : 0);
  if (closesBranch(name)) return;
  if (name.includes('embedding.weight')) {
    for (let i = 0; i < target.length; i++) target[i] = embeddingDeviation * random.normal();
    return;
  }
  const limit = bound(parameter, shapes);
  for (let i = 0; i < target.length; i++) target[i] = random.between(-limit, limit);
}

/** Standard deviation of untrained token and position rows. */
export const embeddingDeviation = 0.05;

/** Initial values of all parameters. */
export function initialParameters(layout: ParameterLayout, seed: number): Float32Array {
  const values = new Float32Array(layout.size);
  const shapes = new Map(layout.entries.map(({ name, shape }) => [name, shape]));
  layout.entries.forEach((parameter, index) => {
    const target = values.subarray(parameter.offset, parameter.offset + parameter.size);
    fill(seededRandom(seed, 1000 + index), target, parameter, shapes);
    // the log-variance begins at -6: nearly no noise, so that colours are learnt before blur
    if (parameter.name === 'vae.quant_conv.bias') target.fill(-6, target.length / 2);
    if (parameter.name === 'vae.quant_conv.weight') target.fill(0, target.length / 2);
  });
  return values;
}


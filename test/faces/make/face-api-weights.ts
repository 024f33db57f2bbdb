// Rebuilds resources/faces from the npm package @vladmandic/face-api (a devDependency): its quantised weights under
// our names, in torch's layout, with batch norms and scales folded in. A weight of 8-bit steps stays so, with one
// step and one minimum for each output channel: weight = minimum[out] + step[out] * code.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Tensor, float32Tensor } from '../../../src-main/tensor/tensor.ts';

export const packageFolder = fileURLToPath(new URL('../../../node_modules/@vladmandic/face-api/', import.meta.url));

/** A weight as the package has it: codes and their meaning, or plain numbers (then step 1 and minimum 0). */
interface PackedWeight {
  readonly shape: readonly number[];
  readonly values: Uint8Array | Float32Array;
  readonly step: number;
  readonly minimum: number;
}

interface ManifestEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly quantization?: { readonly dtype: string; readonly scale: number; readonly min: number };
}

export function readPackage(name: string): Map<string, PackedWeight> {
  const model = path.join(packageFolder, 'model', `${name}_model`);
  const manifest = JSON.parse(readFileSync(`${model}-weights_manifest.json`, 'utf8')) as { weights: ManifestEntry[] }[];
  const bytes = Uint8Array.from(readFileSync(`${model}.bin`));
  const weights = new Map<string, PackedWeight>();
  let offset = 0;
  for (const { name: key, shape, quantization } of manifest.flatMap((group) => group.weights)) {
    const count = shape.reduce((product, size) => product * size, 1);
    if (quantization && quantization.dtype !== 'uint8') throw new Error(`${key} is packed as ${quantization.dtype}.`);
    const length = quantization ? count : count * 4;
    const part = bytes.slice(offset, offset + length);
    weights.set(key, {
      shape, values: quantization ? part : new Float32Array(part.buffer),
      step: quantization?.scale ?? 1, minimum: quantization?.min ?? 0,
    });
    offset += length;
  }
  if (offset !== bytes.length) throw new Error(`${name} has ${bytes.length - offset} bytes too many.`);
  return weights;
}

export class Converter {
  readonly tensors = new Map<string, Tensor>();
  readonly #source: Map<string, PackedWeight>;

  constructor(name: string) {
    this.#source = readPackage(name);
  }

  packed(key: string): PackedWeight {
    const weight = this.#source.get(key);
    if (!weight) throw new Error(`The package has no weight ${key}.`);
    return weight;
  }

  numbers(key: string): Float64Array {
    const { values, step, minimum } = this.packed(key);
    return Float64Array.from(values, (value) => value * step + minimum);
  }

  /** A small tensor, as plain float32. */
  plain(name: string, shape: readonly number[], values: ArrayLike<number>): void {
    this.tensors.set(name, float32Tensor(shape, Float32Array.from(values)));
  }

  /**
   * A kernel [height, width, in, out] (or depthwise [height, width, channels, 1]) to torch's [out, in, height, width],
   * multiplied by `scale[out]`.
   */
  kernel(name: string, key: string, scale?: ArrayLike<number>): void {
    const { shape: [height, width, channels, last], values } = this.packed(key) as
      PackedWeight & { shape: [number, number, number, number] };
    const isDepthwise = last === 1 && key.includes('depthwise');
    const [outs, ins] = isDepthwise ? [channels, 1] : [last, channels];
    const area = height * width;
    const turned = values instanceof Uint8Array ? new Uint8Array(values.length) : new Float32Array(values.length);
    for (let o = 0; o < outs; o++) {
      for (let i = 0; i < ins; i++) {
        for (let k = 0; k < area; k++) {
          turned[(o * ins + i) * area + k] = values[isDepthwise ? k * outs + o : (k * ins + i) * outs + o]!;
        }
      }
    }
    this.#store(name, [outs, ins, height, width], turned, this.packed(key), scale);
  }

  /** A matrix [in, out] to torch's [out, in]. */
  matrix(name: string, key: string): void {
    const { shape: [ins, outs], values } = this.packed(key) as PackedWeight & { shape: [number, number] };
    const turned = new Uint8Array(values.length);
    for (let o = 0; o < outs; o++) for (let i = 0; i < ins; i++) turned[o * ins + i] = values[i * outs + o]!;
    this.#store(name, [outs, ins], turned, this.packed(key));
  }

  #store(
    name: string, shape: readonly [number, ...number[]], values: Uint8Array | Float32Array, packed: PackedWeight,
    scale?: ArrayLike<number>,
  ): void {
    const outs = shape[0];
    const perOut = values.length / outs;
    const factor = (o: number): number => scale?.[o] ?? 1;
    if (values instanceof Float32Array) {
      this.plain(name, shape, values.map((value, i) => value * factor(Math.floor(i / perOut))));
      return;
    }
    this.tensors.set(name, { dtype: 'uint8', shape, data: values });
    const channels = Array.from({ length: outs }, (_, o) => factor(o));
    this.plain(`${name}.step`, [outs], channels.map((by) => packed.step * by));
    this.plain(`${name}.minimum`, [outs], channels.map((by) => packed.minimum * by));
  }
}

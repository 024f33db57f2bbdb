// A checkpoint of a model's real size with random weights, as a diffusers folder: for measuring, not for looking at.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import type { ParameterShapes } from '../../src-main/models/parameter-shapes.ts';
import { toFloatDType } from '../../src-main/tensor/half.ts';
import { type Tensor, elementCount, float32Tensor } from '../../src-main/tensor/tensor.ts';
import { type ModelFiles, type RealModel, realModels } from './real-size-configs.ts';

export type WeightDType = 'float32' | 'float16';

/** Writes the model below `folder` and returns the checkpoint's folder; float32 is 4.3 GB (SD 1.5), 13.9 GB (SDXL). */
export async function writeRandomCheckpoint(folder: string, model: RealModel, dtype: WeightDType): Promise<string> {
  return writeRandomModel(folder, realModels[model], dtype);
}

/** Writes any model's files below `folder`, and returns it. */
export async function writeRandomModel(
  folder: string, { networks, pipeline }: ModelFiles, dtype: WeightDType,
): Promise<string> {
  for (const network of networks) {
    const place = path.join(folder, network.folder);
    await mkdir(place, { recursive: true });
    await writeFile(path.join(place, 'config.json'), JSON.stringify(network.config));
    await writeSafetensors(path.join(place, `${network.stem}.safetensors`), randomTensors(network.shapes(), dtype));
  }
  await mkdir(path.join(folder, 'scheduler'), { recursive: true });
  const scheduler = JSON.stringify({ prediction_type: 'epsilon' });
  await writeFile(path.join(folder, 'scheduler', 'scheduler_config.json'), scheduler);
  await writeFile(path.join(folder, 'model_index.json'), JSON.stringify({ _class_name: pipeline }));
  return folder;
}

/** All tensors are views of one block of small numbers; the scales of norms are ones. */
export function randomTensors(shapes: ParameterShapes, dtype: WeightDType): Map<string, Tensor> {
  const largest = Math.max(...[...shapes.values()].map((shape) => elementCount(shape)));
  // a linear congruential generator is random enough for timing (Numerical Recipes, section 7.1.4)
  const numbers = new Float32Array(largest);
  let state = 1;
  for (let i = 0; i < largest; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    numbers[i] = (state / 2 ** 31 - 1) * 0.03;
  }
  const random = toFloatDType(float32Tensor([largest], numbers), dtype);
  const ones = toFloatDType(float32Tensor([1 << 16], new Float32Array(1 << 16).fill(1)), dtype);
  return new Map([...shapes].map(([name, shape]) => {
    const { data } = /norm\w*\.weight$/.test(name) ? ones : random;
    return [name, { dtype, shape, data: (data as Float32Array).subarray(0, elementCount(shape)) }];
  }));
}

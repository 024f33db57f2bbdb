// Networks of the golden cases run by ONNX Runtime: what feeds them, and rows for their outputs.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import type { UnetConfig, VaeConfig } from '../../src-main/checkpoint/configs.ts';
import { readSafetensors, readSafetensorsHeader } from '../../src-main/checkpoint/safetensors.ts';
import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Value } from '../../src-main/compiler/1-build/graph.ts';
import { frozenScope } from '../../src-main/models/frozen-scope.ts';
import type { NetworkScope } from '../../src-main/models/network-scope.ts';
import { unet } from '../../src-main/models/unet.ts';
import { vaeDecoder, vaeEncoder } from '../../src-main/models/vae.ts';
import { openSession } from '../../src-main/runtime/session.ts';
import { toFloat32 } from '../../src-main/tensor/half.ts';
import type { Tensor } from '../../src-main/tensor/tensor.ts';
import type { TensorReference, WeightTable } from '../../src-main/tensor/weights.ts';
import { type GoldenContext, type GoldenProvider, type GoldenRow, maxError, row } from './case.ts';

/** golden/README.md, Tolerances: float32 on a CPU. */
export const pictureTolerance = 5e-5;
export const textTolerance = 1e-5;

export type Tensors = Readonly<Record<string, Tensor>>;
export type Values = Readonly<Record<string, Value>>;

export interface Network {
  readonly provider: GoldenProvider;
  readonly weights: WeightTable;
  readonly feeds: Tensors;
  /** Adds the network; the feeds are its inputs, and what it returns are its outputs. */
  describe(scope: NetworkScope, inputs: Values): Values;
}

export async function runNetwork({ provider, weights, feeds, describe }: Network): Promise<Tensors> {
  const g = new GraphBuilder('golden');
  const inputs = Object.entries(feeds).map(([name, { dtype, shape }]) => [name, g.input(name, dtype, shape)] as const);
  const outputs = describe(frozenScope(g, weights), Object.fromEntries(inputs));
  for (const [name, value] of Object.entries(outputs)) g.output(name, value);
  const session = await openSession(g.graph(), { provider, threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

/** Rows for those of the outputs that the golden file has. */
export function compare(
  run: string, outputs: Tensors, golden: ReadonlyMap<string, Tensor>, tolerance: number,
): GoldenRow[] {
  return Object.entries(outputs).flatMap(([name, actual]) => {
    const expected = golden.get(name);
    return expected ? [row(`${run}/${name}`, maxError(actual, expected), tolerance)] : [];
  });
}

export interface Case {
  readonly config: Record<string, Record<string, unknown>>;
  readonly configFile: string;
  readonly runs: readonly { readonly name: string; readonly golden: Map<string, Tensor> }[];
}

export async function readCase({ folder }: GoldenContext, runNames: readonly string[]): Promise<Case> {
  const configFile = path.join(folder, 'config.json');
  const config = JSON.parse(await readFile(configFile, 'utf8')) as Case['config'];
  const runs = await Promise.all(runNames.map(async (name) => {
    return { name, golden: await readSafetensors(path.join(folder, `${name}.safetensors`)) };
  }));
  return { config, configFile, runs };
}

/** The tensors of a file whose names begin with `prefix`, under the rest of their names. */
export async function tensorsOf(
  { folder }: GoldenContext, file: string, prefix = '',
): Promise<Map<string, TensorReference>> {
  const { tensors } = await readSafetensorsHeader(path.join(folder, file));
  const wanted = [...tensors].filter(([name]) => name.startsWith(prefix));
  return new Map(wanted.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

/** The golden tensors of these names, integer timesteps as the float32 that our UNet takes. */
export function feedsOf(golden: ReadonlyMap<string, Tensor>, names: readonly string[]): Tensors {
  return Object.fromEntries(names.flatMap((name) => {
    const tensor = golden.get(name);
    if (!tensor) return [];
    return [[name, name === 'timestep' ? toFloat32(tensor) : tensor]];
  }));
}

export function unetOutputs(provider: GoldenProvider, weights: WeightTable, config: UnetConfig, feeds: Tensors) {
  return runNetwork({
    provider, weights, feeds,
    describe: (scope, inputs) => ({
      out_sample: unet(scope, config, {
        sample: inputs['sample']!,
        timestep: inputs['timestep']!,
        encoderHiddenStates: inputs['encoder_hidden_states']!,
        ...(config.textTime ? { textEmbeds: inputs['text_embeds']!, timeIds: inputs['time_ids']! } : {}),
      }),
    }),
  });
}

export function encoderOutputs(provider: GoldenProvider, weights: WeightTable, config: VaeConfig, image: Tensor) {
  return runNetwork({
    provider, weights, feeds: { image },
    describe: (scope, inputs) => {
      const { g } = scope;
      const moments = vaeEncoder(scope, config, inputs['image']!);
      const [mean, logVariance] = g.split(moments, 1, [config.latentChannels, config.latentChannels]);
      const logvar = g.clip(logVariance!, -30, 20);
      return { moments, mean: mean!, logvar, std: g.exp(g.mul(logvar, g.scalar(0.5))) };
    },
  });
}

export function decoderOutputs(provider: GoldenProvider, weights: WeightTable, config: VaeConfig, latent: Tensor) {
  return runNetwork({
    provider, weights, feeds: { latent },
    describe: (scope, inputs) => ({ decoded: vaeDecoder(scope, config, inputs['latent']!) }),
  });
}

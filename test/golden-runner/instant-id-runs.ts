// InstantID's networks of the golden cases: what their folders hold, and one graph over several networks' weights.

import { existsSync } from 'node:fs';
import path from 'node:path';

import { type ControlNetConfig, parseControlNetConfig, parseUnetConfig } from '../../src-main/checkpoint/configs.ts';
import { readSafetensorsHeader } from '../../src-main/checkpoint/safetensors.ts';
import { parseResamplerConfig } from '../../src-main/checkpoint/resampler-config.ts';
import { unetWeights } from '../../src-main/checkpoint/unet-names.ts';
import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import { controlNet } from '../../src-main/models/controlnet.ts';
import { frozenScope } from '../../src-main/models/frozen-scope.ts';
import type { NetworkScope } from '../../src-main/models/network-scope.ts';
import type { UnetInputs } from '../../src-main/models/unet.ts';
import { openSession } from '../../src-main/runtime/session.ts';
import type { Tensor } from '../../src-main/tensor/tensor.ts';
import type { WeightTable } from '../../src-main/tensor/weights.ts';
import type { GoldenContext, GoldenProvider } from './case.ts';
import type { Case, Tensors, Values } from './network-runs.ts';

export interface SeveralNetworks {
  readonly provider: GoldenProvider;
  readonly feeds: Tensors;
  /** Adds networks, whose weights `scopeOf` gives; the feeds are their inputs. Returns the outputs. */
  describe(scopeOf: (weights: WeightTable) => NetworkScope, inputs: Values): Values;
}

export async function runNetworks({ provider, feeds, describe }: SeveralNetworks): Promise<Tensors> {
  const g = new GraphBuilder('golden');
  const inputs = Object.entries(feeds).map(([name, { dtype, shape }]) => [name, g.input(name, dtype, shape)] as const);
  const outputs = describe((weights) => frozenScope(g, weights), Object.fromEntries(inputs));
  for (const [name, value] of Object.entries(outputs)) g.output(name, value);
  const session = await openSession(g.graph(), { provider, threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

/** The weights file of this name among those that config.json lists, which may lie in a neighbouring folder. */
export function weightsFile({ folder }: GoldenContext, config: Case['config'], name: string): string {
  const listed = (config['weights'] as unknown as readonly string[] | undefined) ?? [];
  const file = listed.find((each) => path.posix.basename(each) === name) ?? name;
  const absolute = path.join(folder, file);
  if (!existsSync(absolute)) throw new Error(`This case needs ${file} beside it.`);
  return absolute;
}

export async function tensorsIn(file: string): Promise<WeightTable> {
  return (await readSafetensorsHeader(file)).tensors;
}

export async function unetOf(context: GoldenContext, config: Case['config'], configFile: string) {
  return {
    config: parseUnetConfig(config['unet'], configFile),
    weights: unetWeights(await tensorsIn(weightsFile(context, config, 'unet.safetensors'))),
  };
}

export async function controlNetOf(context: GoldenContext, config: Case['config'], configFile: string) {
  return {
    config: parseControlNetConfig(config['controlnet'], configFile),
    weights: await tensorsIn(weightsFile(context, config, 'controlnet.safetensors')),
  };
}

export function resamplerConfigOf(config: Case['config'], configFile: string) {
  return parseResamplerConfig(config['resampler'], configFile);
}

/** A number of config.json, as the input of shape [1] that strengths are. */
export function strengthOf(config: Case['config'], name: string): Tensor {
  const value = Number(config[name]);
  if (!Number.isFinite(value)) throw new Error(`config.json lacks the number ${name}.`);
  return { dtype: 'float32', shape: [1], data: Float32Array.of(value) };
}

/** The ControlNet's residuals by their golden names, and as the UNet takes them. */
export function residualsOf(
  scope: NetworkScope, config: ControlNetConfig, inputs: Parameters<typeof controlNet>[2],
): { named: Values; residuals: NonNullable<UnetInputs['controlResiduals']> } {
  const residuals = controlNet(scope, config, inputs);
  const down = residuals.down.map((value, i) => [`down_residual.${i}`, value] as const);
  return { named: { ...Object.fromEntries(down), mid_residual: residuals.mid }, residuals };
}

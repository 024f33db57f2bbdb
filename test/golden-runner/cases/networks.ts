// The networks of Stable Diffusion against diffusers and Transformers: UNet, VAE and text encoder, in every naming that
// their files come in, and a whole single-file checkpoint through openCheckpoint.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { parseTextEncoderConfig, parseUnetConfig, parseVaeConfig } from '../../../src-main/checkpoint/configs.ts';
import type { TextEncoderConfig, UnetConfig, VaeConfig } from '../../../src-main/checkpoint/configs.ts';
import { readSafetensors, readSafetensorsHeader } from '../../../src-main/checkpoint/safetensors.ts';
import { GraphBuilder } from '../../../src-main/compiler/1-build/graph-builder.ts';
import type { Value } from '../../../src-main/compiler/1-build/graph.ts';
import { frozenScope } from '../../../src-main/models/frozen-scope.ts';
import type { NetworkScope } from '../../../src-main/models/network-scope.ts';
import { clipTextEncoder } from '../../../src-main/models/text-encoder.ts';
import { unet } from '../../../src-main/models/unet.ts';
import { vaeDecoder, vaeEncoder } from '../../../src-main/models/vae.ts';
import { openSession } from '../../../src-main/runtime/session.ts';
import { toFloat32 } from '../../../src-main/tensor/half.ts';
import type { Tensor } from '../../../src-main/tensor/tensor.ts';
import type { WeightTable } from '../../../src-main/tensor/weights.ts';
import { type GoldenCase, type GoldenContext, type GoldenProvider, type GoldenRow, maxError, row } from '../case.ts';

/** golden/README.md, Tolerances: float32 on a CPU. */
const pictureTolerance = 5e-5;
const textTolerance = 1e-5;

type Tensors = Readonly<Record<string, Tensor>>;

interface Network {
  readonly provider: GoldenProvider;
  readonly weights: WeightTable;
  readonly feeds: Tensors;
  /** Adds the network; the feeds are its inputs, and what it returns are its outputs. */
  describe(scope: NetworkScope, inputs: Readonly<Record<string, Value>>): Readonly<Record<string, Value>>;
}

async function runNetwork({ provider, weights, feeds, describe }: Network): Promise<Tensors> {
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

function compare(run: string, outputs: Tensors, golden: ReadonlyMap<string, Tensor>, tolerance: number): GoldenRow[] {
  return Object.entries(outputs).map(([name, actual]) => {
    return row(`${run}/${name}`, maxError(actual, golden.get(name)!), tolerance);
  });
}

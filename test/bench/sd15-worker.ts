// One measurement of the SD 1.5 bench in a process of its own, so that its peak memory is its own.
// Arguments: checkpoint folder, 'forward' or 'step', repeats, latent edge, 'memory' or 'speed', profile prefix.
// Prints one JSON line.

import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph } from '../../src-main/compiler/1-build/graph.ts';
import { normalNoise, normalNumbers } from '../../src-main/diffusion/seeded-noise.ts';
import { frozenScope } from '../../src-main/models/frozen-scope.ts';
import { unet } from '../../src-main/models/unet.ts';
import { unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { openSession } from '../../src-main/runtime/session.ts';
import { type Shape, type Tensor, elementCount, float32Tensor } from '../../src-main/tensor/tensor.ts';
import { defaultAdamW } from '../../src-main/training/adamw.ts';
import type { Trainables } from '../../src-main/training/trainables.ts';
import { graphOfStep } from '../../src-main/training/training-step.ts';

const [folder, mode, repeats, edge, favour, profileFilePrefix] = process.argv.slice(2);
const latentEdge = Number(edge);
const checkpoint = await openCheckpoint(folder!);
const modules = unetLoraModules(checkpoint.unetConfig, 'attention', { rank: 8, loraAlpha: 8 });
const trainables: Trainables = { unet: { kind: 'lora', modules } };

const buildStart = performance.now();
const graph = mode === 'forward' ? forwardGraph() : stepGraph();
const buildMs = performance.now() - buildStart;
const createStart = performance.now();
const session = await openSession(graph, {
  provider: 'cpu', favour: favour === 'speed' ? 'speed' : 'memory', ...(profileFilePrefix ? { profileFilePrefix } : {}),
});
const createMs = performance.now() - createStart;

const timesMs: number[] = [];
const feeds = feedsOf(graph);
for (let i = 0; i <= Number(repeats); i++) {
  const start = performance.now();
  const out = await session.run(feeds);
  timesMs.push(performance.now() - start);
  const isFinite = Object.values(out).every(({ data }) => Number.isFinite(Number(data[0])));
  if (!isFinite) throw new Error('The numbers are not finite.');
}
process.stdout.write(`${JSON.stringify({ nodes: graph.nodes.length, buildMs, createMs, timesMs })}\n`);
await session.release();

function forwardGraph(): Graph {
  const g = new GraphBuilder('forward');
  g.output('prediction', unet(frozenScope(g, checkpoint.unet), checkpoint.unetConfig, {
    sample: g.input('latents', 'float32', [1, 4, latentEdge, latentEdge]),
    timestep: g.input('timesteps', 'float32', [1]),
    encoderHiddenStates: g.input('context', 'float32', [1, 77, 768]),
  }));
  return g.graph();
}

function stepGraph(): Graph {
  const latents = normalNoise(1, 0, [1, 4, latentEdge, latentEdge]);
  const context = normalNoise(1, 1, [1, 77, 768]);
  return graphOfStep({ checkpoint, trainables, optimizer: defaultAdamW, provider: 'cpu' }, {
    noisy: latents, target: latents, timesteps: [500], sampleWeights: [1], text: { states: { context } },
  });
}

function feedsOf({ inputs }: Graph): Record<string, Tensor> {
  return Object.fromEntries(inputs.map(({ name, shape }, stream) => [name, feedOf(name, shape, stream)]));
}

/** Moments begin at zero, LoRA matrices small, pictures and texts with unit variance. */
function feedOf(name: string, shape: Shape, stream: number): Tensor {
  if (name === 'timesteps') return float32Tensor(shape, [500]);
  // no clipping, corrections of the first step, a small learning rate
  if (name === 'schedule') return float32Tensor(shape, [3e38, 10, 1000, 1e-4]);
  const size = elementCount(shape);
  if (name === 'sampleWeights' || name === 'mask') return float32Tensor(shape, new Float32Array(size).fill(1));
  if (name.includes('Moment.')) return float32Tensor(shape, new Float32Array(size));
  const scale = name.startsWith('parameters.') ? 0.02 : 1;
  return float32Tensor(shape, normalNumbers(1, stream, size).map((x) => x * scale));
}

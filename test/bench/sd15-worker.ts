// One measurement of the SD 1.5 bench in a process of its own, so that its peak memory is its own.
// Arguments: checkpoint folder, 'forward' or 'step', repeats, latent edge, 'memory' or 'speed', profile prefix.
// Prints one JSON line.

import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph } from '../../src-main/compiler/1-build/graph.ts';
import { normalNumbers } from '../../src-main/diffusion/seeded-noise.ts';
import { frozenScope } from '../../src-main/models/frozen-scope.ts';
import { unet } from '../../src-main/models/unet.ts';
import { unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { openSession } from '../../src-main/runtime/session.ts';
import { type Shape, type Tensor, elementCount } from '../../src-main/tensor/tensor.ts';
import { loraStepGraph, timestepFeeds } from '../../src-main/training/lora-step.ts';
import { defaultAdamW, scheduleOf } from '../../src-main/training/optimizer-graph.ts';

const [folder, mode, repeats, edge, favour, profileFilePrefix] = process.argv.slice(2);
const latentEdge = Number(edge);
const checkpoint = await openCheckpoint(folder!);

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
  return loraStepGraph({
    weights: checkpoint.unet, config: checkpoint.unetConfig,
    modules: unetLoraModules(checkpoint.unetConfig, 'attention', { rank: 8, loraAlpha: 8 }),
    predictionType: 'epsilon', optimizer: defaultAdamW, batchSize: 1,
    latentSize: [latentEdge, latentEdge], contextLength: 77,
  }).graph;
}

function feedsOf({ inputs }: Graph): Record<string, Tensor> {
  const known: Record<string, Tensor> = {
    ...timestepFeeds([500], new Float64Array(1000).fill(0.5)),
    schedule: { dtype: 'float32', shape: [4], data: scheduleOf(1, 1e-4, defaultAdamW) },
  };
  return Object.fromEntries(inputs.map(({ name, shape }, stream) => (
    [name, known[name] ?? randomFeed(name, shape, stream)])));
}

/** Moments begin at zero, LoRA matrices small, everything else with unit variance. */
function randomFeed(name: string, shape: Shape, stream: number): Tensor {
  const size = elementCount(shape);
  if (name.endsWith('Moment')) return { dtype: 'float32', shape, data: new Float32Array(size) };
  const scale = name === 'parameters' ? 0.02 : 1;
  return { dtype: 'float32', shape, data: normalNumbers(1, stream, size).map((x) => x * scale) };
}

// Activations computed again instead of kept: the same numbers, less memory, and in ONNX Runtime's own order each
// block's copies run when its gradient begins.

import { expect, test } from 'vitest';

import { parseUnetConfig } from '../../src-main/checkpoint/configs.ts';
import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph, Node } from '../../src-main/compiler/1-build/graph.ts';
import { differentiate } from '../../src-main/compiler/2-differentiate/differentiate.ts';
import { numberedBlock } from '../../src-main/compiler/2-differentiate/recompute.ts';
import { simplify } from '../../src-main/compiler/3-simplify/simplify.ts';
import { evaluate } from '../../src-main/compiler/evaluate.ts';
import { peakBytes } from '../../src-main/compiler/peak-memory.ts';
import { printGraph } from '../../src-main/compiler/print.ts';
import { verify } from '../../src-main/compiler/verify.ts';
import { unet } from '../../src-main/models/unet.ts';
import type { Tensor } from '../../src-main/tensor/tensor.ts';
import { randomTensor, relativeError, runOnnx } from './numbers.ts';
import { profiledNodes } from './profile.ts';

interface Step {
  readonly graph: Graph;
  readonly feeds: Record<string, Tensor>;
}

const blocks = 6;
const width = 8;

/** Blocks of four activations each, x + silu(tanh(sigmoid(x·W))), and the gradients towards all W. */
function chain(recomputes: boolean): Step {
  const g = new GraphBuilder('chain');
  let x = g.input('x', 'float32', [64, width]);
  const weights = Array.from({ length: blocks }, (_, i) => g.input(`w${i}`, 'float32', [width, width]));
  weights.forEach((w, i) => {
    x = g.scope(`blocks.${i}`, () => g.add(x, g.silu(g.tanh(g.sigmoid(g.matmul(x, w))))));
  });
  const loss = g.reduceSum(g.mul(x, x), [0, 1], false);
  const gradients = differentiate(g, loss, weights, recomputes ? { recompute: numberedBlock } : {});
  gradients.forEach((gradient, i) => g.output(`dw${i}`, gradient));
  g.output('loss', loss);
  return stepOf(g);
}

function stepOf(g: GraphBuilder): Step {
  // twice: what is simple already keeps its names when a session simplifies it again
  const graph = simplify(simplify(g.graph()));
  verify(g.graph());
  verify(graph);
  const feeds = Object.fromEntries(graph.inputs.map(({ name, shape }, i) => [name, randomTensor(shape, i)]));
  return { graph, feeds };
}

/** A UNet with attention and skips, every parameter an input; gradients towards all that touch attention. */
function smallUnet(recomputes: boolean): Step {
  const config = parseUnetConfig({
    sample_size: 16, block_out_channels: [8, 16], layers_per_block: 1, cross_attention_dim: 6, attention_head_dim: 2,
    down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'], up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
    norm_num_groups: 4,
  }, 'config.json');
  const g = new GraphBuilder('unet');
  const parameter = (name: string, shape: readonly number[]) => g.input(name, 'float32', shape);
  const prediction = unet({ g, parameter }, config, {
    sample: g.input('sample', 'float32', [1, 4, 16, 16]), timestep: g.input('timestep', 'float32', [1]),
    encoderHiddenStates: g.input('context', 'float32', [1, 5, 6]),
  });
  const loss = g.reduceMean(g.mul(prediction, prediction), [0, 1, 2, 3], false);
  const wanted = g.graph().inputs.filter(({ name }) => /attn\d\.to_|conv1\.weight/.test(name));
  const gradients = differentiate(g, loss, wanted, recomputes ? { recompute: numberedBlock } : {});
  gradients.forEach((gradient, i) => g.output(`d/${wanted[i]!.name}`, gradient));
  return stepOf(g);
}

const networks: readonly [string, (recomputes: boolean) => Step][] = [['a chain', chain], ['a UNet', smallUnet]];

test.each(networks)('%s: the reference gives the same numbers', (_name, build) => {
  const [kept, again] = [build(false), build(true)];
  const [expected, actual] = [evaluate(kept.graph, kept.feeds), evaluate(again.graph, again.feeds)];
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, { values }] of Object.entries(expected)) {
    expect(values.some((value) => value !== 0)).toBe(true);
    expect(actual[name]!.values).toEqual(values);
  }
});

test.each(networks)('%s: ONNX Runtime gives the same numbers', async (_name, build) => {
  const [kept, again] = [build(false), build(true)];
  const [expected, actual] = [await runOnnx(kept.graph, kept.feeds), await runOnnx(again.graph, again.feeds)];
  for (const [name, { data }] of Object.entries(expected)) {
    expect(relativeError(actual[name]!.data, data as Float32Array)).toBeLessThan(1e-6);
  }
});

test.each(networks)('%s: built twice, it is the same graph', (_name, build) => {
  expect(printGraph(build(true).graph)).toBe(printGraph(build(true).graph));
});

test.each([
  // a block keeps one of its five values
  ['a chain', chain, 0.6],
  // small pictures: skips, which are kept, weigh more than in a real one
  ['a UNet', smallUnet, 0.8],
] as const)('%s takes less memory in the order in which ONNX Runtime runs it', async (_name, build, share) => {
  const peak = async ({ graph, feeds }: Step): Promise<number> => peakBytes(graph, await profiledNodes(graph, feeds));
  expect(await peak(build(true))).toBeLessThan(share * await peak(build(false)));
});

const blockOf = (node: Node): number => Number(/blocks\.(\d+)/.exec(node.scope)?.[1] ?? -1);

test('a block\'s copies run once the block behind has its gradient, and before the block in front begins', async () => {
  const { graph, feeds } = chain(true);
  const ran = await profiledNodes(graph, feeds);
  const at = (prefix: string, block: number): number[] => ran.flatMap((node, index) => (
    node.scope.startsWith(prefix) && blockOf(node) === block ? [index] : []));
  for (let block = blocks - 2; block > 0; block--) {
    const copies = at('again/', block);
    expect(copies.length).toBeGreaterThanOrEqual(3);
    // the product that carries the gradient into this block is the first thing of the block behind that must be over
    const arrival = at('gradient/', block + 1).filter((index) => /MatMul|Gemm/.test(ran[index]!.op));
    expect(Math.min(...copies)).toBeGreaterThan(Math.min(...arrival));
    expect(Math.max(...copies)).toBeLessThan(Math.min(...at('again/', block - 1)));
  }
});

test('what takes long and leaves little is kept: attention over many keys is not computed again', () => {
  const operations = (keys: number): number => {
    const g = new GraphBuilder('attention');
    const [x, context] = [g.input('x', 'float32', [1, 1, 2, 4]), g.input('context', 'float32', [1, 1, keys, 4])];
    const y = g.scope('blocks.0', () => {
      const k = g.tanh(context);
      return g.exp(g.attention(g.tanh(x), k, k));
    });
    const [dx] = differentiate(g, g.reduceSum(g.mul(y, y), [0, 1, 2, 3], false), [x], { recompute: numberedBlock });
    g.output('dx', dx!);
    const simple = simplify(g.graph(), { attention: { maxBufferBytes: 1e9, recomputeBytes: 0 } });
    return simple.nodes.filter(({ op }) => op === 'Softmax').length;
  };
  // forward and its copy; the gradient's own are an exp
  expect([operations(16), operations(4096)]).toEqual([2, 1]);
});

test('blocks are named by the last part of a scope that ends in a number', () => {
  expect([
    'down_blocks.0.resnets.1', 'mid_block.attentions.0/transformer_blocks.3/lora', 'time_embedding', '', 'a.1/b/c.22/d',
    'layers.3x/y',
  ].map(numberedBlock)).toEqual([
    'down_blocks.0.resnets.1', 'mid_block.attentions.0/transformer_blocks.3', undefined, undefined, 'a.1/b/c.22',
    undefined,
  ]);
});

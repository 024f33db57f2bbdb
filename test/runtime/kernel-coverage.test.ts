// Every operator of every kind of graph that we emit, in its number type, is in ONNX Runtime's list of kernels for each
// provider: so CUDA and DirectML are checked where neither is. kernel-lists.txt is that list.

import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { ProviderName } from '../../src-main/contract/machine.ts';
import { faceDetectorGraph, faceLandmarkGraph, faceRecognizerGraph } from '../../src-main/faces/face-graphs.ts';
import { faceWeightsFolder, readFaceWeights } from '../../src-main/faces/face-weights.ts';
import { modelOf } from '../../src-main/runtime/session.ts';
import { type CoveredGraph, networkGraphs, stepGraphs } from './covered-graphs.ts';
import { typedNodes } from './onnx-nodes.ts';

const opset = 17;
/** DirectML lists versions of the operator itself: those that opset 17 means. */
const versionsInOpset: Readonly<Record<string, number>> = {
  Add: 14, Sub: 14, Mul: 14, Div: 14, Relu: 14, Reshape: 14, Pow: 15, Identity: 16, Where: 16, LayerNormalization: 17,
  Conv: 11, ConvTranspose: 11, Sin: 7, Cos: 7, Atan: 7, InstanceNormalization: 6,
};
const shortTypes: Readonly<Record<string, string>> = { float32: 'f32', float16: 'f16', int64: 'i64', int32: 'i32' };

function isListed(version: string, op: string): boolean {
  const [since, until] = version.replace('+', '-Infinity').split('-').map(Number) as [number, number?];
  if (until !== undefined) return since <= opset && opset <= until;
  return since === (op.startsWith('com.microsoft.') ? 1 : versionsInOpset[op] ?? 13);
}

const kernels = new Set(readFileSync(new URL('kernel-lists.txt', import.meta.url), 'utf8').split('\n')
  .filter((line) => line && !line.startsWith('#'))
  .flatMap((line) => {
    const [provider, op, version, ...types] = line.split(' ') as [string, string, string, ...string[]];
    return isListed(version, op) ? types.map((type) => `${provider} ${op} ${type}`) : [];
  }));

/** What kernels must have been written for, as 'Add f16'. */
function wantedKernels({ graph, simplify }: CoveredGraph, provider: ProviderName): string[] {
  const { bytes } = modelOf(graph, { provider, simplify, favour: 'memory', noFallback: provider !== 'cpu' });
  return [...new Set(typedNodes(bytes).flatMap(({ op, inputs, outputs }) => {
    const worked = op === 'Where' ? [inputs[1]!] : op === 'Cast' ? [inputs[0]!, outputs[0]!] : [inputs[0]!];
    return worked.map((type) => `${op} ${shortTypes[type] ?? type}`);
  }))];
}

/**
 * What is on no list and does no harm: where a new token stands in a prompt is found in whole numbers, which WebGPU
 * leaves to the processor. Anything else that were missing would carry activations to and fro.
 */
const known: Readonly<Record<ProviderName, readonly string[]>> = {
  cpu: [], cuda: [], dml: [], webgpu: ['Cast i64', 'Reshape i64', 'Equal i64', 'Where i64'],
};

interface Wanted { readonly name: string; readonly isHalf: boolean; readonly wanted: readonly string[] }

function wantedOf(graphs: readonly CoveredGraph[], provider: ProviderName): Wanted[] {
  return graphs.map((each) => (
    { name: each.name, isHalf: each.simplify?.halfPrecision !== undefined, wanted: wantedKernels(each, provider) }));
}

function missingKernels(all: readonly Wanted[], provider: ProviderName): string[] {
  return all.flatMap(({ name, wanted }) => wanted
    .filter((one) => !kernels.has(`${provider} ${one}`) && !known[provider].includes(one))
    .map((one) => `${name}: ${one}`));
}

let graphs: CoveredGraph[];
/** As DirectML gets them: the others' graphs are these, with what each is better served by. */
let plain: Wanted[];
/** One of every kind, small, for what providers get otherwise. */
let few: CoveredGraph[];
beforeAll(async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'likeness-kernels-'));
  graphs = [...await networkGraphs(folder), ...stepGraphs()];
  await rm(folder, { recursive: true });
  plain = wantedOf(graphs, 'dml');
  few = graphs.filter(({ graph, name }) => graph.nodes.length < 2200 && !name.startsWith('sd15 unet'));
});

test('every kernel that our graphs want is in DirectML', () => {
  expect(plain.length).toBe(50);
  expect(missingKernels(plain, 'dml')).toEqual([]);
});

test.each(['cuda', 'webgpu'] as const)('every kernel that our graphs want is in %s', (provider) => {
  expect(missingKernels(plain, provider)).toEqual([]);
  const own = wantedOf(few, provider);
  expect(missingKernels(own, provider)).toEqual([]);
  const wanted = new Set([...plain, ...own].flatMap((each) => each.wanted));
  expect(known[provider].filter((one) => !wanted.has(one))).toEqual([]);
});

test('the processor has every kernel in float32, those of the face networks too', async () => {
  const faces = await Promise.all(([
    ['face-detector', faceDetectorGraph], ['face-landmarks', faceLandmarkGraph],
    ['face-recognizer', faceRecognizerGraph],
  ] as const).map(async ([name, build]) => ({ name, graph: build(await readFaceWeights(faceWeightsFolder, name)) })));
  const single = wantedOf([...few.filter(({ simplify }) => !simplify?.halfPrecision), ...faces], 'cpu');
  expect(missingKernels([...plain.filter(({ isHalf }) => !isHalf), ...single], 'cpu')).toEqual([]);
});

test('float16 graphs are float16: their products and convolutions', () => {
  const halves = plain.filter(({ isHalf, name }) => isHalf && !name.includes('update'));
  const product = /^(MatMul|Gemm|Conv) f16$/;
  expect(halves.filter(({ wanted }) => !wanted.some((one) => product.test(one))).map(({ name }) => name)).toEqual([]);
  const single = plain.filter(({ isHalf, name }) => !isHalf || name.includes('update'));
  // weights may lie in float16 in their file
  const half = /^(?!Cast ).* f16$/;
  expect(single.filter(({ wanted }) => wanted.some((one) => half.test(one))).map(({ name }) => name)).toEqual([]);
});

test('what a provider does not have is missing', () => {
  const asked = { name: 'asked', isHalf: false, wanted: ['com.microsoft.FusedConv f32', 'Atan f32', 'Conv f16'] };
  expect(missingKernels([asked], 'dml')).toEqual(['asked: com.microsoft.FusedConv f32']);
  expect(missingKernels([asked], 'cuda')).toEqual(['asked: Atan f32']);
  expect(missingKernels([asked], 'cpu')).toEqual(['asked: Conv f16']);
});

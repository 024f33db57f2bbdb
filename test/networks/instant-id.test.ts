// InstantID beside a tiny SDXL checkpoint: opened in place out of files as they are published, refused where they do
// not fit, and in the pipeline's graph together with a LoRA.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { readTensor } from '../../src-main/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import { evaluate } from '../../src-main/compiler/evaluate.ts';
import { UserError } from '../../src-main/contract/errors.ts';
import { faceFeeds, faceFormOf, type FaceInput, resamplerGraph } from '../../src-main/networks/instant-id-graph.ts';
import { type InstantId, type InstantIdFiles, openInstantId } from '../../src-main/networks/instant-id.ts';
import { unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { unetGraph } from '../../src-main/networks/pipeline-graphs.ts';
import { openPipeline, type Pipeline } from '../../src-main/networks/pipeline.ts';
import { wholePictureTimeIds } from '../../src-main/networks/text-states.ts';
import { float32Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';
import { isTensorReference, type WeightTable } from '../../src-main/tensor/weights.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';
import { randomLora, tinySdxlCheckpoint } from './tiny-checkpoint.ts';
import {
  adapterBin, adapterTensors, faceWidth, identityNetTensors, type Table, tinyResampler, writeInstantId,
} from './tiny-instant-id.ts';

const checkpoint = tinySdxlCheckpoint();
const { unetConfig } = checkpoint;
const options = { faceEmbeddingWidth: faceWidth, resampler: tinyResampler };
const modules = unetLoraModules(unetConfig, 'attention', { rank: 2, loraAlpha: 2 });
const latents = randomTensor([1, 4, 8, 8], 9);
const text = { context: randomTensor([1, 7, 20], 10), pooled: randomTensor([1, 6], 11) };
const keyPoints = randomTensor([1, 3, 16, 16], 12, 0, 1);
const embedding = randomTensor([faceWidth], 13, -3, 3).data as Float32Array;

let folder: string;
let files: InstantIdFiles;
let instantId: InstantId;
let pipeline: Pipeline;
let face: FaceInput;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'likeness-instant-id-'));
  files = await writeInstantId(folder, unetConfig);
  instantId = await openInstantId(files, checkpoint, options);
  pipeline = openPipeline(checkpoint, {
    provider: 'cpu', threads: 1, instantId, adapter: { unet: modules, textEncoders: [] },
  });
  const imageTokens = await pipeline.encodeFaces(float32Tensor([1, 1, faceWidth], embedding));
  face = { imageTokens, imageStrength: 0.8, identityNet: { keyPoints, strength: 0.6 } };
});
afterAll(async () => {
  await pipeline.release();
  await rm(folder, { recursive: true, force: true });
});

/** The reference evaluation reads no files. */
async function inMemory({ resampler, imageAttention, identityNet }: InstantId): Promise<InstantId> {
  const read = async (table: WeightTable) => new Map(await Promise.all([...table].map(async ([name, source]) => (
    [name, await readTensor(source)] as const))));
  return {
    resampler: { ...resampler, weights: await read(resampler.weights) }, imageAttention: await read(imageAttention),
    identityNet: { ...identityNet, weights: await read(identityNet.weights) },
  };
}

const predict = (given: FaceInput | undefined, adapter?: Parameters<Pipeline['predict']>[0]['adapter']) =>
  pipeline.predict({ latents, timestep: 300, text, face: given, adapter });
const difference = (a: Tensor, b: Tensor): number => relativeError(
  a.data as Float32Array, Float64Array.from(b.data as Float32Array));

test('weights are read in place, and attention is numbered as diffusers lists its processors', async () => {
  for (const table of [instantId.resampler.weights, instantId.imageAttention, instantId.identityNet.weights]) {
    expect([...table.values()].every(isTensorReference)).toBe(true);
  }
  // down block 1 has two attentions of one layer, down block 2 two of two: the first of the up blocks is number 13
  const first = instantId.imageAttention.get('up_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k_ip.weight')!;
  const expected = adapterTensors(unetConfig).get('ip_adapter.13.to_k_ip.weight')!;
  if (!isTensorReference(first)) throw new Error('not in place');
  const raw = (await readFile(first.file)).subarray(first.offsetBytes, first.offsetBytes + first.lengthBytes);
  expect(raw.equals(Buffer.from((expected.data as Float32Array).buffer))).toBe(true);
});

test('the pipeline computes what the graphs say, with a LoRA in the same graph', async () => {
  const rows = float32Tensor([1, 1, faceWidth], embedding);
  const read = await inMemory(instantId);
  const { image_tokens: tokens } = evaluate(resamplerGraph(read, rows.shape), { face_embedding: rows });
  expect(relativeError(face.imageTokens.data as Float32Array, tokens!.values)).toBeLessThan(1e-5);
  const form = { unet: modules, textEncoders: [] };
  const graph = unetGraph(checkpoint, {
    latents: latents.shape, context: text.context.shape, adapter: form,
    face: { instantId: read, form: faceFormOf(face) },
  });
  const adapter = { unet: randomLora(modules, 3), strength: 0.5 };
  const { prediction } = evaluate(graph, {
    latents, context: text.context, timestep: float32Tensor([1], [300]), text_embeds: text.pooled,
    time_ids: wholePictureTimeIds(1, 16, 16), ...faceFeeds(face),
    adapter: float32Tensor([adapter.unet.length], adapter.unet), strength: float32Tensor([1], [0.5]),
  });
  const actual = await predict(face, adapter);
  expect(relativeError(actual.data as Float32Array, prediction!.values)).toBeLessThan(2e-5);
  expect(difference(actual, await predict(face))).toBeGreaterThan(1e-3);
});

test('without strength a face changes nothing; each of its parts does something', async () => {
  const plain = await predict(undefined);
  const silent = { ...face, imageStrength: 0, identityNet: { keyPoints, strength: 0 } };
  expect(difference(await predict(silent), plain)).toBeLessThan(1e-6);
  const whole = await predict(face);
  const others: Record<string, FaceInput> = {
    'no IdentityNet': { imageTokens: face.imageTokens, imageStrength: 0.8 },
    'no tokens': { ...face, imageStrength: 0 },
    'another pose': { ...face, identityNet: { keyPoints: randomTensor([1, 3, 16, 16], 99, 0, 1), strength: 0.6 } },
    'another face': { ...face, imageTokens: randomTensor(face.imageTokens.shape, 98) },
  };
  for (const [name, other] of Object.entries(others)) {
    const prediction = await predict(other);
    expect(difference(prediction, whole), name).toBeGreaterThan(1e-3);
    expect(difference(prediction, plain), name).toBeGreaterThan(1e-3);
  }
});

test('a pipeline that was opened without InstantID takes no face', async () => {
  const plain = openPipeline(checkpoint, { provider: 'cpu', threads: 1 });
  await expect(plain.predict({ latents, timestep: 300, text, face })).rejects.toThrow('without InstantID');
  await plain.release();
});

async function refusal(
  change: Partial<InstantIdFiles>, changedOptions: Parameters<typeof openInstantId>[2] = options, base = checkpoint,
): Promise<UserError> {
  const error = await openInstantId({ ...files, ...change }, base, changedOptions).then(
    () => { throw new Error('nothing was refused'); }, (thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw error;
  expect(error.message).not.toContain(folder);
  return error;
}

async function changedAdapter(change: (tensors: Table) => void): Promise<UserError> {
  const tensors = adapterTensors(unetConfig);
  change(tensors);
  const imageAdapter = path.join(folder, 'changed.bin');
  await writeFile(imageAdapter, adapterBin(tensors));
  return await refusal({ imageAdapter });
}

test('an adapter that lacks weights, has them in another shape or has more is refused by their names', async () => {
  const missing = await changedAdapter((tensors) => tensors.delete('ip_adapter.13.to_v_ip.weight'));
  expect(missing.code).toBe('checkpoint.weight-missing');
  expect(missing.text.what).toContain('ip_adapter.13.to_v_ip.weight');
  const set = (name: string, shape: readonly number[]) => (
    changedAdapter((tensors) => tensors.set(name, randomTensor(shape, 1))));
  const shape = await set('ip_adapter.1.to_k_ip.weight', [16, 8]);
  expect(shape.code).toBe('checkpoint.weight-shape');
  expect(shape.text.what).toContain('ip_adapter.1.to_k_ip.weight (16×8 in place of 16×20)');
  const surplus = await set('ip_adapter.35.to_k_ip.weight', [16, 20]);
  expect(surplus.code).toBe('checkpoint.weight-surplus');
  expect(surplus.text.what).toContain('ip_adapter.35.to_k_ip.weight');
});

test('an adapter for other embeddings or another UNet says so', async () => {
  const other = await refusal({}, { ...options, faceEmbeddingWidth: 512 });
  expect(other.code).toBe('instant-id.other-adapter');
  expect(other.text.what).toContain('it reads 10 numbers, a face has 512');
  const resampler = { ...tinyResampler, outputDim: 8 };
  const narrow = await refusal({}, { ...options, resampler });
  expect(narrow.code).toBe('instant-id.other-network');
  expect(narrow.text.what).toContain('its tokens have 8 numbers, the UNet reads 20');
});

test('an IdentityNet that does not fit is refused: weights, sizes, and another kind of network', async () => {
  const file = path.join(folder, 'identity.safetensors');
  const write = async (change: (tensors: Table) => void) => {
    const tensors = identityNetTensors(unetConfig);
    change(tensors);
    await writeSafetensors(file, tensors);
    return await refusal({ identityNet: file }, { ...options, identityNet: instantId.identityNet.config });
  };
  const missing = await write((tensors) => tensors.delete('controlnet_mid_block.bias'));
  expect(missing.code).toBe('checkpoint.weight-missing');
  const more = await write((tensors) => tensors.set('conv_out.weight', randomTensor([4, 8, 3, 3], 1)));
  expect(more.code).toBe('checkpoint.weight-surplus');
  const otherVae = { ...checkpoint, vaeConfig: { ...checkpoint.vaeConfig, blockOutChannels: [4, 4, 8] } };
  expect((await refusal({}, options, otherVae)).text.what).toContain('2 halvings of the picture in place of 3');
  const config = { ...instantId.identityNet.config, conditioningEmbeddingOutChannels: [4, 6, 8] };
  const halvings = await refusal({}, { ...options, identityNet: config });
  expect(halvings.code).toBe('instant-id.other-network');
  expect(halvings.text.what).toContain('3 halvings of the picture in place of 2');
});

test('only SDXL checkpoints take InstantID', async () => {
  const error = await refusal({}, options, { ...checkpoint, architecture: 'sd15' });
  expect(error.code).toBe('instant-id.needs-sdxl');
});

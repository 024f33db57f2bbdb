// LoRA files: names, shapes and types of exports for the real SD 1.5 and SDXL, what files in five namings make of the
// tiny model's UNet and text encoder, and merged weights.

import { readdir } from 'node:fs/promises';
import path from 'node:path';

import {
  flattenLayers, type LoraLayer, layersFromFlat, textEncoderNames,
} from '../../../src-main/adapter/lora-layers.ts';
import { kohyaName, layersByKey, parseLoraName } from '../../../src-main/adapter/lora-names.ts';
import { mergeLora } from '../../../src-main/adapter/merge-lora.ts';
import { readLora } from '../../../src-main/adapter/read-lora.ts';
import { kohyaTensors } from '../../../src-main/adapter/write-lora.ts';
import { parseTextEncoderConfig, parseUnetConfig } from '../../../src-main/checkpoint/configs.ts';
import type { TextEncoderConfig, UnetConfig } from '../../../src-main/checkpoint/configs.ts';
import { openNetworkFolder, readJson } from '../../../src-main/checkpoint/diffusers-folder.ts';
import { readWhole } from '../../../src-main/checkpoint/streamed-tensor.ts';
import { dtypeName, dtypeOfName } from '../../../src-main/checkpoint/dtype-names.ts';
import { readSafetensors } from '../../../src-main/checkpoint/safetensors.ts';
import { textEncoderWeights } from '../../../src-main/checkpoint/text-encoder-names.ts';
import { unetWeights } from '../../../src-main/checkpoint/unet-names.ts';
import { GraphBuilder } from '../../../src-main/compiler/1-build/graph-builder.ts';
import type { LayerHook } from '../../../src-main/models/network-scope.ts';
import { frozenScope } from '../../../src-main/models/frozen-scope.ts';
import { clipTextEncoder } from '../../../src-main/models/text-encoder.ts';
import { unet } from '../../../src-main/models/unet.ts';
import { layoutOf, parameterViews } from '../../../src-main/networks/flat-parameters.ts';
import {
  type LoraModule, loraHook, type LoraTargets, loraTrainables, textLoraModules, unetLoraModules,
} from '../../../src-main/networks/lora-graph.ts';
import { openSession } from '../../../src-main/runtime/session.ts';
import { elementCount, float32Tensor, type Tensor } from '../../../src-main/tensor/tensor.ts';
import type { WeightTable } from '../../../src-main/tensor/weights.ts';
import { exactRow, type GoldenCase, type GoldenRow, notCoveredRow, relativeL2, row } from '../case.ts';

interface Config {
  readonly model: string;
  readonly manifests: { rank: number; alpha: number; conv_rank: number; conv_alpha: number; save_dtype: string };
  readonly tiny: { scale: number; files: Readonly<Record<string, { expected: string }>> };
  readonly tolerance: { rel_l2: Readonly<Record<string, number>> };
}

interface TinyModel {
  readonly unet: WeightTable;
  readonly unetConfig: UnetConfig;
  readonly textEncoders: readonly [{ readonly weights: WeightTable; readonly config: TextEncoderConfig }];
}

type Tensors = ReadonlyMap<string, Tensor>;
type Manifest = Readonly<Record<string, [number[], string]>>;

export const cases: readonly GoldenCase[] = [{
  folder: 'lora-files',
  async run({ folder }) {
    const config = await readJson(path.join(folder, 'config.json')) as Config;
    const model = await openTinyModel(path.resolve(folder, config.model));
    const io = await readSafetensors(path.join(folder, 'io.safetensors'));
    const rows = await checkManifests(folder, config);
    rows.push(...await checkOutputs('base', [], model, io, config));
    for (const [file, { expected }] of Object.entries(config.tiny.files)) {
      const { layers } = await readLora(path.join(folder, file), model).catch((error: { code?: string }) => {
        if (error.code === 'checkpoint.file-missing') return { layers: undefined };
        throw error;
      });
      if (layers) rows.push(...await checkOutputs(expected, layers, model, io, config, file));
      else rows.push(notCoveredRow(file, 'no such file here'));
    }
    return [...rows, ...await checkMerged(folder, model, io, config)];
  },
}];

async function openTinyModel(folder: string): Promise<TinyModel> {
  const unetFolder = await openNetworkFolder(path.join(folder, 'unet'));
  const text = await openNetworkFolder(path.join(folder, 'text_encoder'));
  return {
    unet: unetWeights(unetFolder.tensors),
    unetConfig: parseUnetConfig(unetFolder.config, 'unet'),
    textEncoders: [{
      weights: textEncoderWeights(text.tensors), config: parseTextEncoderConfig(text.config, 'text_encoder'),
    }],
  };
}

const manifestConfigs = {
  sd15: { unet: 'sd15-unet', texts: ['sd15-text-encoder'] },
  sdxl: { unet: 'sdxl-unet', texts: ['sd15-text-encoder', 'sdxl-text-encoder-2'] },
} as const;

/** Exports for the real-size networks against the names, shapes and types that sd-scripts writes. */
async function checkManifests(folder: string, { manifests }: Config): Promise<GoldenRow[]> {
  const configs = await readJson(path.resolve(folder, '../key-manifests/configs.json')) as Record<string, unknown>;
  const files = await readdir(folder);
  const { rank, alpha: loraAlpha, conv_rank: convRank, conv_alpha: convAlpha, save_dtype: dtype } = manifests;
  const size = { rank, loraAlpha, convRank, convAlpha };
  const rows: GoldenRow[] = [];
  for (const [family, { unet, texts }] of Object.entries(manifestConfigs)) {
    const names = [`manifest_${family}_linear.json`, `manifest_${family}_conv_extra.json`];
    if (!names.every((name) => files.includes(name))) {
      rows.push(notCoveredRow(`manifest_${family}_*`, 'no such files here'));
      continue;
    }
    const [linear, extra] = await Promise.all(
      names.map(async (name) => await readJson(path.join(folder, name)) as Manifest));
    const unetConfig = parseUnetConfig(configs[unet], unet);
    const exported = (targets: LoraTargets): Tensors => kohyaTensors([
      ...zeroLayers('unet', unetLoraModules(unetConfig, targets, size)),
      ...texts.flatMap((name, index) => (
        zeroLayers(textEncoderNames[index]!, textLoraModules(parseTextEncoderConfig(configs[name], name), size)))),
    ], dtypeOfName(dtype) as 'float16', unetConfig);
    rows.push(compareManifest(`manifest_${family}_linear`, exported('transformer'), linear!));
    rows.push(compareManifest(
      `manifest_${family}_linear + conv_extra`, exported('transformer-and-convolution'), { ...linear, ...extra }));
  }
  if (!files.includes(moduleNames)) return [...rows, notCoveredRow(moduleNames, 'no such file here')];
  return [...rows, await checkModuleNames(folder, parseUnetConfig(configs['sdxl-unet'], 'sdxl-unet'))];
}

const moduleNames = 'sdxl_kohya_to_diffusers_modules.json';

/** sd-scripts' names of SDXL's layers, both ways. */
async function checkModuleNames(folder: string, unetConfig: UnetConfig): Promise<GoldenRow> {
  const golden = Object.entries(await readJson(path.join(folder, moduleNames)) as Record<string, string>);
  const modules = unetLoraModules(unetConfig, 'transformer-and-convolution', { rank: 1, loraAlpha: 1 });
  const byKey = layersByKey(modules.map((module) => ({ ...module, network: 'unet', modulePath: module.path })));
  const wrong = golden.filter(([kohya, modulePath]) => (
    kohyaName('unet', modulePath, unetConfig) !== kohya
    || byKey.get(parseLoraName(`${kohya}.alpha`)!.layerKey)?.modulePath !== modulePath));
  const passed = wrong.length === 0 && golden.length === modules.length;
  const note = passed ? `${golden.length} modules, written and read` : JSON.stringify(wrong.slice(0, 3));
  return exactRow(moduleNames, passed, note);
}

/** Merged weights are those of the file with convolutions and alphas. */
async function checkMerged(folder: string, model: TinyModel, io: Tensors, { tiny }: Config): Promise<GoldenRow[]> {
  const golden = [...io].filter(([name]) => name.startsWith('merged.'));
  const file = Object.entries(tiny.files).find(([, { expected }]) => expected === 'full_conv_with_alpha')?.[0];
  if (!file) return golden.map(([name]) => notCoveredRow(name, 'no file with convolutions and alphas here'));
  const { layers } = await readLora(path.join(folder, file), model);
  const { unet: merged } = mergeLora(model, layers, tiny.scale);
  return await Promise.all(golden.map(async ([name, tensor]) => (
    // float64 sums rounded to float32 once: what is left is the order of the two roundings
    row(name, relativeL2(await readWhole(merged.get(name.slice('merged.'.length))!), tensor), 1e-6))));
}

function zeroLayers(network: LoraLayer['network'], modules: readonly LoraModule[]): LoraLayer[] {
  return layersFromFlat(network, modules, new Float32Array(layoutOf(loraTrainables(modules)).size));
}

function compareManifest(name: string, actual: Tensors, golden: Manifest): GoldenRow {
  const wrong = Object.entries(golden).filter(([key, [shape, dtype]]) => {
    const tensor = actual.get(key);
    return !tensor || tensor.shape.join() !== shape.join() || dtypeName(tensor.dtype) !== dtype;
  });
  const surplus = [...actual.keys()].filter((key) => !golden[key]);
  const passed = wrong.length + surplus.length === 0;
  const differences = JSON.stringify({ wrong: wrong.slice(0, 3), surplus: surplus.slice(0, 3) });
  return exactRow(name, passed, passed ? `${actual.size} tensors` : differences);
}

async function checkOutputs(
  expected: string, layers: readonly LoraLayer[], model: TinyModel, io: Tensors, config: Config, file = 'base',
): Promise<GoldenRow[]> {
  const strength = config.tiny.scale;
  const tolerance = config.tolerance.rel_l2[expected]!;
  const states = await textStates(layers, strength, model, io.get('in.input_ids')!);
  const given = await prediction(layers, strength, model, io, io.get('in.encoder_hidden_states')!);
  const adapted = await prediction(layers, strength, model, io, states);
  const onlyUnet = !layers.some(({ network }) => network === 'textEncoder') && layers.length > 0;
  const outputs: [string, Tensor][] = onlyUnet
    ? [['unet', given]]
    : [['unet', given], ['te_last_hidden_state', states], ['unet_with_te', adapted]];
  return outputs.map(([name, actual]) => (
    row(`${file}/${name}`, relativeL2(actual, io.get(`${expected}.${name}`)!), tolerance)));
}

/** The adapter as the product runs it: a flat vector and a strength as inputs of the graph. */
function adapterInput(
  g: GraphBuilder, layers: readonly LoraLayer[], network: LoraLayer['network'], strength: number,
): { hook?: LayerHook; feeds: Record<string, Tensor> } {
  const { modules, parameters } = flattenLayers(layers, network);
  if (modules.length === 0) return { feeds: {} };
  const layout = layoutOf(loraTrainables(modules));
  const views = parameterViews(g, g.input('adapter', 'float32', [layout.size]), layout);
  const hook = loraHook(g, modules, (name) => views.get(name)!, g.input('strength', 'float32', [1]));
  const adapter = float32Tensor([parameters.length], parameters);
  return { hook, feeds: { adapter, strength: float32Tensor([1], [strength]) } };
}

async function textStates(
  layers: readonly LoraLayer[], strength: number, model: TinyModel, ids: Tensor,
): Promise<Tensor> {
  const g = new GraphBuilder('text-encoder');
  const { hook, feeds } = adapterInput(g, layers, 'textEncoder', strength);
  const inputIds = g.input('ids', ids.dtype, ids.shape);
  const scope = frozenScope(g, model.textEncoders[0].weights, hook);
  g.output('y', clipTextEncoder(scope, model.textEncoders[0].config, inputIds).lastHiddenState);
  return await runGraph(g, { ...feeds, ids });
}

async function prediction(
  layers: readonly LoraLayer[], strength: number, model: TinyModel, io: Tensors, context: Tensor,
): Promise<Tensor> {
  const g = new GraphBuilder('unet');
  const { hook, feeds } = adapterInput(g, layers, 'unet', strength);
  const latents = io.get('in.latents')!;
  const timesteps = io.get('in.timesteps')!;
  const count = elementCount(timesteps.shape);
  g.output('y', unet(frozenScope(g, model.unet, hook), model.unetConfig, {
    sample: g.input('latents', 'float32', latents.shape), timestep: g.input('timesteps', 'float32', [count]),
    encoderHiddenStates: g.input('context', 'float32', context.shape),
  }));
  const floats = float32Tensor([count], Float32Array.from(timesteps.data as BigInt64Array, Number));
  return await runGraph(g, { ...feeds, latents, timesteps: floats, context });
}

async function runGraph(g: GraphBuilder, feeds: Record<string, Tensor>): Promise<Tensor> {
  const session = await openSession(g.graph(), { provider: 'cpu', threads: 1 });
  try {
    return (await session.run(feeds))['y']!;
  } finally {
    await session.release();
  }
}

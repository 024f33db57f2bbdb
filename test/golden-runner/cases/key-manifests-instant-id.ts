// InstantID's networks at their real size: names and shapes of ControlNets, Resampler and image attention, the numbers
// of the UNet's attentions, configs read off the shapes, and every graph built from the shapes alone, the whole call
// of the denoiser among them.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { parseControlNetConfig, parseUnetConfig, type UnetConfig } from '../../../src-main/checkpoint/configs.ts';
import {
  attentionPaths, imageAttentionWeights, numberedName,
} from '../../../src-main/checkpoint/image-attention-names.ts';
import { inferControlNetConfig } from '../../../src-main/checkpoint/infer-configs.ts';
import { inferResamplerConfig } from '../../../src-main/checkpoint/resampler-config.ts';
import type { Graph } from '../../../src-main/compiler/1-build/graph.ts';
import { verify } from '../../../src-main/compiler/verify.ts';
import {
  controlNetParameters, imageAttentionParameters, type ParameterShapes, resamplerParameters,
} from '../../../src-main/models/parameter-shapes.ts';
import { resamplerGraph } from '../../../src-main/networks/instant-id-graph.ts';
import type { InstantId } from '../../../src-main/networks/instant-id.ts';
import { unetGraph } from '../../../src-main/networks/pipeline-graphs.ts';
import type { WeightTable } from '../../../src-main/tensor/weights.ts';
import { exactRow, type GoldenCase, type GoldenRow, notCoveredRow } from '../case.ts';
import { type Manifest, partOf, readManifest } from '../real-size.ts';

type Configs = Readonly<Record<string, unknown>>;

const controlNets = { 'sdxl-controlnet-instantid': 'sdxl', 'sd15-controlnet': 'sd15' } as const;
const adapterName = 'instantid-ip-adapter';
const orderName = 'instantid-processor-order';

/** SDXL at 1024 x 1024, both sides of guidance; text of 77 tokens. */
const batch = 2;
const latentEdge = 128;
const textTokens = 77;

export const cases: readonly GoldenCase[] = [{
  folder: 'key-manifests',
  async run({ folder }) {
    const has = (name: string): boolean => existsSync(path.join(folder, `${name}.json`));
    const json = async (name: string): Promise<unknown> => (
      JSON.parse(await readFile(path.join(folder, `${name}.json`), 'utf8')));
    const absent = [...Object.keys(controlNets), adapterName, orderName].filter((name) => !has(name));
    const rows: GoldenRow[] = absent.map((name) => notCoveredRow(name, 'this folder has no such manifest'));
    const configs = await json('configs') as Configs;
    const unetConfig = parseUnetConfig(configs['sdxl-unet'], 'configs.json');
    if (has(orderName)) rows.push(checkOrder(await json(orderName) as Order, unetConfig));
    for (const [name, architecture] of Object.entries(controlNets)) {
      if (has(name)) rows.push(...checkControlNet(name, architecture, await readManifest(folder, name), configs));
    }
    if (!has(adapterName)) return rows;
    const adapter = await readManifest(folder, adapterName);
    rows.push(checkAdapter(adapter, unetConfig));
    if (!has('sdxl-controlnet-instantid')) return rows;
    const identityNet = await readManifest(folder, 'sdxl-controlnet-instantid');
    const instantId = instantIdOf(adapter, identityNet, unetConfig, configs);
    return [...rows, ...buildGraphs(instantId, await readManifest(folder, 'sdxl-unet'), unetConfig)];
  },
}];

type Order = readonly { readonly index: number; readonly attention: string }[];

function checkOrder(order: Order, unetConfig: UnetConfig): GoldenRow {
  const paths = attentionPaths(unetConfig);
  const isSame = order.length === paths.length && order.every(({ index, attention }) => paths[index] === attention);
  return exactRow(orderName, isSame, `${order.length} attentions`);
}

function checkControlNet(name: string, architecture: 'sdxl' | 'sd15', golden: Manifest, configs: Configs): GoldenRow[] {
  const config = parseControlNetConfig(configs[name], 'configs.json');
  const inferred = inferControlNetConfig(golden, { file: name, architecture, pooledWidth: 1280 });
  return [
    compare(`${name} as described`, controlNetParameters(config), golden),
    exactRow(`config of ${name}`, isDeepStrictEqual(inferred, config), JSON.stringify(inferred)),
  ];
}

function checkAdapter(golden: Manifest, unetConfig: UnetConfig): GoldenRow {
  const resampler = resamplerParameters(inferResamplerConfig(partOf(golden, 'image_proj.'), adapterName));
  return compare(`${adapterName} as described`, new Map([
    ...[...resampler].map(([key, shape]) => [`image_proj.${key}`, shape] as const),
    ...[...imageAttentionParameters(unetConfig)].map(([key, shape]) => (
      [`ip_adapter.${numberedName(key, unetConfig)}`, shape] as const)),
  ]), golden);
}

function instantIdOf(adapter: Manifest, identityNet: Manifest, unetConfig: UnetConfig, configs: Configs): InstantId {
  const projection = partOf(adapter, 'image_proj.');
  return {
    resampler: { config: inferResamplerConfig(projection, adapterName), weights: projection },
    imageAttention: imageAttentionWeights(partOf(adapter, 'ip_adapter.'), unetConfig),
    identityNet: {
      config: parseControlNetConfig(configs['sdxl-controlnet-instantid'], 'configs.json'), weights: identityNet,
    },
  };
}

function buildGraphs(instantId: InstantId, unet: WeightTable, unetConfig: UnetConfig): GoldenRow[] {
  const { resampler, identityNet, imageAttention } = instantId;
  const tokens = [batch, resampler.config.numQueries, resampler.config.outputDim];
  const edgePx = latentEdge * 2 ** (identityNet.config.conditioningEmbeddingOutChannels.length - 1);
  const description = (form: { readonly keyPoints?: readonly number[] }) => ({
    latents: [batch, unetConfig.inChannels, latentEdge, latentEdge],
    context: [batch, textTokens, unetConfig.crossAttentionDim],
    face: { instantId, form: { imageTokens: tokens, ...form } },
  });
  const checkpoint = { unet, unetConfig };
  return [
    build('Resampler', [resampler.weights], () => resamplerGraph(instantId, [1, 1, resampler.config.embeddingDim])),
    build('UNet with image attention', [unet, imageAttention], () => unetGraph(checkpoint, description({}))),
    build('UNet with image attention and IdentityNet', [unet, imageAttention, identityNet.weights], () => (
      unetGraph(checkpoint, description({ keyPoints: [1, 3, edgePx, edgePx] })))),
  ];
}

/** Every weight must be taken once, and the graph must keep the law. */
function build(name: string, tables: readonly WeightTable[], graphOf: () => Graph): GoldenRow {
  try {
    const graph = graphOf();
    verify(graph);
    const taken = [...graph.initializers.values()].filter((source) => 'file' in source);
    const wanted = tables.flatMap((table) => [...table.values()]);
    const isWhole = taken.length === wanted.length && new Set(taken).size === new Set([...taken, ...wanted]).size;
    const note = `${taken.length} of ${wanted.length} tensors in ${graph.nodes.length} nodes`;
    return exactRow(`InstantID's ${name} builds`, isWhole, note);
  } catch (error) {
    return exactRow(`InstantID's ${name} builds`, false, String((error as Error).message));
  }
}

function compare(name: string, actual: ParameterShapes, golden: Manifest): GoldenRow {
  const missing = [...golden.keys()].filter((key) => !actual.has(key));
  const surplus = [...actual.keys()].filter((key) => !golden.has(key));
  const otherShape = [...actual].filter(([key, shape]) => golden.get(key)?.shape.join() !== shape.join());
  const passed = missing.length + surplus.length + otherShape.length === 0 && golden.size > 0;
  const differences = JSON.stringify({ missing, surplus, otherShape }).slice(0, 400);
  return exactRow(name, passed, passed ? `${golden.size} parameters` : differences);
}

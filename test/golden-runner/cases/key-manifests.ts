// Tensor names and shapes of the real-size models: after translation every tensor that a network needs is there once,
// with its shape, nothing else is, every tensor of the single file has found its place, the inferred configs are the
// published ones, and every graph builds from the shapes alone.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { type Architecture, detectFileKind } from '../../../src-main/checkpoint/architecture.ts';
import { parseTextEncoderConfig, parseUnetConfig, parseVaeConfig } from '../../../src-main/checkpoint/configs.ts';
import { inferTextEncoderConfig, inferUnetConfig, inferVaeConfig } from '../../../src-main/checkpoint/infer-configs.ts';
import {
  penultimateTextEncoderWeights, projectedTextEncoderWeights, textEncoderWeights,
} from '../../../src-main/checkpoint/text-encoder-names.ts';
import { unetWeights } from '../../../src-main/checkpoint/unet-names.ts';
import { vaeWeights } from '../../../src-main/checkpoint/vae-names.ts';
import type { Tensor } from '../../../src-main/tensor/tensor.ts';
import { isTensorReference } from '../../../src-main/tensor/weights.ts';
import { exactRow, type GoldenCase, type GoldenRow, notCoveredRow } from '../case.ts';
import { type BuildableModel, buildGraphs } from '../real-size-graphs.ts';
import { type Manifest, notUsedOnce, partOf, readManifest } from '../real-size.ts';

interface Network {
  /** Manifest of its tensors under diffusers' names. */
  readonly name: string;
  readonly prefix: string;
  readonly hiddenAct?: 'quick_gelu' | 'gelu';
  /** Its entry in configs.json, where it is not its name. */
  readonly config?: string;
  /** Its section in single-file-to-diffusers.json. */
  readonly section: string;
  translate(tensors: Manifest): Manifest | Promise<Manifest>;
}

const unet = { prefix: 'model.diffusion_model.', translate: unetWeights };
const vae: Network = { name: 'vae', prefix: 'first_stage_model.', section: 'vae', translate: vaeWeights };
const clipL = {
  section: 'clip_l', config: 'sd15-text-encoder', hiddenAct: 'quick_gelu', translate: textEncoderWeights,
} as const;

/** By family: UNet, VAE and the text encoders. */
const families: Readonly<Record<Architecture, readonly Network[]>> = {
  sd15: [
    { ...unet, name: 'sd15-unet', section: 'sd15_unet' }, vae,
    { ...clipL, name: 'sd15-text-encoder', prefix: 'cond_stage_model.transformer.' },
  ],
  sd2: [
    { ...unet, name: 'sd2-unet', section: 'sd21_unet' }, vae,
    {
      name: 'sd2-text-encoder', prefix: 'cond_stage_model.model.', section: 'openclip_h', hiddenAct: 'gelu',
      translate: penultimateTextEncoderWeights,
    },
  ],
  sdxl: [
    { ...unet, name: 'sdxl-unet', section: 'sdxl_unet' }, vae,
    { ...clipL, name: 'sdxl-text-encoder', prefix: 'conditioner.embedders.0.transformer.' },
    {
      name: 'sdxl-text-encoder-2', prefix: 'conditioner.embedders.1.model.', section: 'openclip_g', hiddenAct: 'gelu',
      translate: projectedTextEncoderWeights,
    },
  ],
};

/** SDXL's VAE has the architecture of all, and another factor (Podell et al. 2023). */
const sdxlScalingFactor = 0.13025;

/** SD 2's last layer and projection are in its files and are never run. */
function neverRun(manifest: Manifest): (name: string) => boolean {
  const layer = /^cond_stage_model\.model\.transformer\.resblocks\.(\d+)\./;
  const last = Math.max(...[...manifest.keys()].map((name) => Number(layer.exec(name)?.[1] ?? -1)));
  return (name) => name === 'cond_stage_model.model.text_projection' || layer.exec(name)?.[1] === String(last);
}

type Configs = Readonly<Record<string, Record<string, unknown>>>;
type PairTable = Readonly<Record<string, Readonly<Record<string, readonly [string]>>>>;

export const cases: readonly GoldenCase[] = [{
  folder: 'key-manifests',
  async run({ folder }) {
    const json = async (name: string): Promise<unknown> => JSON.parse(await readFile(path.join(folder, name), 'utf8'));
    const configs = await json('configs.json') as Configs;
    const pairs = await json('single-file-to-diffusers.json') as PairTable;
    const rows: GoldenRow[] = [];
    for (const [family, networks] of Object.entries(families) as [Architecture, readonly Network[]][]) {
      const isThere = existsSync(path.join(folder, `${family}-single-file.json`));
      if (!isThere) rows.push(notCoveredRow(`${family}-single-file`, 'this folder has no such manifest'));
      else rows.push(...await checkFamily(folder, family, networks, configs, pairs));
    }
    const golden = await readManifest(folder, 'vae');
    rows.push(compare('vae from vae-old-names', vaeWeights(await readManifest(folder, 'vae-old-names')), golden));
    return rows;
  },
}];

async function checkFamily(
  folder: string, family: Architecture, networks: readonly Network[], configs: Configs, pairs: PairTable,
): Promise<GoldenRow[]> {
  const file = `${family}-single-file`;
  const needed = await readManifest(folder, file);
  const whole = await readManifest(folder, file, `${file}-extra`);
  const rows = [exactRow(`${file} is recognised`, detectFileKind(whole) === family)];
  const tables: Manifest[] = [];
  const published: Manifest[] = [];
  for (const network of networks) {
    const golden = await readManifest(folder, network.name);
    const table = await network.translate(partOf(whole, network.prefix));
    tables.push(table);
    published.push(await network.translate(golden));
    rows.push(compare(`${network.name} from ${file}`, table, golden));
    rows.push(comparePairs(network, table, whole, pairs[network.section] ?? {}));
    rows.push(compare(`${network.name} from its own naming`, published.at(-1)!, golden));
  }
  const left = notUsedOnce(needed, tables);
  const mayBeLeft = neverRun(needed);
  const unexpected = left.filter((name) => !mayBeLeft(name));
  const note = unexpected.length > 0 ? `not used once: ${unexpected.slice(0, 5).join(' ')}`
    : `${needed.size - left.length} tensors used once, ${left.length} of a layer that is never run`;
  rows.push(exactRow(`every tensor of ${file}`, unexpected.length === 0, note));
  const model = inferModel(family, networks, tables);
  rows.push(...compareConfigs(family, networks, model, configs));
  rows.push(...buildGraphs(`${family} from single file`, model));
  const [ownUnet, ownVae, ...ownText] = published as [Manifest, Manifest, ...Manifest[]];
  const textEncoders = model.textEncoders.map(({ config }, i) => ({ config, weights: ownText[i]! }));
  rows.push(...buildGraphs(`${family} from diffusers folder`, { ...model, unet: ownUnet, vae: ownVae, textEncoders }));
  return rows;
}

function inferModel(
  architecture: Architecture, networks: readonly Network[], tables: readonly Manifest[],
): BuildableModel {
  const [unetTable, vaeTable, ...textTables] = tables as [Manifest, Manifest, ...Manifest[]];
  const textEncoders = textTables.map((weights, i) => {
    return { weights, config: inferTextEncoderConfig(weights, 'x', networks[i + 2]!.hiddenAct!) };
  });
  const pooledWidth = textEncoders[1]?.config.projectionDim ?? 0;
  const predictionType = architecture === 'sd2' ? 'v_prediction' : 'epsilon';
  return {
    unet: unetTable, vae: vaeTable, textEncoders,
    unetConfig: inferUnetConfig(unetTable, { file: 'x', architecture, predictionType, pooledWidth }),
    vaeConfig: inferVaeConfig(vaeTable, 'x', architecture),
  };
}

function compareConfigs(
  family: Architecture, networks: readonly Network[], model: BuildableModel, configs: Configs,
): GoldenRow[] {
  const own = (name: string, actual: unknown, published: unknown): GoldenRow =>
    exactRow(`config of ${family}'s ${name}`, isDeepStrictEqual(actual, published), JSON.stringify(actual));
  const vaeConfig = parseVaeConfig(configs['vae'], 'configs.json');
  const scaled = family === 'sdxl' ? { ...vaeConfig, scalingFactor: sdxlScalingFactor } : vaeConfig;
  return [
    own('UNet', model.unetConfig, parseUnetConfig(configs[`${family}-unet`], 'configs.json')),
    own('VAE', model.vaeConfig, scaled),
    ...model.textEncoders.map(({ config }, i) => {
      const { name, config: entry = name } = networks[i + 2]!;
      const { projectionDim, ...published } = parseTextEncoderConfig(configs[entry], 'configs.json');
      // without a projection among the tensors, its width leaves no trace
      const hasProjection = config.projectionDim !== undefined;
      return own(name, config, hasProjection ? { ...published, projectionDim } : published);
    }),
  ];
}

function compare(name: string, actual: Manifest, golden: Manifest): GoldenRow {
  const missing = [...golden.keys()].filter((key) => !actual.has(key));
  const surplus = [...actual.keys()].filter((key) => !golden.has(key));
  const shapeOf = (tensors: Manifest, key: string): string | undefined => tensors.get(key)?.shape.join();
  const shared = [...golden.keys()].filter((key) => actual.has(key));
  const otherShape = shared.filter((key) => shapeOf(actual, key) !== shapeOf(golden, key));
  const places = new Set([...actual.values()].map((one) => (isTensorReference(one) ? one.offsetBytes : one)));
  const passed = missing.length + surplus.length + otherShape.length === 0 && places.size === golden.size;
  const differences = JSON.stringify({ missing, surplus, otherShape }).slice(0, 400);
  return exactRow(name, passed, passed ? `${golden.size} tensors, each once` : differences);
}

/** Each translated tensor is the very tensor that the table of the conversion scripts names. */
function comparePairs(
  { name, prefix, section }: Network, table: Manifest, whole: Manifest, pairs: PairTable[string],
): GoldenRow {
  const listed = section.startsWith('openclip') ? openClipPairs(pairs) : Object.entries(pairs).map(
    ([target, [original]]) => [target, original.split(' | ').find((one) => one.startsWith(prefix)), 0, 1] as const);
  const mayBeLeft = neverRun(whole);
  const wrong = listed.filter(([target, original, third, thirds]) => {
    const tensor = table.get(target);
    const source = original === undefined ? undefined : whole.get(original);
    if (!tensor) return !mayBeLeft(original ?? '');
    if (!source || isTensorReference(source) !== isTensorReference(tensor)) return true;
    if (!isTensorReference(source)) return !isTransposed(tensor as Tensor, source);
    const place = source.offsetBytes + (source.lengthBytes / thirds) * third;
    return !isTensorReference(tensor) || tensor.offsetBytes !== place;
  });
  const passed = wrong.length === 0 && listed.length > 0;
  const note = passed ? `${listed.length} pairs` : `wrong: ${wrong.slice(0, 3).join('; ')}`;
  return exactRow(`${name} pairs with the conversion script's table`, passed, note);
}

type Pair = readonly [target: string, original: string | undefined, third: number, thirds: number];

/** The OpenCLIP tables go the other way: 'a.in_proj_weight' is 'b.self_attn.{q,k,v}_proj.weight (row-stacked ...)'. */
function openClipPairs(pairs: PairTable[string]): Pair[] {
  return Object.entries(pairs).flatMap(([original, [text]]): Pair[] => {
    const target = text.split(' ')[0]!;
    if (!target.includes('{q,k,v}')) return [[target, original, 0, 1]];
    return ['q', 'k', 'v'].map((letter, i) => [target.replace('{q,k,v}', letter), original, i, 3]);
  });
}

function isTransposed(turned: Tensor, original: Tensor): boolean {
  const [rows, columns] = turned.shape as [number, number];
  return original.shape.join() === [columns, rows].join() && Array.from({ length: rows * columns }, (_, i) => i).every(
    (i) => turned.data[i] === original.data[(i % columns) * rows + Math.floor(i / columns)]);
}

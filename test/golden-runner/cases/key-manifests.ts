// Tensor names and shapes of the real-size SD 1.x models: after translation every tensor that a network needs is there
// once, with its shape, nothing else is, and the inferred configs are the published ones.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { detectFileKind } from '../../../src-main/checkpoint/architecture.ts';
import { parseTextEncoderConfig, parseUnetConfig, parseVaeConfig } from '../../../src-main/checkpoint/configs.ts';
import { inferTextEncoderConfig, inferUnetConfig, inferVaeConfig } from '../../../src-main/checkpoint/infer-configs.ts';
import { textEncoderWeights } from '../../../src-main/checkpoint/text-encoder-names.ts';
import { unetWeights } from '../../../src-main/checkpoint/unet-names.ts';
import { vaeWeights } from '../../../src-main/checkpoint/vae-names.ts';
import { elementCount } from '../../../src-main/tensor/tensor.ts';
import type { TensorReference } from '../../../src-main/tensor/weights.ts';
import { exactRow, type GoldenCase, type GoldenRow } from '../case.ts';

type Manifest = Readonly<Record<string, { shape: number[]; dtype: string }>>;
type Tensors = Map<string, TensorReference>;

const networks = [
  { name: 'sd15-unet', prefix: 'model.diffusion_model.', translate: unetWeights },
  { name: 'vae', prefix: 'first_stage_model.', translate: vaeWeights },
  { name: 'sd15-text-encoder', prefix: 'cond_stage_model.transformer.', translate: textEncoderWeights },
] as const;

export const cases: readonly GoldenCase[] = [{
  folder: 'key-manifests',
  async run({ folder }) {
    const json = async (name: string): Promise<unknown> => JSON.parse(await readFile(path.join(folder, name), 'utf8'));
    const manifest = async (name: string): Promise<Tensors> => references(await json(`${name}.json`) as Manifest);
    const needed = await manifest('sd15-single-file');
    const whole = new Map([...needed, ...await manifest('sd15-single-file-extra')]);
    const map = await json('single-file-to-diffusers.json') as Record<string, Record<string, [string]>>;
    const rows: GoldenRow[] = [exactRow('sd15-single-file is recognised', detectFileKind(whole) === 'sd15')];
    for (const { name, prefix, translate } of networks) {
      const golden = await manifest(name);
      const translated = translate(part(whole, prefix));
      rows.push(compare(`${name} from sd15-single-file`, translated, golden));
      rows.push(comparePairs(name, translated, whole, map, prefix));
      rows.push(compare(`${name} from its own naming`, translate(golden), golden));
    }
    rows.push(compare('vae from vae-old-names', vaeWeights(await manifest('vae-old-names')), await manifest('vae')));
    return [...rows, ...inferredConfigs(whole, await json('configs.json') as Record<string, unknown>)];
  },
}];

function inferredConfigs(whole: Tensors, configs: Readonly<Record<string, unknown>>): GoldenRow[] {
  const [unet, vae, text] = networks.map(({ prefix, translate }) => translate(part(whole, prefix)));
  // projection_dim and the picture size a file was trained at leave no trace in its shapes
  const unetConfig = parseUnetConfig(configs['sd15-unet'], 'configs.json');
  const { projectionDim: _, ...textConfig } = parseTextEncoderConfig(configs['sd15-text-encoder'], 'configs.json');
  return [
    exactRow('config of the UNet', isDeepStrictEqual(inferUnetConfig(unet!, 'x'), unetConfig)),
    exactRow('config of the VAE', isDeepStrictEqual(inferVaeConfig(vae!, 'x'), parseVaeConfig(configs['vae'], 'x'))),
    exactRow('config of the text encoder', isDeepStrictEqual(inferTextEncoderConfig(text!, 'x'), textConfig)),
  ];
}

/** Each tensor stands at its own place in a made-up file, so that a swap of equal shapes shows. */
function references(manifest: Manifest): Tensors {
  let offsetBytes = 0;
  return new Map(Object.entries(manifest).map(([name, { shape }]) => {
    const lengthBytes = elementCount(shape) * 4;
    const reference: TensorReference = { dtype: 'float32', shape, file: '/manifest', offsetBytes, lengthBytes };
    offsetBytes += lengthBytes;
    return [name, reference];
  }));
}

function part(tensors: Tensors, prefix: string): Tensors {
  const own = [...tensors].filter(([name]) => name.startsWith(prefix));
  return new Map(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

function compare(name: string, actual: Tensors, golden: Tensors): GoldenRow {
  const missing = [...golden.keys()].filter((key) => !actual.has(key));
  const surplus = [...actual.keys()].filter((key) => !golden.has(key));
  const shapeOf = (tensors: Tensors, key: string): string | undefined => tensors.get(key)?.shape.join();
  const shared = [...golden.keys()].filter((key) => actual.has(key));
  const otherShape = shared.filter((key) => shapeOf(actual, key) !== shapeOf(golden, key));
  const places = new Set([...actual.values()].map((tensor) => tensor.offsetBytes));
  const passed = missing.length + surplus.length + otherShape.length === 0 && places.size === golden.size;
  const differences = JSON.stringify({ missing, surplus, otherShape }).slice(0, 400);
  return exactRow(name, passed, passed ? `${golden.size} tensors, each once` : differences);
}

/** Each translated tensor is the very tensor that the table of the conversion scripts names. */
function comparePairs(
  network: string, translated: Tensors, whole: Tensors, map: Readonly<Record<string, Record<string, [string]>>>,
  prefix: string,
): GoldenRow {
  const section = { 'sd15-unet': 'sd15_unet', 'vae': 'vae', 'sd15-text-encoder': 'clip_l' }[network]!;
  const wrong = Object.entries(map[section] ?? {}).filter(([name, [original]]) => {
    const tensor = translated.get(name);
    const inFile = original.split(' | ').find((candidate) => candidate.startsWith(prefix));
    return !tensor || !inFile || whole.get(inFile)?.offsetBytes !== tensor.offsetBytes;
  });
  const passed = wrong.length === 0 && map[section] !== undefined;
  const note = passed ? `${translated.size} pairs` : `wrong: ${wrong.slice(0, 3).join('; ')}`;
  return exactRow(`${network} pairs with the conversion script's table`, passed, note);
}

// The descriptions of the networks at their real size: each asks for every tensor of the published model once, in its
// shape, and for nothing else.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { parseTextEncoderConfig, parseUnetConfig, parseVaeConfig } from '../../../src-main/checkpoint/configs.ts';
import {
  type ParameterShapes, textEncoderParameters, unetParameters, vaeParameters,
} from '../../../src-main/models/parameter-shapes.ts';
import { exactRow, type GoldenCase, type GoldenRow } from '../case.ts';

const unet = (config: unknown) => unetParameters(parseUnetConfig(config, 'configs.json'));
const vae = (config: unknown) => vaeParameters(parseVaeConfig(config, 'configs.json'));
const text = (config: unknown) => textEncoderParameters(parseTextEncoderConfig(config, 'configs.json'));
const projectedText = (config: unknown) =>
  textEncoderParameters(parseTextEncoderConfig(config, 'configs.json'), { withProjection: true });

/** By the manifest's name, which is also its entry in configs.json. */
const networks: Readonly<Record<string, (config: unknown) => ParameterShapes>> = {
  'sd15-unet': unet, 'sd2-unet': unet, 'sdxl-unet': unet, vae,
  'sd15-text-encoder': text, 'sd2-text-encoder': text, 'sdxl-text-encoder-2': projectedText,
};

export const cases: readonly GoldenCase[] = [{
  folder: 'key-manifests',
  async run({ folder }) {
    const json = async (name: string): Promise<unknown> =>
      JSON.parse(await readFile(path.join(folder, `${name}.json`), 'utf8'));
    const configs = await json('configs') as Record<string, unknown>;
    return Promise.all(Object.entries(networks).map(async ([name, parameters]) => {
      const manifest = await json(name) as Record<string, { shape: number[] }>;
      const golden = new Map(Object.entries(manifest).map(([parameter, { shape }]) => [parameter, shape]));
      return compare(`${name} as described`, parameters(configs[name]), golden);
    }));
  },
}];

function compare(name: string, actual: ParameterShapes, golden: ParameterShapes): GoldenRow {
  const missing = [...golden.keys()].filter((parameter) => !actual.has(parameter));
  const surplus = [...actual.keys()].filter((parameter) => !golden.has(parameter));
  const otherShape = [...actual].filter(([key, shape]) => golden.has(key) && golden.get(key)!.join() !== shape.join());
  const passed = missing.length + surplus.length + otherShape.length === 0 && golden.size > 0;
  const differences = JSON.stringify({ missing, surplus, otherShape }).slice(0, 400);
  return exactRow(name, passed, passed ? `${golden.size} parameters` : differences);
}

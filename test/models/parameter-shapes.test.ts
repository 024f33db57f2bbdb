// The networks ask for exactly the tensors that the published files of SD 1.5, SD 2 and SDXL hold: no name more, no
// name less, every shape right.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { parseTextEncoderConfig, parseUnetConfig, parseVaeConfig } from '../../src-main/checkpoint/configs.ts';
import {
  type ParameterShapes, textEncoderParameters, unetParameters, vaeParameters,
} from '../../src-main/models/parameter-shapes.ts';

const manifests = fileURLToPath(new URL('../golden/key-manifests/', import.meta.url));

function readJson(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(`${manifests}${name}.json`, 'utf8')) as Record<string, unknown>;
}

const configs = readJson('configs');

const parametersOf: Record<string, () => ParameterShapes> = {
  'sd15-unet': () => unetParameters(parseUnetConfig(configs['sd15-unet'], 'sd15-unet')),
  'sd2-unet': () => unetParameters(parseUnetConfig(configs['sd2-unet'], 'sd2-unet')),
  'sdxl-unet': () => unetParameters(parseUnetConfig(configs['sdxl-unet'], 'sdxl-unet')),
  vae: () => vaeParameters(parseVaeConfig(configs['vae'], 'vae')),
  'sd15-text-encoder': () => textEncoderParameters(parseTextEncoderConfig(configs['sd15-text-encoder'], 'text')),
  'sd2-text-encoder': () => textEncoderParameters(parseTextEncoderConfig(configs['sd2-text-encoder'], 'text')),
  'sdxl-text-encoder-2': () =>
    textEncoderParameters(parseTextEncoderConfig(configs['sdxl-text-encoder-2'], 'text'), { withProjection: true }),
};

interface ManifestEntry { readonly shape: readonly number[] }


test.each(Object.keys(parametersOf))('%s has the parameters of the published file', (name) => {
  const manifest = Object.entries(readJson(name) as Record<string, ManifestEntry>);
  const expected = new Map(manifest.map(([parameter, { shape }]) => [parameter, shape.join()]));
  const actual = new Map([...parametersOf[name]!()].map(([parameter, shape]) => [parameter, shape.join()]));
  expect(actual.size).toBeGreaterThan(100);
  expect([...actual].sort()).toEqual([...expected].sort());
});

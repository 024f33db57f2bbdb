// The models that the training cases use: each folder's networks ask for every tensor of their file once, in its shape.

import { readdir } from 'node:fs/promises';
import path from 'node:path';

import { parseTextEncoderConfig, parseUnetConfig } from '../../../src-main/checkpoint/configs.ts';
import { openNetworkFolder } from '../../../src-main/checkpoint/diffusers-folder.ts';
import { textEncoderWeights } from '../../../src-main/checkpoint/text-encoder-names.ts';
import { unetWeights } from '../../../src-main/checkpoint/unet-names.ts';
import { textEncoderParameters, unetParameters } from '../../../src-main/models/parameter-shapes.ts';
import { exactRow, type GoldenCase } from '../case.ts';

export const cases: readonly GoldenCase[] = [{
  folder: 'train-models',
  async run({ folder }) {
    const rows = [];
    for (const model of (await readdir(folder)).sort()) {
      const networks = (await readdir(path.join(folder, model))).sort();
      for (const network of networks.filter((name) => /^(unet|text_encoder(_2)?)$/.test(name))) {
        const { tensors, config } = await openNetworkFolder(path.join(folder, model, network));
        const [weights, parameters] = network === 'unet'
          ? [unetWeights(tensors), unetParameters(parseUnetConfig(config, 'config.json'))]
          : [textEncoderWeights(tensors), textEncoderParameters(parseTextEncoderConfig(config, 'config.json'),
            { withProjection: network === 'text_encoder_2' })];
        const asked = [...parameters].map(([name, shape]) => `${name} ${shape.join('x')}`).sort();
        const stored = [...weights].map(([name, { shape }]) => `${name} ${shape.join('x')}`).sort();
        rows.push(exactRow(`${model}/${network}`, asked.join() === stored.join(), `${stored.length} tensors`));
      }
    }
    return rows;
  },
}];

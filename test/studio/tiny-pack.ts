// A whole base model in the starter pack's shape, smaller still and with random numbers: it draws noise, but it opens,
// learns and draws through every real part in seconds. Written as a diffusers folder.

import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseTextEncoderConfig, parseUnetConfig, parseVaeConfig } from '../../src-main/checkpoint/configs.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import { normalNumbers } from '../../src-main/diffusion/seeded-noise.ts';
import {
  type ParameterShapes, textEncoderParameters, unetParameters, vaeParameters,
} from '../../src-main/models/parameter-shapes.ts';
import { faceLayout } from '../../src-main/starter/face-stage.ts';
import { initialParameters } from '../../src-main/starter/flat-parameters.ts';
import { exportInstantId } from '../../src-main/starter/instant-export.ts';
import { instantLayout, instantNetworks } from '../../src-main/starter/instant-networks.ts';
import { starterRecipe } from '../../src-main/starter/recipe.ts';
import {
  schedulerConfigJson, textEncoderConfigJson, unetConfigJson, vaeConfigJson,
} from '../../src-main/starter/starter-networks.ts';
import { toFloatDType } from '../../src-main/tensor/half.ts';
import { type Tensor, elementCount, float32Tensor } from '../../src-main/tensor/tensor.ts';

const recipe = {
  ...starterRecipe,
  vae: { ...starterRecipe.vae, blockOutChannels: [8, 8, 8, 8], latentChannels: 4 },
  unet: { ...starterRecipe.unet, blockOutChannels: [8, 16], heads: 2 },
  textEncoder: { width: 16, layers: 1, heads: 2 },
  face: { ...starterRecipe.face, widths: [4, 4, 8, 8], groups: 4, embeddingLength: 8 },
  instant: {
    ...starterRecipe.instant, conditioningChannels: [4, 4, 8, 8],
    resampler: { dim: 8, depth: 1, dimHead: 4, heads: 2, numQueries: 4, ffMult: 2 },
  },
};

/** Two levels, one with attention and one without: a training step of them opens in a third of the time of four. */
const unetJson = {
  ...unetConfigJson(recipe),
  down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'], up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
};
const where = 'the tiny pack';
const unetConfig = parseUnetConfig(unetJson, where);
const vaeConfig = parseVaeConfig(vaeConfigJson(recipe), where);
const textConfig = parseTextEncoderConfig(textEncoderConfigJson(recipe), where);

/** Norms that do nothing, biases of nothing, and weights that keep variance about as it is. */
function randomNetwork(shapes: ParameterShapes, stream: number): Map<string, Tensor> {
  return new Map([...shapes].map(([name, shape], index) => {
    const isNorm = shape.length === 1 && name.endsWith('weight');
    const fanIn = shape.slice(1).reduce((count, size) => count * size, 1);
    const numbers = shape.length === 1
      ? new Float32Array(elementCount(shape)).fill(isNorm ? 1 : 0)
      : normalNumbers(stream, index, elementCount(shape)).map((value) => value / Math.sqrt(fanIn));
    return [name, toFloatDType(float32Tensor(shape, numbers), 'float16')];
  }));
}

async function writeNetwork(
  folder: string, file: string, config: unknown, tensors: ReadonlyMap<string, Tensor>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  await writeSafetensors(join(folder, file), tensors);
}

/** Writes the model into `folder` and returns the folder. */
export async function writeTinyPack(folder: string): Promise<string> {
  const weights = 'diffusion_pytorch_model.safetensors';
  await writeNetwork(join(folder, 'unet'), weights, unetJson, randomNetwork(unetParameters(unetConfig), 1));
  await writeNetwork(join(folder, 'vae'), weights, vaeConfigJson(recipe), randomNetwork(vaeParameters(vaeConfig), 2));
  await writeNetwork(
    join(folder, 'text_encoder'), 'model.safetensors', textEncoderConfigJson(recipe),
    randomNetwork(textEncoderParameters(textConfig), 3));
  await mkdir(join(folder, 'scheduler'), { recursive: true });
  await writeFile(join(folder, 'scheduler', 'scheduler_config.json'), JSON.stringify(schedulerConfigJson()));
  return folder;
}

/** The same with an InstantID of its own: random numbers as well, so that a face and a pose change the noise. */
export async function writeTinyInstantPack(folder: string): Promise<string> {
  await writeTinyPack(folder);
  const instant = instantLayout(instantNetworks(recipe, { unetConfig }));
  await exportInstantId(join(folder, 'instant_id'), recipe, { unetConfig }, {
    instant: initialParameters(instant, 4), face: initialParameters(faceLayout(recipe), 5),
  });
  return folder;
}

/** Resources with this pack as the one that comes with Likeness, everything else as it is; returns the folder. */
export async function writeTinyResources(folder: string): Promise<string> {
  const resources = join(import.meta.dirname, '..', '..', 'resources');
  for (const name of ['faces', 'styles', 'tokenizer', 'packs']) {
    await cp(join(resources, name), join(folder, name), { recursive: true });
  }
  await rm(join(folder, 'packs', 'starter.json'));
  await writeTinyInstantPack(join(folder, 'tiny'));
  await writeFile(join(folder, 'packs', 'tiny.json'), JSON.stringify({
    id: 'tiny', folder: 'tiny', name: 'Tiny', description: 'Noise.', license: 'MIT', trainingDefaults: {},
    generationDefaults: { widthPx: 64, heightPx: 64, samplingSteps: 2 }, instantDefaults: { guidanceScale: 2 },
  }));
  return folder;
}

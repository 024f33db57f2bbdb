// Stage 4 of the starter pack: the trained networks as a diffusers folder in float16, with the recipe and loss curves.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeSafetensors } from '../checkpoint/safetensors-writer.ts';
import type { ParameterLayout } from '../networks/flat-parameters.ts';
import { toFloatDType } from '../tensor/half.ts';
import { float32Tensor, type Tensor } from '../tensor/tensor.ts';
import { tensorsOf } from './flat-parameters.ts';
import { checkPackSize } from './pack-size.ts';
import { packVocabulary, writeTokenizer } from './pack-vocabulary.ts';
import type { StarterRecipe } from './recipe.ts';
import {
  schedulerConfigJson, textEncoderConfigJson, unetConfigJson, vaeConfigJson,
} from './starter-networks.ts';
import { fullTokenTable, tokenTable } from './token-rows.ts';

export interface TrainedStarter {
  readonly recipe: StarterRecipe;
  readonly vae: { readonly layout: ParameterLayout; readonly parameters: Float32Array };
  /** U-Net and text encoder, the latter with the trained token rows only. */
  readonly denoiser: { readonly layout: ParameterLayout; readonly parameters: Float32Array };
  /** CLIP's id of each trained token row. */
  readonly tokenIds: readonly number[];
  readonly latentScale: number;
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

async function writeNetwork(
  folder: string, file: string, config: unknown, tensors: ReadonlyMap<string, Tensor>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const halves = new Map([...tensors].map(([name, tensor]) => [name, toFloatDType(tensor, 'float16')]));
  await writeSafetensors(path.join(folder, file), halves, new Map([['format', 'pt']]));
  await writeFile(path.join(folder, 'config.json'), json(config));
}

/** The text encoder's tensors with a table of `vocabSize` rows; `ids` are those of the trained ones in it. */
function textEncoderTensors(
  { recipe, denoiser }: TrainedStarter, ids: readonly number[], vocabSize: number,
): Map<string, Tensor> {
  const { width } = recipe.textEncoder;
  const tensors = tensorsOf(denoiser.layout, denoiser.parameters, 'text_encoder');
  const trained = tensors.get(tokenTable)!.data as Float32Array;
  tensors.set(tokenTable, float32Tensor([vocabSize, width],
    fullTokenTable(trained, ids, vocabSize, width, recipe.seed)));
  return tensors;
}

/**
 * Writes the pack to `folder`, with a vocabulary of its own out of the tokenizer and the styles in `resourcesFolder`.
 * Throws, and writes nothing, where the recipe's networks would be too large to ship.
 */
export async function exportPack(folder: string, starter: TrainedStarter, resourcesFolder: string): Promise<void> {
  const { recipe, latentScale } = starter;
  checkPackSize(recipe);
  const { merges, tokenizer, trainedIds } = await packVocabulary(resourcesFolder, starter.tokenIds);
  const { vocabularySize } = tokenizer;
  await writeNetwork(path.join(folder, 'unet'), 'diffusion_pytorch_model.safetensors', unetConfigJson(recipe),
    tensorsOf(starter.denoiser.layout, starter.denoiser.parameters, 'unet'));
  await writeNetwork(path.join(folder, 'vae'), 'diffusion_pytorch_model.safetensors',
    vaeConfigJson(recipe, latentScale),
    tensorsOf(starter.vae.layout, starter.vae.parameters, 'vae'));
  await writeNetwork(path.join(folder, 'text_encoder'), 'model.safetensors',
    textEncoderConfigJson(recipe, vocabularySize), textEncoderTensors(starter, trainedIds, vocabularySize));
  await mkdir(path.join(folder, 'scheduler'), { recursive: true });
  await writeFile(path.join(folder, 'scheduler', 'scheduler_config.json'), json(schedulerConfigJson()));
  await writeTokenizer(path.join(folder, 'tokenizer'), merges);
  await writeFile(path.join(folder, 'model_index.json'), json({
    _class_name: 'StableDiffusionPipeline', feature_extractor: [null, null], requires_safety_checker: false,
    safety_checker: [null, null], scheduler: ['diffusers', 'DDIMScheduler'],
      text_encoder: ['transformers', 'CLIPTextModel'],
    tokenizer: ['transformers', 'CLIPTokenizer'], unet: ['diffusers', 'UNet2DConditionModel'],
      vae: ['diffusers', 'AutoencoderKL'],
  }));
}

/** Means over `every` steps, as 'step,loss' lines. */
export function lossCsv(losses: readonly number[], every: number): string {
  const lines = ['step,loss'];
  for (let end = every; end <= losses.length; end += every) {
    const part = losses.slice(end - every, end);
    lines.push(`${end},${(part.reduce((sum, loss) => sum + loss, 0) / every).toPrecision(5)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** A plain line chart with a logarithmic loss axis. */
export function lossCurveSvg(title: string, losses: readonly number[], every: number): string {
  const [width, height, margin] = [640, 320, 44];
  const rows = lossCsv(losses, every).trim().split('\n').slice(1).map((row) =>
    row.split(',').map(Number) as [number, number]);
  const logs = rows.map(([, loss]) => Math.log10(loss));
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  const last = rows.at(-1)?.[0] ?? 1;
  const points = rows.map(([step, loss]) => {
    const x = margin + ((width - 2 * margin) * step) / last;
    const y = height - margin - ((height - 2 * margin) * (Math.log10(loss) - low)) / Math.max(1e-9, high - low);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const label = (x: number, y: number, text: string) =>
    `<text x="${x}" y="${y}" font-size="12" font-family="sans-serif">${text}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="white"/>` +
    label(margin, 24, title) + label(2, margin + 4, (10 ** high).toPrecision(3)) +
      label(2, height - margin, (10 ** low).toPrecision(3)) +
    label(width - margin - 40, height - 16, `step ${last}`) +
    `<polyline fill="none" stroke="#2456a6" stroke-width="1.5" points="${points.join(' ')}"/></svg>\n`;
}

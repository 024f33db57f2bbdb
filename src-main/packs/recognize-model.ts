// What a model's file or folder is, by its header alone: sizes and names, no weights. What cannot be used is named,
// with the reason and what to do.

import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { outlineEmbedding, outlineLora } from '../adapter/outline-adapter.ts';
import { type Architecture, type FileKind, detectFileKind } from '../checkpoint/architecture.ts';
import { openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import { unsupportedKind } from '../checkpoint/refusals.ts';
import { outlineSingleFile } from '../checkpoint/single-file.ts';
import { type TensorFile, openTensorFile } from '../checkpoint/tensor-file.ts';
import { UserError } from '../contract/errors.ts';
import { unetFactor } from '../generation/portrait-size.ts';
import { type ModelFacts, noFacts } from './model-facts.ts';

/** Facts, but for a file of which nothing is to be said: no model, and in no folder for models of a kind. */
export async function recognizeModel(place: string, isFolder: boolean): Promise<ModelFacts> {
  try {
    return isFolder ? await recognizeFolder(place) : await recognizeFile(place);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { ...noFacts, kind: 'other', refusal: refusalOf(error) };
  }
}

function refusalOf({ text: { what, todo } }: UserError): string {
  return `${what} ${todo}`;
}

/** A diffusers folder is opened whole: its config files say more than any header. */
async function recognizeFolder(folder: string): Promise<ModelFacts> {
  const { architecture, schedulerConfig, unetConfig, vaeConfig } = await openCheckpoint(folder);
  const factor = 2 ** (vaeConfig.blockOutChannels.length - 1);
  return {
    ...noFacts, kind: 'checkpoint', architecture, predictionType: schedulerConfig.predictionType, hasVae: true,
    resolutionPx: unetConfig.sampleSize * factor, sizeMultiplePx: factor * unetFactor,
  };
}

async function recognizeFile(file: string): Promise<ModelFacts> {
  const opened = await openTensorFile(file);
  const kind = detectFileKind(opened.tensors);
  switch (kind) {
    case 'sd15': case 'sd2': case 'sdxl': return await recognizeCheckpoint(opened, kind);
    case 'lora': return await orRefused('lora', async () => {
      const { architecture, words } = outlineLora(opened);
      return { architecture, words: [...new Set([...words, ...await activationText(file)])] };
    });
    case 'textual-inversion': return await orRefused('embedding', () => {
      const { architecture, words } = outlineEmbedding(opened);
      return { architecture, words: [...words] };
    });
    case 'vae-alone': return await recognizeVae(opened);
    default: return { ...noFacts, kind: 'other', refusal: refusalOf(otherKind(file, kind, opened)) };
  }
}

/** A kind that says more by what it lacks or is than "unknown". */
function otherKind(file: string, kind: FileKind, { tensors }: TensorFile): UserError {
  return unsupportedKind(file, kind === 'unknown' && tensors.has('string_to_param') ? 'textual-inversion' : kind);
}

async function orRefused(
  kind: 'checkpoint' | 'lora' | 'embedding' | 'vae', read: () => Partial<ModelFacts> | Promise<Partial<ModelFacts>>,
): Promise<ModelFacts> {
  try {
    return { ...noFacts, ...await read(), kind };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { ...noFacts, kind, refusal: refusalOf(error) };
  }
}

function recognizeCheckpoint(opened: TensorFile, architecture: Architecture): Promise<ModelFacts> {
  return orRefused('checkpoint', async () => {
    const { hasVae, predictionType, unetConfig, vaeFactor } = await outlineSingleFile(opened, architecture);
    return {
      architecture, predictionType, hasVae,
      resolutionPx: unetConfig.sampleSize * vaeFactor, sizeMultiplePx: vaeFactor * unetFactor,
    };
  });
}

/** A VAE of SDXL has the shapes of SD 1's: only its config, its metadata or its name can tell them apart. */
async function recognizeVae({ file, tensors, metadata }: TensorFile): Promise<ModelFacts> {
  const prefix = ['first_stage_model.', 'vae.', ''].find((each) => tensors.has(`${each}encoder.conv_in.weight`));
  const latentChannels = (tensors.get(`${prefix}encoder.conv_out.weight`)?.shape[0] ?? 0) / 2;
  if (prefix === undefined || !tensors.has(`${prefix}decoder.conv_in.weight`) || latentChannels > 4) {
    const what = latentChannels > 4
      ? `of ${latentChannels} channels, for newer models,` : 'of which a half is missing,';
    const refusal = `It is a VAE ${what} which Likeness cannot use. Choose a VAE for Stable Diffusion 1.5, 2 or SDXL.`;
    return { ...noFacts, kind: 'vae', refusal };
  }
  return { ...noFacts, kind: 'vae', hasVae: true, architecture: await vaeFamily(file, metadata) };
}

const vaeConfigSchema = z.object({ scaling_factor: z.number() });

async function vaeFamily(file: string, metadata: ReadonlyMap<string, string>): Promise<Architecture | null> {
  const config = vaeConfigSchema.safeParse(await smallJson(path.join(path.dirname(file), 'config.json'))).data;
  if (config) return config.scaling_factor < 0.15 ? 'sdxl' : 'sd15';
  const said = `${metadata.get('modelspec.architecture') ?? ''} ${path.basename(file)}`;
  if (/xl/i.test(said)) return 'sdxl';
  if (/sd[-_]?(?:v?1|v?2)|v1-5|840000|560000|ft-mse|ft-ema|ema-only|kl-f8|diffusion-v[12]/i.test(said)) return 'sd15';
  return null;
}

const activationSchema = z.object({ 'activation text': z.string().trim().min(1).max(200) });

/** A1111 keeps what the user wrote of a LoRA in a .json beside it. */
async function activationText(file: string): Promise<string[]> {
  const beside = await smallJson(file.replace(/\.[^.]+$/, '.json'));
  const text = activationSchema.safeParse(beside).data?.['activation text'];
  return text === undefined ? [] : [text];
}

const maxJsonBytes = 1_000_000;

async function smallJson(file: string): Promise<unknown> {
  try {
    return (await stat(file)).size > maxJsonBytes ? undefined : JSON.parse(await readFile(file, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}

// Whole checkpoints through the loaded pipeline, as the product uses it: prompts' ids to text states, the UNet with
// SDXL's pooled text and time ids, the VAE both ways.

import path from 'node:path';

import { parseTextEncoderConfig, parseUnetConfig, parseVaeConfig } from '../../../src-main/checkpoint/configs.ts';
import { readJson } from '../../../src-main/checkpoint/diffusers-folder.ts';
import { type Checkpoint, openCheckpoint } from '../../../src-main/checkpoint/open-checkpoint.ts';
import { readSafetensors } from '../../../src-main/checkpoint/safetensors.ts';
import { joinBatch, splitBatch } from '../../../src-main/networks/batches.ts';
import { openPipeline, type Pipeline, type TextStates } from '../../../src-main/networks/pipeline.ts';
import type { Tensor } from '../../../src-main/tensor/tensor.ts';
import type { PromptIds } from '../../../src-main/text/prompt-encoder.ts';
import { type GoldenCase, type GoldenRow, maxError, row } from '../case.ts';

/** golden/README.md, Tolerances: float32 on a CPU. */
const pictureTolerance = 5e-5;
const textTolerance = 1e-5;

type Tensors = ReadonlyMap<string, Tensor>;

function pipelineCase(folder: string): GoldenCase {
  return {
    folder,
    async run(context) {
      const checkpoint = await openGoldenCheckpoint(context.folder);
      const golden = await readSafetensors(path.join(context.folder, 'io.safetensors'));
      const pipeline = openPipeline(checkpoint, { provider: context.provider, threads: 1 });
      try {
        const text = await pipeline.encodeText(promptsOf(golden));
        const outputs: [string, Tensor | undefined, number][] = [
          ['text_last_hidden_state', text.context, textTolerance],
          ['prompt_embeds', text.context, textTolerance], ['pooled_prompt_embeds', text.pooled, textTolerance],
          ['out_sample', await predictions(pipeline, golden, text), pictureTolerance],
          ...await vaeOutputs(pipeline, golden),
        ];
        return outputs.flatMap(([name, actual, tolerance]) => compare(golden, name, actual, tolerance));
      } finally {
        await pipeline.release();
      }
    },
  };
}

async function openGoldenCheckpoint(folder: string): Promise<Checkpoint> {
  const configFile = path.join(folder, 'config.json');
  const config = await readJson(configFile) as Record<string, unknown>;
  const second = config['text_encoder_2'];
  return openCheckpoint(path.join(folder, 'model.safetensors'), {
    configs: {
      unet: parseUnetConfig(config['unet'], configFile), vae: parseVaeConfig(config['vae'], configFile),
      textEncoder: parseTextEncoderConfig(config['text_encoder'], configFile),
      ...(second ? { textEncoder2: parseTextEncoderConfig(second, configFile) } : {}),
    },
  });
}

/** The golden ids, one prompt a row, for one text encoder or both. */
function promptsOf(golden: Tensors): PromptIds[] {
  const encoders = ['input_ids', 'input_ids_2'].flatMap((name) => golden.get(name) ?? []);
  const [batch, count] = encoders[0]!.shape as [number, number];
  return Array.from({ length: batch }, (_, i) => (
    encoders.map(({ data }) => Array.from(data.slice(i * count, (i + 1) * count) as BigInt64Array, Number))));
}

/** Each row at its own timestep. */
async function predictions(pipeline: Pipeline, golden: Tensors, { context, pooled }: TextStates): Promise<Tensor> {
  const rows = (tensor: Tensor | undefined): readonly Tensor[] => (tensor ? splitBatch(tensor) : []);
  const [contexts, pooledRows, timeIds] = [context, pooled, golden.get('time_ids')].map(rows);
  const timesteps = golden.get('timestep')!.data;
  const predicted = [];
  for (const [i, sample] of splitBatch(golden.get('sample')!).entries()) {
    predicted.push(await pipeline.predict({
      latents: sample, timestep: Number(timesteps[i]), timeIds: timeIds![i],
      text: { context: contexts![i]!, pooled: pooledRows![i] },
    }));
  }
  return joinBatch(predicted);
}

async function vaeOutputs(pipeline: Pipeline, golden: Tensors): Promise<[string, Tensor, number][]> {
  const { mean, logVariance } = await pipeline.encode(golden.get('vae_image')!);
  const decoded = await pipeline.decode(golden.get('vae_latent')!);
  return [
    ['vae_mean', mean, pictureTolerance], ['vae_logvar', logVariance, pictureTolerance],
    ['vae_decoded', decoded, pictureTolerance],
  ];
}

function compare(golden: Tensors, name: string, actual: Tensor | undefined, tolerance: number): GoldenRow[] {
  const expected = golden.get(name);
  if (!expected) return [];
  return [row(`pipeline/${name}`, actual ? maxError(actual, expected) : Infinity, tolerance)];
}

export const cases: readonly GoldenCase[] = [pipelineCase('ckpt-sd15'), pipelineCase('ckpt-sdxl')];

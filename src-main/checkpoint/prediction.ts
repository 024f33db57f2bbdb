// What a UNet predicts and with which noise schedule it was trained, for single files, which carry no scheduler_config.
// Metadata says it (modelspec), or an empty tensor (ComfyUI's marks), or a .yaml beside the file (A1111), or, for SD 2,
// the weights themselves.

import { readFile, stat } from 'node:fs/promises';
import { toFloat32 } from '../tensor/half.ts';
import type { WeightTable } from '../tensor/weights.ts';
import type { Architecture } from './architecture.ts';
import { type SchedulerConfig, stableDiffusionScheduler } from './configs.ts';
import { readTensor } from './safetensors.ts';

export interface PredictionHints {
  readonly architecture: Architecture;
  readonly metadata: ReadonlyMap<string, string>;
  /** Names of all tensors of the file. */
  readonly names: { has(name: string): boolean };
  readonly unet: WeightTable;
  /** What a configuration beside the file says. */
  readonly beside?: SchedulerConfig['predictionType'] | undefined;
}

const maxYamlBytes = 1_000_000;

/** A1111 and the original code: model.yaml beside model.safetensors, with `parameterization: v` in it. */
export async function predictionBeside(file: string): Promise<SchedulerConfig['predictionType'] | undefined> {
  const yaml = file.replace(/\.[^./\\]+$/, '.yaml');
  if (yaml === file || !/\.(?:safetensors|ckpt|pt|pth|bin)$/i.test(file)) return undefined;
  const isSmall = await stat(yaml).then(({ size }) => size <= maxYamlBytes, () => false);
  if (!isSmall) return undefined;
  const [, named] = /^\s*parameterization:\s*["']?(\w+)/m.exec(await readFile(yaml, 'utf8').catch(() => '')) ?? [];
  return named === 'v' ? 'v_prediction' : named === 'eps' ? 'epsilon' : undefined;
}

/** Stable Diffusion's noise schedule, with the prediction type and the zero terminal SNR that the file tells of. */
export async function inferSchedulerConfig(hints: PredictionHints): Promise<SchedulerConfig> {
  const { names, metadata, architecture, unet, beside } = hints;
  const named = predictionInMetadata(metadata);
  const isVelocity = named !== undefined ? named === 'v_prediction'
    : names.has('v_pred') || (beside === undefined
      ? architecture === 'sd2' && await looksLikeVelocity(unet) : beside === 'v_prediction');
  return {
    ...stableDiffusionScheduler,
    predictionType: isVelocity ? 'v_prediction' : 'epsilon',
    // Lin et al. 2024: with zero terminal SNR, sampling must begin at the last timestep
    ...(names.has('ztsnr') ? { rescaleBetasZeroSnr: true, timestepSpacing: 'trailing' } : {}),
  };
}

function predictionInMetadata(metadata: ReadonlyMap<string, string>): SchedulerConfig['predictionType'] | undefined {
  const named = (metadata.get('modelspec.prediction_type') ?? metadata.get('modelspec.predict_key'))?.trim();
  if (named === undefined) return undefined;
  if (/^v(?:_prediction)?$/.test(named)) return 'v_prediction';
  return named === 'epsilon' ? 'epsilon' : undefined;
}

/** ComfyUI's rule (comfy/supported_models.py, SD20): this bias spreads wider in the models that predict v. */
const tellingBias = 'up_blocks.3.attentions.2.transformer_blocks.0.norm1.bias';
const velocitySpread = 0.09;

async function looksLikeVelocity(unet: WeightTable): Promise<boolean> {
  const source = unet.get(tellingBias);
  if (!source) return false;
  const values = toFloat32(await readTensor(source)).data as Float32Array;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return Math.sqrt(variance) > velocitySpread;
}

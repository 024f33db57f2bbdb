// The graphs of a pipeline: text encoders, UNet, VAE encoder and decoder, each for one size. All are built in float32;
// precision.ts says which of them are made float16 afterwards.

import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Graph } from '../compiler/1-build/graph.ts';
import { frozenScope } from '../models/frozen-scope.ts';
import { textTimeInputs, unet, type UnetInputs } from '../models/unet.ts';
import { vaeDecoder, vaeEncoder } from '../models/vae.ts';
import type { Shape } from '../tensor/tensor.ts';
import { type AdapterForm, adapterHook, textAdapterHooks } from './adapter-input.ts';
import type { InstantId } from './instant-id.ts';
import { type FaceForm, withFace } from './instant-id-graph.ts';
import { textConditioning } from './text-conditioning.ts';
import { inputNameOf } from './text-states.ts';

export interface TextGraphDescription {
  /** Tokens of a prompt; 77. */
  readonly count: number;
  readonly adapter?: AdapterForm;
  readonly skipLayers: number;
}

/** One prompt: input_ids int64 [1, count] (SDXL: and input_ids_2), the adapter → context, and SDXL's pooled. */
export function textGraph(checkpoint: Checkpoint, { count, adapter, skipLayers }: TextGraphDescription): Graph {
  const g = new GraphBuilder('text-encoder');
  const { textEncoders } = checkpoint;
  const hooks = textAdapterHooks(g, adapter);
  const newTokens = adapter?.newTokens ?? 0;
  const ids = textEncoders.map((_, i) => g.input(inputNameOf('input_ids', i), 'int64', [1, count]));
  const newRows = textEncoders.map(({ config }, i) => (
    newTokens > 0 ? g.input(inputNameOf('new_rows', i), 'float32', [newTokens, config.hiddenSize]) : undefined));
  const scopes = textEncoders.map(({ weights }, i) => frozenScope(g, weights, hooks[i]));
  const { context, pooled } = textConditioning(scopes, checkpoint, ids, { skipLayers, newRows });
  g.output('context', context);
  if (pooled) g.output('pooled', pooled);
  return g.graph();
}

export interface UnetGraphDescription {
  /** [B, C, H, W]. */
  readonly latents: Shape;
  /** [B, N, D]. */
  readonly context: Shape;
  readonly adapter?: AdapterForm;
  readonly face?: { readonly instantId: InstantId; readonly form: FaceForm };
  /** With an input `self_attention_share` [B, 1, 1]. */
  readonly isPerturbable?: boolean;
}

/**
 * latents, timestep [B], context, SDXL's text_embeds and time_ids, adapter, a face's inputs, self_attention_share
 * → prediction.
 */
export function unetGraph(
  { unet: weights, unetConfig }: Pick<Checkpoint, 'unet' | 'unetConfig'>, description: UnetGraphDescription,
): Graph {
  const { latents, context, adapter, face, isPerturbable } = description;
  const g = new GraphBuilder('unet');
  const batch = latents[0]!;
  const own: UnetInputs = {
    sample: g.input('latents', 'float32', latents),
    timestep: g.input('timestep', 'float32', [batch]),
    encoderHiddenStates: g.input('context', 'float32', context),
    ...textTimeInputs(g, unetConfig, batch),
    ...(isPerturbable ? { selfAttentionShare: g.input('self_attention_share', 'float32', [batch, 1, 1]) } : {}),
  };
  const inputs = face ? withFace(g, face.instantId, own, face.form) : own;
  const layer = adapterHook(g, 'adapter', adapter?.unet ?? [], () => g.input('strength', 'float32', [1]));
  g.output('prediction', unet(frozenScope(g, weights, layer), unetConfig, inputs));
  return g.graph();
}

/** latent [1, C, H, W], divided by the scaling factor → image [1, 3, f·H, f·W] in -1..1. */
export function decoderGraph({ vae, vaeConfig }: Checkpoint, shape: Shape): Graph {
  const g = new GraphBuilder('vae-decoder');
  const latent = g.input('latent', 'float32', [1, ...shape]);
  g.output('image', vaeDecoder(frozenScope(g, vae), vaeConfig, latent));
  return g.graph();
}

/** image [1, 3, H, W] in -1..1 → mean and logVariance [1, C, H/f, W/f]. */
export function encoderGraph({ vae, vaeConfig }: Checkpoint, shape: Shape): Graph {
  const g = new GraphBuilder('vae-encoder');
  const image = g.input('image', 'float32', [1, ...shape]);
  const moments = vaeEncoder(frozenScope(g, vae), vaeConfig, image);
  const channels = vaeConfig.latentChannels;
  const [mean, logVariance] = g.split(moments, 1, [channels, channels]);
  g.output('mean', mean!);
  // Kingma & Welling's log-variance, kept where exp() is harmless (diffusers' DiagonalGaussianDistribution)
  g.output('logVariance', g.clip(logVariance!, -30, 20));
  return g.graph();
}

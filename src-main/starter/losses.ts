// What the starter pack's networks are trained towards, as graph builders.
// Autoencoder: reconstruction at several scales plus a weak KL term (Kingma and Welling 2014; Rombach et al. 2022).
// Denoiser: mean squared error of v = alpha noise - sigma latent (Salimans and Ho 2022, eq. 10).

import type { Value } from '../compiler/1-build/graph.ts';
import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { TextEncoderConfig, UnetConfig, VaeConfig } from '../checkpoint/configs.ts';
import type { NetworkScope } from '../models/network-scope.ts';
import { clipTextEncoder } from '../models/text-encoder.ts';
import { unet } from '../models/unet.ts';
import { vaeDecoder, vaeEncoder } from '../models/vae.ts';

const everyAxis = [0, 1, 2, 3] as const;

/** Mean of the squares of [B, C, H, W], a scalar. */
export const meanSquare = (g: GraphBuilder, x: Value) => mean(g, g.mul(x, x));

const mean = (g: GraphBuilder, x: Value) => g.reshape(g.reduceMean(x, everyAxis, true), []);

/** Mean over factor x factor squares: [B, C, H, W] -> [B, C, H/factor, W/factor]. */
export function pooled(g: GraphBuilder, x: Value, factor: number): Value {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const split = g.reshape(x, [batch * channels, height / factor, factor, width / factor, factor]);
  const summed = g.reduceMean(split, [2, 4], false);
  return g.reshape(summed, [batch, channels, height / factor, width / factor]);
}

const differenceAlong = (g: GraphBuilder, x: Value, axis: 2 | 3) => {
  const size = x.shape[axis]!;
  return g.sub(g.slice(x, axis, 1, size), g.slice(x, axis, 0, size - 1));
};

const weighted = (g: GraphBuilder, terms: readonly (readonly [number, Value])[]): Value =>
  terms.map(([weight, term]) => g.mul(g.scalar(weight), term)).reduce((sum, term) => g.add(sum, term));

export interface VaeLossInputs {
  /** [B, 3, H, W] in -1..1. */
  readonly image: Value;
  /** Standard normal, [B, latentChannels, H/8, W/8]. */
  readonly noise: Value;
  /** Scalar weight of the pull of the first three latent means towards the picture's colours. */
  readonly colourHelp: Value;
}

/** L1 of an error [B, 3, H, W] at three scales, of its differences along both axes, and its square at an eighth. */
export function reconstructionLoss(g: GraphBuilder, error: Value, edgeWeight: number): Value {
  const half = pooled(g, error, 2);
  const quarter = pooled(g, half, 2);
  const eighth = pooled(g, quarter, 2);
  const l1 = (x: Value) => mean(g, g.abs(x));
  return weighted(g, [
    [1, l1(error)], [edgeWeight, l1(differenceAlong(g, error, 2))], [edgeWeight, l1(differenceAlong(g, error, 3))],
    [0.5, l1(half)], [0.5, l1(quarter)], [4, mean(g, g.mul(eighth, eighth))],
  ]);
}

/** Loss of the autoencoder, a scalar. Everything is linear in the error, so it is computed from the error once. */
export function vaeLoss(
  scope: NetworkScope, config: VaeConfig, inputs: VaeLossInputs,
  { klWeight, edgeWeight }: { readonly klWeight: number; readonly edgeWeight: number },
): Value {
  const { g } = scope;
  const { image } = inputs;
  const [means, rawLogVariance] = g.split(vaeEncoder(scope, config, image), 1,
    [config.latentChannels, config.latentChannels]);
  const logVariance = g.clip(rawLogVariance!, -30, 20);
  const deviation = g.exp(g.mul(g.scalar(0.5), logVariance));
  const latent = g.add(means!, g.mul(deviation, inputs.noise));
  const error = g.sub(vaeDecoder(scope, config, latent), image);
  const square = (x: Value) => mean(g, g.mul(x, x));
  const kl = mean(g, g.sub(g.add(g.mul(means!, means!), g.exp(logVariance)), g.add(logVariance, g.scalar(1))));
  const colours = g.sub(g.slice(means!, 1, 0, 3), g.mul(g.scalar(2),
    pooled(g, image, image.shape[2]! / means!.shape[2]!)));
  const reconstruction = g.add(reconstructionLoss(g, error, edgeWeight), g.mul(g.scalar(0.5 * klWeight), kl));
  return g.add(reconstruction, g.mul(g.reshape(inputs.colourHelp, []), square(colours)));
}

export interface UnetLossInputs {
  /** alpha latent + sigma noise, [B, C, h, w]. */
  readonly noisyLatent: Value;
  /** alpha noise - sigma latent, [B, C, h, w]. */
  readonly velocity: Value;
  /** float32 [B], 0..999. */
  readonly timestep: Value;
  /** How much each place counts, [B, 1, h, w], mean 1. */
  readonly weight: Value;
  /** int64 [B, 77]; ids index the trained token rows. */
  readonly inputIds: Value;
}

/** Loss of denoiser and text encoder together, a scalar. */
export function unetLoss(
  scopes: { readonly unet: NetworkScope; readonly textEncoder: NetworkScope },
  configs: { readonly unet: UnetConfig; readonly textEncoder: TextEncoderConfig }, inputs: UnetLossInputs,
): Value {
  const { g } = scopes.unet;
  const text = clipTextEncoder(scopes.textEncoder, configs.textEncoder, inputs.inputIds);
  const predicted = unet(scopes.unet, configs.unet, {
    sample: inputs.noisyLatent, timestep: inputs.timestep, encoderHiddenStates: text.lastHiddenState,
  });
  const error = g.sub(predicted, inputs.velocity);
  return mean(g, g.mul(g.mul(error, error), inputs.weight));
}

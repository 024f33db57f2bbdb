// Stage 1 of the starter pack: the autoencoder, trained on random crops; looked at through reconstructions.

import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { VaeConfig } from '../checkpoint/configs.ts';
import { vaeParameters } from '../models/parameter-shapes.ts';
import { vaeDecoder, vaeEncoder } from '../models/vae.ts';
import { openSession, type Provider, type Session } from '../runtime/session.ts';
import { float32Tensor, type Tensor } from '../tensor/tensor.ts';
import type { ParameterLayout } from '../networks/flat-parameters.ts';
import { pictureOf, planesOf, psnr, writeContactSheet } from './contact-sheet.ts';
import { flatLayout, flatScope, prefixedScope } from './flat-parameters.ts';
import { flatStep, type FlatStep } from './flat-step.ts';
import { vaeLoss } from './losses.ts';
import type { StarterRecipe } from './recipe.ts';
import { starterNetworks } from './starter-networks.ts';

export const vaeLayout = (config: VaeConfig): ParameterLayout => flatLayout({ vae: vaeParameters(config) });

/** One step of the autoencoder's training; inputs image, noise and colourHelp. */
export function vaeStepGraph(recipe: StarterRecipe): FlatStep {
  const config = starterNetworks(recipe).vae;
  const { batchSize, cropPx, latentChannels, klWeight, edgeWeight } = recipe.vae;
  const latentPx = cropPx / 8;
  return flatStep({
    name: 'starter_vae', parameters: vaeLayout(config).entries, plan: recipe.vae,
    build: (g, parameter) => ({
      loss: vaeLoss(prefixedScope(g, 'vae', parameter), config, {
        image: g.input('image', 'float32', [batchSize, 3, cropPx, cropPx]),
        noise: g.input('noise', 'float32', [batchSize, latentChannels, latentPx, latentPx]),
        colourHelp: g.input('colourHelp', 'float32', [1]),
      }, { klWeight, edgeWeight }),
    }),
  });
}

export interface VaeSessions {
  /** [B, 3, S, S] in -1..1 to latent means [B, C, S/8, S/8]. */
  encode(images: Tensor): Promise<Tensor>;
  decode(latents: Tensor): Promise<Tensor>;
  release(): Promise<void>;
}

/** Encoder and decoder over a flat parameter vector, for batches of `batchSize` whole pictures. */
export async function openVae(
  recipe: StarterRecipe, parameters: Float32Array, options: { batchSize: number; provider: Provider; threads?: number },
): Promise<VaeSessions> {
  const config = starterNetworks(recipe).vae;
  const layout = vaeLayout(config);
  const { latentChannels } = config;
  const latentPx = recipe.resolutionPx / 8;
  const vector = float32Tensor([layout.size], parameters);
  const open = (name: string, build: (g: GraphBuilder) => void): Promise<Session> => {
    const g = new GraphBuilder(name);
    build(g);
    return openSession(g.graph(), options);
  };
  const encoder = await open('starter_encoder', (g) => {
    const scope = flatScope(g, layout, g.input('parameters', 'float32', [layout.size]), 'vae');
    const moments = vaeEncoder(scope, config, g.input('image', 'float32',
      [options.batchSize, 3, recipe.resolutionPx, recipe.resolutionPx]));
    g.output('mean', g.slice(moments, 1, 0, latentChannels));
  });
  const decoder = await open('starter_decoder', (g) => {
    const scope = flatScope(g, layout, g.input('parameters', 'float32', [layout.size]), 'vae');
    g.output('image', vaeDecoder(scope, config, g.input('latent', 'float32',
      [options.batchSize, latentChannels, latentPx, latentPx])));
  });
  return {
    encode: async (image) => (await encoder.run({ parameters: vector, image })).mean!,
    decode: async (latent) => (await decoder.run({ parameters: vector, latent })).image!,
    release: async () => { await encoder.release(); await decoder.release(); },
  };
}

/** Writes originals above reconstructions, eight a row, and returns the PSNR of each in dB. */
export async function writeReconstructions(
  file: string, recipe: StarterRecipe, parameters: Float32Array, pictures: readonly Uint8Array[],
  options: { provider: Provider; threads?: number },
): Promise<number[]> {
  const batchSize = 8;
  const size = recipe.resolutionPx;
  const vae = await openVae(recipe, parameters, { ...options, batchSize });
  const rows: Uint8Array[] = [];
  const quality: number[] = [];
  try {
    for (let start = 0; start + batchSize <= pictures.length; start += batchSize) {
      const originals = pictures.slice(start, start + batchSize);
      const planes = new Float32Array(batchSize * 3 * size * size);
      originals.forEach((rgb, i) => planesOf(rgb, planes.subarray(i * 3 * size * size, (i + 1) * 3 * size * size)));
      const decoded = await vae.decode(await vae.encode(float32Tensor([batchSize, 3, size, size], planes)));
      const restored = originals.map((_, i) => pictureOf(decoded, i));
      quality.push(...originals.map((rgb, i) => psnr(rgb, restored[i]!)));
      rows.push(...originals, ...restored);
    }
  } finally {
    await vae.release();
  }
  await writeContactSheet(file, rows, size, batchSize);
  return quality;
}

// The networks of Stable Diffusion against diffusers and Transformers: UNet, VAE and text encoder, in every naming that
// their files come in.

import { parseTextEncoderConfig, parseUnetConfig, parseVaeConfig } from '../../../src-main/checkpoint/configs.ts';
import type { TextEncoderConfig } from '../../../src-main/checkpoint/configs.ts';
import { projectedTextEncoderWeights } from '../../../src-main/checkpoint/text-encoder-names.ts';
import { unetWeights } from '../../../src-main/checkpoint/unet-names.ts';
import { vaeWeights } from '../../../src-main/checkpoint/vae-names.ts';
import type { NetworkScope } from '../../../src-main/models/network-scope.ts';
import { clipTextEncoder, type TextEncoding, textProjection } from '../../../src-main/models/text-encoder.ts';
import type { Tensor } from '../../../src-main/tensor/tensor.ts';
import type { WeightTable } from '../../../src-main/tensor/weights.ts';
import type { GoldenCase, GoldenProvider, GoldenRow } from '../case.ts';
import {
  compare, decoderOutputs, encoderOutputs, feedsOf, pictureTolerance, readCase, runNetwork, tensorsOf, type Tensors,
  textTolerance, unetOutputs, type Values,
} from '../network-runs.ts';

const unetInputs = ['sample', 'timestep', 'encoder_hidden_states', 'text_embeds', 'time_ids'];

function unetCase(folder: string): GoldenCase {
  return {
    folder,
    async run(context) {
      const { config, configFile, runs } = await readCase(context, ['io', 'io_2']);
      const unetConfig = parseUnetConfig(config['unet'], configFile);
      const weights = unetWeights(await tensorsOf(context, 'unet.safetensors'));
      const rows: GoldenRow[] = [];
      for (const { name, golden } of runs) {
        const outputs = await unetOutputs(context.provider, weights, unetConfig, feedsOf(golden, unetInputs));
        rows.push(...compare(name, outputs, golden, pictureTolerance));
      }
      return rows;
    },
  };
}

const vaeFiles = {
  'vae.safetensors': '', 'vae_old_names.safetensors': '', 'vae_original.safetensors': 'first_stage_model.',
} as const;

const vaeCase: GoldenCase = {
  folder: 'vae',
  async run(context) {
    const { provider } = context;
    const { config, configFile, runs } = await readCase(context, ['io', 'io_2']);
    const vaeConfig = parseVaeConfig(config['vae'], configFile);
    const rows: GoldenRow[] = [];
    for (const [file, prefix] of Object.entries(vaeFiles)) {
      const weights = vaeWeights(await tensorsOf(context, file, prefix));
      for (const { name, golden } of runs) {
        const encoded = await encoderOutputs(provider, weights, vaeConfig, golden.get('image')!);
        const decoded = await decoderOutputs(provider, weights, vaeConfig, golden.get('latent')!);
        rows.push(...compare(`${file}/${name}`, { ...encoded, ...decoded }, golden, pictureTolerance));
      }
    }
    return rows;
  },
};

/** Every output of the golden text encoders, by its golden name. */
async function textOutputs(
  provider: GoldenProvider, weights: WeightTable, config: TextEncoderConfig, ids: Tensor, endOfTextId: number,
): Promise<Tensors> {
  const encode = (skipLayers: number, describe: (encoding: TextEncoding, scope: NetworkScope) => Values) => runNetwork({
    provider, weights, feeds: { ids },
    describe: (scope, inputs) => describe(clipTextEncoder(scope, config, inputs['ids']!, { skipLayers }), scope),
  });
  const hasProjection = weights.has('text_projection.weight');
  return {
    ...await encode(0, (encoding, scope) => {
      const pooled = encoding.pooled(endOfTextId);
      return {
        hidden_embeddings: encoding.hiddenState(0),
        hidden_last_before_norm: encoding.hiddenState(-1),
        hidden_penultimate: encoding.hiddenState(-2),
        hidden_minus_3: encoding.hiddenState(-3),
        last_hidden_state: encoding.lastHiddenState,
        pooler_output: pooled,
        pooled_before_projection: pooled,
        ...(hasProjection ? { text_embeds: textProjection(scope, config, pooled) } : {}),
      };
    }),
    ...await encode(1, (encoding) => ({ hidden_penultimate_normed: encoding.lastHiddenState })),
    ...await encode(2, (encoding) => ({ hidden_minus_3_normed: encoding.lastHiddenState })),
  };
}

/** `files`: weights files and what their names begin with. */
function textCase(folder: string, files: Readonly<Record<string, string>>): GoldenCase {
  return {
    folder,
    async run(context) {
      const { config, configFile, runs } = await readCase(context, ['io']);
      const textConfig = parseTextEncoderConfig(config['text_encoder'], configFile);
      const { golden } = runs[0]!;
      const rows: GoldenRow[] = [];
      for (const [file, prefix] of Object.entries(files)) {
        const weights = await projectedTextEncoderWeights(await tensorsOf(context, file, prefix));
        const ids = golden.get('input_ids')!;
        const outputs = await textOutputs(context.provider, weights, textConfig, ids, Number(config['eot']));
        rows.push(...compare(file, outputs, golden, textTolerance));
      }
      return rows;
    },
  };
}

export const cases: readonly GoldenCase[] = [
  unetCase('unet-sd15'), unetCase('unet-sd2'), unetCase('unet-sdxl'),
  vaeCase,
  textCase('clip-text-vitl', {
    'model.safetensors': '', 'original_sd1.safetensors': 'cond_stage_model.transformer.', 'openai_clip.safetensors': '',
  }),
  textCase('clip-text-h', { 'model.safetensors': '', 'original_sd2.safetensors': 'cond_stage_model.model.' }),
  textCase('clip-text-bigg', {
    'model.safetensors': '', 'original_sdxl.safetensors': 'conditioner.embedders.1.model.',
  }),
];

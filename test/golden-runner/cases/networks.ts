// The networks of Stable Diffusion against diffusers and Transformers: UNet, VAE and text encoder, in every naming that
// their files come in, and a whole single-file checkpoint through openCheckpoint.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { parseTextEncoderConfig, parseUnetConfig, parseVaeConfig } from '../../../src-main/checkpoint/configs.ts';
import type { TextEncoderConfig, UnetConfig, VaeConfig } from '../../../src-main/checkpoint/configs.ts';
import { openCheckpoint } from '../../../src-main/checkpoint/open-checkpoint.ts';
import { readSafetensors, readSafetensorsHeader } from '../../../src-main/checkpoint/safetensors.ts';
import { textEncoderWeights } from '../../../src-main/checkpoint/text-encoder-names.ts';
import { unetWeights } from '../../../src-main/checkpoint/unet-names.ts';
import { vaeWeights } from '../../../src-main/checkpoint/vae-names.ts';
import { GraphBuilder } from '../../../src-main/compiler/1-build/graph-builder.ts';
import type { Value } from '../../../src-main/compiler/1-build/graph.ts';
import { frozenScope } from '../../../src-main/models/frozen-scope.ts';
import type { NetworkScope } from '../../../src-main/models/network-scope.ts';
import { clipTextEncoder, type TextEncoding, textProjection } from '../../../src-main/models/text-encoder.ts';
import { unet } from '../../../src-main/models/unet.ts';
import { vaeDecoder, vaeEncoder } from '../../../src-main/models/vae.ts';
import { openSession } from '../../../src-main/runtime/session.ts';
import { toFloat32 } from '../../../src-main/tensor/half.ts';
import type { Tensor } from '../../../src-main/tensor/tensor.ts';
import type { TensorReference, WeightTable } from '../../../src-main/tensor/weights.ts';
import { type GoldenCase, type GoldenContext, type GoldenProvider, type GoldenRow, maxError, row } from '../case.ts';

/** golden/README.md, Tolerances: float32 on a CPU. */
const pictureTolerance = 5e-5;
const textTolerance = 1e-5;

type Tensors = Readonly<Record<string, Tensor>>;
type Values = Readonly<Record<string, Value>>;

interface Network {
  readonly provider: GoldenProvider;
  readonly weights: WeightTable;
  readonly feeds: Tensors;
  /** Adds the network; the feeds are its inputs, and what it returns are its outputs. */
  describe(scope: NetworkScope, inputs: Values): Values;
}

async function runNetwork({ provider, weights, feeds, describe }: Network): Promise<Tensors> {
  const g = new GraphBuilder('golden');
  const inputs = Object.entries(feeds).map(([name, { dtype, shape }]) => [name, g.input(name, dtype, shape)] as const);
  const outputs = describe(frozenScope(g, weights), Object.fromEntries(inputs));
  for (const [name, value] of Object.entries(outputs)) g.output(name, value);
  const session = await openSession(g.graph(), { provider, threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

/** Rows for those of the outputs that the golden file has. */
function compare(run: string, outputs: Tensors, golden: ReadonlyMap<string, Tensor>, tolerance: number): GoldenRow[] {
  return Object.entries(outputs).flatMap(([name, actual]) => {
    const expected = golden.get(name);
    return expected ? [row(`${run}/${name}`, maxError(actual, expected), tolerance)] : [];
  });
}

interface Case {
  readonly config: Record<string, Record<string, unknown>>;
  readonly configFile: string;
  readonly runs: readonly { readonly name: string; readonly golden: Map<string, Tensor> }[];
}

async function readCase({ folder }: GoldenContext, runNames: readonly string[]): Promise<Case> {
  const configFile = path.join(folder, 'config.json');
  const config = JSON.parse(await readFile(configFile, 'utf8')) as Case['config'];
  const runs = await Promise.all(runNames.map(async (name) => {
    return { name, golden: await readSafetensors(path.join(folder, `${name}.safetensors`)) };
  }));
  return { config, configFile, runs };
}

/** The tensors of a file whose names begin with `prefix`, under the rest of their names. */
async function tensorsOf({ folder }: GoldenContext, file: string, prefix = ''): Promise<Map<string, TensorReference>> {
  const { tensors } = await readSafetensorsHeader(path.join(folder, file));
  const wanted = [...tensors].filter(([name]) => name.startsWith(prefix));
  return new Map(wanted.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

/** The golden tensors of these names, integer timesteps as the float32 that our UNet takes. */
function feedsOf(golden: ReadonlyMap<string, Tensor>, names: readonly string[]): Tensors {
  return Object.fromEntries(names.flatMap((name) => {
    const tensor = golden.get(name);
    if (!tensor) return [];
    return [[name, name === 'timestep' ? toFloat32(tensor) : tensor]];
  }));
}

function unetOutputs(provider: GoldenProvider, weights: WeightTable, config: UnetConfig, feeds: Tensors) {
  return runNetwork({
    provider, weights, feeds,
    describe: (scope, inputs) => ({
      out_sample: unet(scope, config, {
        sample: inputs['sample']!,
        timestep: inputs['timestep']!,
        encoderHiddenStates: inputs['encoder_hidden_states']!,
        ...(config.textTime ? { textEmbeds: inputs['text_embeds']!, timeIds: inputs['time_ids']! } : {}),
      }),
    }),
  });
}

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

function encoderOutputs(provider: GoldenProvider, weights: WeightTable, config: VaeConfig, image: Tensor) {
  return runNetwork({
    provider, weights, feeds: { image },
    describe: (scope, inputs) => {
      const { g } = scope;
      const moments = vaeEncoder(scope, config, inputs['image']!);
      const [mean, logVariance] = g.split(moments, 1, [config.latentChannels, config.latentChannels]);
      const logvar = g.clip(logVariance!, -30, 20);
      return { moments, mean: mean!, logvar, std: g.exp(g.mul(logvar, g.scalar(0.5))) };
    },
  });
}

function decoderOutputs(provider: GoldenProvider, weights: WeightTable, config: VaeConfig, latent: Tensor) {
  return runNetwork({
    provider, weights, feeds: { latent },
    describe: (scope, inputs) => ({ decoded: vaeDecoder(scope, config, inputs['latent']!) }),
  });
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
        const tensors = await tensorsOf(context, file, prefix);
        const weights = tensors.has('text_projection.weight') ? tensors : textEncoderWeights(tensors);
        const ids = golden.get('input_ids')!;
        const outputs = await textOutputs(context.provider, weights, textConfig, ids, Number(config['eot']));
        rows.push(...compare(file, outputs, golden, textTolerance));
      }
      return rows;
    },
  };
}

/** The whole single file: text encoder, then the UNet on our own text states, and the VAE. */
const checkpointCase: GoldenCase = {
  folder: 'ckpt-sd15',
  async run(context) {
    const { provider } = context;
    const { config, configFile, runs } = await readCase(context, ['io']);
    const checkpoint = await openCheckpoint(path.join(context.folder, 'model.safetensors'), {
      configs: {
        unet: parseUnetConfig(config['unet'], configFile),
        vae: parseVaeConfig(config['vae'], configFile),
        textEncoder: parseTextEncoderConfig(config['text_encoder'], configFile),
      },
    });
    const { golden } = runs[0]!;
    const { text_last_hidden_state } = await runNetwork({
      provider, weights: checkpoint.textEncoders[0]!.weights, feeds: feedsOf(golden, ['input_ids']),
      describe: (scope, inputs) => {
        const encoding = clipTextEncoder(scope, checkpoint.textEncoders[0]!.config, inputs['input_ids']!);
        return { text_last_hidden_state: encoding.lastHiddenState };
      },
    });
    const unetFeeds = { ...feedsOf(golden, ['sample', 'timestep']), encoder_hidden_states: text_last_hidden_state! };
    const denoised = await unetOutputs(provider, checkpoint.unet, checkpoint.unetConfig, unetFeeds);
    const { vae, vaeConfig } = checkpoint;
    const { mean, logvar } = await encoderOutputs(provider, vae, vaeConfig, golden.get('vae_image')!);
    const { decoded } = await decoderOutputs(provider, vae, vaeConfig, golden.get('vae_latent')!);
    const pictures = { ...denoised, vae_mean: mean!, vae_logvar: logvar!, vae_decoded: decoded! };
    return [
      ...compare('io', { text_last_hidden_state: text_last_hidden_state! }, golden, textTolerance),
      ...compare('io', pictures, golden, pictureTolerance),
    ];
  },
};

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
  checkpointCase,
];

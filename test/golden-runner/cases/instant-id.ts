// InstantID's networks against diffusers and InstantID's own code: ControlNet, Resampler, the UNet with image attention
// out of both kinds of files, and one whole call of the denoiser with all that lies between.

import path from 'node:path';

import { attentionPaths, imageAttentionWeights } from '../../../src-main/checkpoint/image-attention-names.ts';
import { openImageAdapter } from '../../../src-main/checkpoint/instant-id-files.ts';
import type { Value } from '../../../src-main/compiler/1-build/graph.ts';
import type { NetworkScope } from '../../../src-main/models/network-scope.ts';
import { resampler } from '../../../src-main/models/resampler.ts';
import { unet } from '../../../src-main/models/unet.ts';
import type { Tensor } from '../../../src-main/tensor/tensor.ts';
import { exactRow, type GoldenCase, type GoldenRow } from '../case.ts';
import {
  controlNetOf, residualsOf, resamplerConfigOf, runNetworks, strengthOf, tensorsIn, unetOf, weightsFile,
} from '../instant-id-runs.ts';
import {
  type Case, compare, feedsOf, pictureTolerance, readCase, runNetwork, textTolerance, type Values,
} from '../network-runs.ts';

const providers = ['cpu', 'webgpu'] as const;

const controlNetCase: GoldenCase = {
  folder: 'controlnet-sdxl', providers,
  async run(context) {
    const { config, configFile, runs } = await readCase(context, ['io', 'io_2']);
    const base = await unetOf(context, config, configFile);
    const control = await controlNetOf(context, config, configFile);
    const names = ['sample', 'timestep', 'encoder_hidden_states', 'text_embeds', 'time_ids', 'controlnet_cond'];
    const rows: GoldenRow[] = [];
    for (const { name, golden } of runs) {
      const outputs = await runNetworks({
        provider: context.provider,
        feeds: { ...feedsOf(golden, names), strength: strengthOf(config, 'conditioning_scale') },
        describe: (scopeOf, inputs) => {
          const own = trunkInputs(inputs, inputs['encoder_hidden_states']!);
          const { named, residuals } = residualsOf(scopeOf(control.weights), control.config, {
            ...own, conditioning: inputs['controlnet_cond']!, strength: inputs['strength']!,
          });
          const scope = scopeOf(base.weights);
          return {
            ...named, out_sample: unet(scope, base.config, { ...own, controlResiduals: residuals }),
            out_sample_without_controlnet: unet(scope, base.config, own),
          };
        },
      });
      rows.push(...compare(name, outputs, golden, pictureTolerance));
    }
    return rows;
  },
};

function trunkInputs(inputs: Values, encoderHiddenStates: Value, sample = inputs['sample']!) {
  return {
    sample, timestep: inputs['timestep']!, encoderHiddenStates,
    textEmbeds: inputs['text_embeds']!, timeIds: inputs['time_ids']!,
  };
}

const resamplerCase: GoldenCase = {
  folder: 'instantid-resampler', providers,
  async run(context) {
    const { config, configFile, runs } = await readCase(context, ['io']);
    const weights = await tensorsIn(weightsFile(context, config, 'resampler.safetensors'));
    const { golden } = runs[0]!;
    const outputs = await runNetwork({
      provider: context.provider, weights, feeds: feedsOf(golden, ['face_embedding']),
      describe: (scope, inputs) => ({
        image_tokens: resampler(scope, resamplerConfigOf(config, configFile), inputs['face_embedding']!),
      }),
    });
    return compare('io', outputs, golden, textTolerance);
  },
};

const imageAttentionCase: GoldenCase = {
  folder: 'instantid-unet-ip', providers,
  async run(context) {
    const { config, configFile, runs } = await readCase(context, ['io', 'io_2']);
    const base = await unetOf(context, config, configFile);
    const rows = [processorOrder(config, base.config)];
    for (const file of ['ip-adapter.bin', 'ip-adapter.safetensors']) {
      const adapter = await openImageAdapter(path.join(context.folder, file), resamplerConfigOf(config, configFile));
      const imageAttention = imageAttentionWeights(adapter.imageAttention, base.config);
      for (const { name, golden } of runs) {
        const names = ['sample', 'timestep', 'text_tokens', 'image_tokens', 'text_embeds', 'time_ids'];
        const outputs = await runNetworks({
          provider: context.provider,
          feeds: { ...feedsOf(golden, names), strength: strengthOf(config, 'scale') },
          describe: (scopeOf, inputs) => {
            const [unetScope, scope] = [scopeOf(base.weights), scopeOf(imageAttention)];
            const at = (strength: Value): Value => unet(unetScope, base.config, {
              ...trunkInputs(inputs, inputs['text_tokens']!),
              imagePrompt: { scope, tokens: inputs['image_tokens']!, strength },
            });
            return { out_sample: at(inputs['strength']!), out_sample_scale_0: at(unetScope.g.scalar(0)) };
          },
        });
        rows.push(...compare(`${file}/${name}`, outputs, golden, pictureTolerance));
      }
    }
    return rows;
  },
};

function processorOrder(config: Case['config'], unetConfig: Parameters<typeof attentionPaths>[0]): GoldenRow {
  const order = (config['processor_order'] ?? []) as unknown as readonly { index: number; attention: string }[];
  const paths = attentionPaths(unetConfig);
  const isSame = order.length === paths.length && order.every(({ index, attention }) => paths[index] === attention);
  return exactRow('processor_order', isSame, `${order.length} attentions`);
}

const stepCase: GoldenCase = {
  folder: 'instantid-step', providers,
  async run(context) {
    const { config, configFile, runs } = await readCase(context, ['io']);
    const base = await unetOf(context, config, configFile);
    const control = await controlNetOf(context, config, configFile);
    const resamplerConfig = resamplerConfigOf(config, configFile);
    const adapter = await openImageAdapter(weightsFile(context, config, 'ip-adapter.bin'), resamplerConfig);
    const imageAttention = imageAttentionWeights(adapter.imageAttention, base.config);
    const { golden } = runs[0]!;
    const names = ['face_embedding', 'latents', 'text_tokens', 'text_embeds', 'time_ids', 'kps_image'];
    const batch = golden.get('latents')!.shape[0]!;
    const outputs = await runNetworks({
      provider: context.provider,
      feeds: {
        ...feedsOf(golden, names), timestep: repeated(feedsOf(golden, ['timestep'])['timestep']!, batch),
        guidance_scale: strengthOf(config, 'guidance_scale'), image_strength: strengthOf(config, 'ip_adapter_scale'),
        strength: strengthOf(config, 'controlnet_conditioning_scale'),
      },
      describe: (scopeOf, inputs) => {
        const tokens = resampler(scopeOf(adapter.resampler.weights), resamplerConfig, inputs['face_embedding']!);
        const own = (states: Value) => trunkInputs(inputs, states, inputs['latents']!);
        const { named, residuals } = residualsOf(scopeOf(control.weights), control.config, {
          ...own(tokens), conditioning: inputs['kps_image']!, strength: inputs['strength']!,
        });
        const pair = unet(scopeOf(base.weights), base.config, {
          ...own(inputs['text_tokens']!), controlResiduals: residuals,
          imagePrompt: { scope: scopeOf(imageAttention), tokens, strength: inputs['image_strength']! },
        });
        return {
          ...named, image_tokens: tokens, noise_pred_pair: pair,
          encoder_hidden_states: scopeOf(base.weights).g.concat([inputs['text_tokens']!, tokens], 1),
          noise_pred_guided: guided(scopeOf(base.weights), pair, inputs['guidance_scale']!),
        };
      },
    });
    const { image_tokens: tokens, ...others } = outputs;
    return [
      ...compare('io', { image_tokens: tokens! }, golden, textTolerance),
      ...compare('io', others, golden, pictureTolerance),
    ];
  },
};

/** One timestep for every row. */
function repeated(tensor: Tensor, batch: number): Tensor {
  const { data } = tensor;
  if (data.length === batch) return tensor;
  return { dtype: 'float32', shape: [batch], data: new Float32Array(batch).fill(Number(data[0])) };
}

/** The first half of the batch is unconditional, the second conditional. */
function guided({ g }: NetworkScope, pair: Value, guidanceScale: Value): Value {
  const half = pair.shape[0]! / 2;
  const [unconditional, conditional] = g.split(pair, 0, [half, half]);
  return g.add(unconditional!, g.mul(guidanceScale, g.sub(conditional!, unconditional!)));
}

export const cases: readonly GoldenCase[] = [controlNetCase, resamplerCase, imageAttentionCase, stepCase];

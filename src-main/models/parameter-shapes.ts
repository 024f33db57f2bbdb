// What parameters a network has: its description is run once with a scope that only writes down what it is asked for.
// Training from scratch takes its flat parameter vector's layout from here, and writers of checkpoints their contents.

import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type {
  ControlNetConfig, TextEncoderConfig, UnetConfig, UnetTrunkConfig, VaeConfig,
} from '../checkpoint/configs.ts';
import type { ResamplerConfig } from '../checkpoint/resampler-config.ts';
import type { Shape } from '../tensor/tensor.ts';
import { controlNet } from './controlnet.ts';
import { faceEncoder, type FaceEncoderConfig } from './face-encoder.ts';
import type { NetworkScope } from './network-scope.ts';
import { resampler } from './resampler.ts';
import { clipTextEncoder, textProjection } from './text-encoder.ts';
import { textTimeInputs, unet } from './unet.ts';
import type { TrunkInputs } from './unet-trunk.ts';
import { vaeDecoder, vaeEncoder } from './vae.ts';

/** Shapes by diffusers (Transformers) name, in the order in which the network uses them. */
export type ParameterShapes = ReadonlyMap<string, Shape>;

export function unetParameters(config: UnetConfig): ParameterShapes {
  return recordParameters('unet', (scope) => {
    unet(scope, config, trunkInputs(scope.g, config, smallestEdge(config)));
  });
}

/** to_k_ip and to_v_ip of every cross-attention of a UNet. */
export function imageAttentionParameters(config: UnetConfig): ParameterShapes {
  return recordParameters('image_attention', (scope) => {
    const { g } = scope;
    const frozen: NetworkScope = { g, parameter: (name, shape) => g.input(`unet.${name}`, 'float32', shape) };
    const imagePrompt = {
      scope, tokens: g.input('image_tokens', 'float32', [1, 1, config.crossAttentionDim]), strength: g.scalar(1),
    };
    unet(frozen, config, { ...trunkInputs(g, config, smallestEdge(config)), imagePrompt });
  });
}

export function controlNetParameters(config: ControlNetConfig): ParameterShapes {
  return recordParameters('control_net', (scope) => {
    const { g } = scope;
    const edge = smallestEdge(config);
    const edgePx = edge * 2 ** (config.conditioningEmbeddingOutChannels.length - 1);
    controlNet(scope, config, {
      ...trunkInputs(g, config, edge), strength: g.scalar(1),
      conditioning: g.input('conditioning', 'float32', [1, 3, edgePx, edgePx]),
    });
  });
}

export function resamplerParameters(config: ResamplerConfig): ParameterShapes {
  return recordParameters('resampler', (scope) => {
    resampler(scope, config, scope.g.input('face_embedding', 'float32', [1, 1, config.embeddingDim]));
  });
}

export function faceEncoderParameters(config: FaceEncoderConfig): ParameterShapes {
  return recordParameters('face_encoder', (scope) => {
    faceEncoder(scope, config, scope.g.input('head', 'float32', [1, 3, config.edgePx, config.edgePx]));
  });
}

/** Latents that can be halved as often as the network does. */
function smallestEdge(config: UnetTrunkConfig): number {
  return 2 ** (config.blockOutChannels.length - 1);
}

function trunkInputs(g: GraphBuilder, config: UnetTrunkConfig, edge: number): TrunkInputs {
  return {
    sample: g.input('sample', 'float32', [1, config.inChannels, edge, edge]),
    timestep: g.input('timestep', 'float32', [1]),
    encoderHiddenStates: g.input('encoder_hidden_states', 'float32', [1, 1, config.crossAttentionDim]),
    ...textTimeInputs(g, config, 1),
  };
}

/** Encoder and decoder together, quant_conv and post_quant_conv included. */
export function vaeParameters(config: VaeConfig): ParameterShapes {
  return recordParameters('vae', (scope) => {
    const sizePx = 2 ** (config.blockOutChannels.length - 1);
    vaeEncoder(scope, config, scope.g.input('image', 'float32', [1, 3, sizePx, sizePx]));
    vaeDecoder(scope, config, scope.g.input('latent', 'float32', [1, config.latentChannels, 1, 1]));
  });
}

/** `withProjection` is SDXL's second encoder (CLIPTextModelWithProjection). */
export function textEncoderParameters(
  config: TextEncoderConfig, options: { readonly withProjection?: boolean } = {},
): ParameterShapes {
  return recordParameters('text_encoder', (scope) => {
    const { g } = scope;
    clipTextEncoder(scope, config, g.input('input_ids', 'int64', [1, 1]));
    if (options.withProjection) {
      textProjection(scope, config, g.input('pooled', 'float32', [1, config.hiddenSize]));
    }
  });
}

/** What `describe` asks a scope for. Throws where it asks for a parameter twice. */
export function recordParameters(name: string, describe: (scope: NetworkScope) => void): ParameterShapes {
  const g = new GraphBuilder(name);
  const shapes = new Map<string, Shape>();
  describe({
    g,
    parameter: (parameterName, shape) => {
      if (shapes.has(parameterName)) throw new Error(`The ${name} asks for its parameter ${parameterName} twice.`);
      shapes.set(parameterName, shape);
      return g.input(parameterName, 'float32', shape);
    },
  });
  return shapes;
}

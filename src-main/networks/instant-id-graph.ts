// InstantID inside a UNet's graph: IdentityNet reads the face's tokens in place of text and the key points' picture,
// and the same tokens stand beside the text in each cross-attention. Strengths are inputs.

import type { InstantId } from './instant-id.ts';
import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Graph } from '../compiler/1-build/graph.ts';
import { controlNet } from '../models/controlnet.ts';
import { frozenScope, requiredWeight } from '../models/frozen-scope.ts';
import type { NetworkScope } from '../models/network-scope.ts';
import { resampler } from '../models/resampler.ts';
import type { UnetInputs } from '../models/unet.ts';
import { float32Tensor, type Shape, type Tensor } from '../tensor/tensor.ts';

/** A face as the UNet is told of it. */
export interface FaceInput {
  /** float32 [B, K, D], of encodeFaces(); the row of a prompt's absence is that of an embedding of zeros. */
  readonly imageTokens: Tensor;
  /** How much cross-attention heeds the tokens: 0 not at all, InstantID's own default is 0.8. */
  readonly imageStrength: number;
  /** Left out: no IdentityNet. */
  readonly identityNet?: IdentityNetInput;
}

export interface IdentityNetInput {
  /** The key points' picture (drawKeyPoints): float32 [1, 3, H, W] in 0…1, of the portrait's size in pixels. */
  readonly keyPoints: Tensor;
  /** Factor on what IdentityNet adds to the UNet; InstantID's own default is 0.8. */
  readonly strength: number;
}

/** What of a face is built into a graph. */
export interface FaceForm {
  readonly imageTokens: Shape;
  readonly keyPoints?: Shape;
}

export function faceFormOf({ imageTokens, identityNet }: FaceInput): FaceForm {
  return { imageTokens: imageTokens.shape, ...(identityNet ? { keyPoints: identityNet.keyPoints.shape } : {}) };
}

/** What a graph with this face is fed beside the UNet's own inputs. */
export function faceFeeds({ imageTokens, imageStrength, identityNet }: FaceInput): Record<string, Tensor> {
  return {
    image_tokens: imageTokens, image_strength: float32Tensor([1], [imageStrength]),
    ...(identityNet ? {
      key_points: identityNet.keyPoints, identity_net_strength: float32Tensor([1], [identityNet.strength]),
    } : {}),
  };
}

/** Adds the inputs of faceFeeds() and IdentityNet; `inputs` are the UNet's own. Returns the UNet's inputs with both. */
export function withFace(g: GraphBuilder, instantId: InstantId, inputs: UnetInputs, form: FaceForm): UnetInputs {
  const tokens = g.input('image_tokens', 'float32', form.imageTokens);
  const strength = g.input('image_strength', 'float32', [1]);
  const imagePrompt = { scope: frozenScope(g, instantId.imageAttention), tokens, strength };
  if (!form.keyPoints) return { ...inputs, imagePrompt };
  const { config, weights } = instantId.identityNet;
  const conditioning = g.input('key_points', 'float32', form.keyPoints);
  const identityNetStrength = g.input('identity_net_strength', 'float32', [1]);
  const scope: NetworkScope = {
    g, parameter: (name, shape) => g.weight(`identity_net.${name}`, requiredWeight(weights, name, shape)),
  };
  const controlResiduals = g.scope('identity_net', () => controlNet(scope, config, {
    ...inputs, encoderHiddenStates: tokens, conditioning, strength: identityNetStrength,
  }));
  return { ...inputs, imagePrompt, controlResiduals };
}

/** face_embedding [B, M, E] → image_tokens [B, K, D]. */
export function resamplerGraph({ resampler: { config, weights } }: InstantId, faceEmbedding: Shape): Graph {
  const g = new GraphBuilder('resampler');
  const input = g.input('face_embedding', 'float32', faceEmbedding);
  g.output('image_tokens', resampler(frozenScope(g, weights), config, input));
  return g.graph();
}

// What each architecture tells its UNet of a prompt, out of its one or two text encoders:
//   SD 1, SD 2  the last hidden state under the final norm (of SD 2's 24 layers the last is not there to begin with)
//   SDXL        the states before the last layer of both encoders, without the final norm, side by side, and the pooled
//               and projected text of the second (Podell et al. 2023, section 2.1)

import { type TextEncoderConfig, clipEndOfTextId } from '../checkpoint/configs.ts';
import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import type { NetworkScope } from '../models/network-scope.ts';
import { clipTextEncoder, type TextEncoding, textProjection } from '../models/text-encoder.ts';

export interface TextConditioningOptions {
  /** Layers left out at the end of each encoder ("clip skip" minus one); SDXL leaves them out beside its own last. */
  readonly skipLayers?: number;
  /** New tokens' rows [n, D], one entry an encoder; see clipTextEncoder. */
  readonly newRows?: readonly (Value | undefined)[];
}

export interface TextConditioning {
  /** [B, N, crossAttentionDim]: what cross-attention reads. */
  readonly context: Value;
  /** [B, P]: SDXL only. */
  readonly pooled?: Value;
}

/** The id at which a text encoder pools, whatever ids were learned after it. */
export function endOfTextIdOf({ vocabSize, endOfTextId }: TextEncoderConfig): number {
  return endOfTextId ?? Math.min(vocabSize - 1, clipEndOfTextId);
}

/**
 * Encodes prompts with the encoders of a checkpoint. `scopes` and `inputIds` (int64 [B, N]) have one entry an encoder;
 * the ids differ in their padding.
 */
export function textConditioning(
  scopes: readonly NetworkScope[], checkpoint: Pick<Checkpoint, 'architecture' | 'textEncoders'>,
  inputIds: readonly Value[], options: TextConditioningOptions = {},
): TextConditioning {
  const { architecture, textEncoders } = checkpoint;
  const encode = (index: number, skipLayers: number): TextEncoding => (
    clipTextEncoder(scopes[index]!, textEncoders[index]!.config, inputIds[index]!, {
      skipLayers, newRows: options.newRows?.[index],
    }));
  const skipLayers = options.skipLayers ?? 0;
  if (architecture !== 'sdxl') return { context: encode(0, skipLayers).lastHiddenState };
  // the pooled text is that of the whole encoder, however many layers the states leave out
  const encodings = textEncoders.map((_, index) => encode(index, 0));
  const states = encodings.map(({ hiddenState }) => hiddenState(-2 - skipLayers));
  const second = textEncoders.length - 1;
  const { config } = textEncoders[second]!;
  const pooled = textProjection(scopes[second]!, config, encodings[second]!.pooled(endOfTextIdOf(config)));
  return { context: scopes[0]!.g.concat(states, 2), pooled };
}

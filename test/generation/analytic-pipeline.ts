// A pipeline whose answers are known in closed form, so that tests can say what sampling, guidance and decoding must
// give. Its "data" is one picture: pixels all of one grey that the prompt's first token and the adapter decide.
// It is exact, not a stand-in for networks: those are tested where they are loaded.

import type { PipelinePort, PredictInput, PromptPort } from '../../src-main/generation/pipeline-port.ts';
import { alphasCumprodFromBetas, scaledLinearBetas } from '../../src-main/diffusion/noise-schedule.ts';
import { elementCount, float32Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';
import type { PromptIds } from '../../src-main/text/prompt-encoder.ts';

/** One token a letter, 'a' is 1; long prompts are cut as CLIP's are. */
export const letterPrompts: PromptPort = {
  encodeWeighted: (text) => ({ ids: letterIds(text) }),
  droppedTokens: (text) => Math.max(0, lettersOf(text).length - 75),
};

export function letterIds(text: string): PromptIds {
  const ids = lettersOf(text).slice(0, 75);
  return [[...ids, ...new Array<number>(77 - ids.length).fill(0)]];
}

function lettersOf(text: string): number[] {
  return [...text.replaceAll(' ', '')].map((letter) => letter.charCodeAt(0) - 96);
}

export interface AnalyticPipeline extends PipelinePort {
  readonly calls: PredictInput[];
  readonly encodedPrompts: PromptIds[];
}

const latentScale = 0.5;

/** Latent value that a context row stands for: first token / 10, and the adapter adds its strength x unet[0]. */
export function analyticPipeline(
  predictionType: 'epsilon' | 'v_prediction' = 'epsilon', alphasCumprod = alphasCumprodFromBetas(scaledLinearBetas()),
): AnalyticPipeline {
  const calls: PredictInput[] = [];
  const encodedPrompts: PromptIds[] = [];
  return {
    calls,
    encodedPrompts,
    config: {
      architecture: 'sd15', textWidths: [1], latentChannels: 4, latentScale, vaeFactor: 2, resolutionPx: 16,
      predictionType, alphasCumprod,
    },
    async encodeText(prompts) {
      encodedPrompts.push(...prompts);
      return { context: float32Tensor([prompts.length, 77, 1], prompts.flatMap(([ids]) => [...ids!])) };
    },
    async predict(input) {
      calls.push(input);
      const { latents, timestep, text: { context }, adapter } = input;
      const acp = alphasCumprod[Math.round(timestep)]!;
      const rowSize = elementCount(latents.shape) / latents.shape[0]!;
      const added = adapter ? adapter.strength * adapter.unet[0]! : 0;
      return float32Tensor(latents.shape, (latents.data as Float32Array).map((x, k) => {
        const row = Math.floor(k / rowSize);
        const x0 = (context.data as Float32Array)[row * 77]! / 10 + added;
        const epsilon = (x - Math.sqrt(acp) * x0) / Math.sqrt(1 - acp);
        return predictionType === 'epsilon' ? epsilon : Math.sqrt(acp) * epsilon - Math.sqrt(1 - acp) * x0;
      }));
    },
    // the embedding's first number is its only token
    encodeFaces: async ({ shape: [count, , width], data }) => (
      float32Tensor([count!, 1, 1], Array.from({ length: count! }, (_, i) => Number(data[i * width!])))),
    encode: encodeGrey,
    decode: decodeGrey,
  };
}

async function encodeGrey(pixels: Tensor): Promise<{ mean: Tensor; logVariance: Tensor }> {
  // the mean of each 2 x 2 block of the first plane, in all four channels
  const [batch, , height, width] = pixels.shape as [number, number, number, number];
  const shape = [batch, 4, height / 2, width / 2];
  const mean = float32Tensor(shape, new Float32Array(elementCount(shape)).map((_, k) => {
    const cell = k % (shape[2]! * shape[3]!);
    const from = 2 * Math.floor(cell / shape[3]!) * width + 2 * (cell % shape[3]!);
    const sum = [0, 1, width, width + 1].reduce((total, by) => total + Number(pixels.data[from + by]), 0);
    return sum / 4 / latentScale;
  }));
  return { mean, logVariance: float32Tensor(shape, new Float32Array(elementCount(shape)).fill(-30)) };
}

async function decodeGrey(latents: Tensor): Promise<Tensor> {
  const [batch, , height, width] = latents.shape as [number, number, number, number];
  const value = (latents.data as Float32Array)[0]! * latentScale;
  const shape = [batch, 3, height * 2, width * 2];
  return float32Tensor(shape, new Float32Array(elementCount(shape)).fill(value));
}

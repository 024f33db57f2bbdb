// Perturbed-attention guidance: what is asked of the network, what comes of it, and that one call of all sides is as
// good as one for each.

import { afterAll, expect, test } from 'vitest';

import { type Guidance, guidedPrediction } from '../../src-main/generation/guided-prediction.ts';
import { drawPortraits } from '../../src-main/generation/text-to-portrait.ts';
import { openPipeline } from '../../src-main/networks/pipeline.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';
import { tinySdxlCheckpoint } from '../networks/tiny-checkpoint.ts';
import { analyticPipeline, letterPrompts } from './analytic-pipeline.ts';

const pipeline = openPipeline(tinySdxlCheckpoint(), { provider: 'cpu', threads: 1 });
afterAll(() => pipeline.release());

const latents = randomTensor([1, 4, 8, 8], 9);
const states = (seed: number) => ({ context: randomTensor([1, 7, 20], seed), pooled: randomTensor([1, 6], seed + 1) });
const [conditional, unconditional] = [states(10), states(20)];

const run = (guidance: Pick<Guidance, 'guidanceScale' | 'attentionGuidanceScale' | 'inOneBatch'>) => guidedPrediction(
  pipeline, { conditional, unconditional, ...guidance }, latents.shape)(latents.data as Float32Array, 300);

async function side(text: typeof conditional, share?: number): Promise<Float32Array> {
  const told = share === undefined ? {} : {
    selfAttentionShare: { dtype: 'float32', shape: [1, 1, 1], data: Float32Array.of(share) } as const,
  };
  return (await pipeline.predict({ latents, timestep: 300, text, ...told })).data as Float32Array;
}

test.each([true, false])('away from what is said without self-attention; in one batch: %s', async (inOneBatch) => {
  const [asked, without, perturbed] = [await side(conditional), await side(unconditional), await side(conditional, 0)];
  expect(relativeError(perturbed, asked)).toBeGreaterThan(1e-4);
  const both = Float64Array.from(asked, (value, i) => (
    without[i]! + 4 * (value - without[i]!) + 2.5 * (value - perturbed[i]!)));
  const guided = await run({ guidanceScale: 4, attentionGuidanceScale: 2.5, inOneBatch });
  expect(relativeError(guided, both)).toBeLessThan(1e-5);
  const alone = Float64Array.from(asked, (value, i) => value + 2.5 * (value - perturbed[i]!));
  expect(relativeError(await run({ guidanceScale: 1, attentionGuidanceScale: 2.5, inOneBatch }), alone))
    .toBeLessThan(1e-5);
});

test('a share of one is the network as it is, and none is none', async () => {
  const asked = await side(conditional);
  expect(relativeError(await side(conditional, 1), asked)).toBeLessThan(1e-5);
  expect(await run({ guidanceScale: 1, attentionGuidanceScale: 0 })).toEqual(asked);
});

test.each([
  { guidanceScale: 1, attentionGuidanceScale: 0, shares: [undefined] },
  { guidanceScale: 3, attentionGuidanceScale: 0, shares: [undefined, undefined] },
  { guidanceScale: 1, attentionGuidanceScale: 2, shares: [1, 0] },
  { guidanceScale: 3, attentionGuidanceScale: 2, shares: [1, 1, 0] },
])('guidance $guidanceScale and $attentionGuidanceScale ask what they need', async ({ shares, ...guidance }) => {
  const analytic = analyticPipeline();
  await drawPortraits(analytic, letterPrompts, {
    prompt: 'b', negativePrompt: 'a', seeds: [1], widthPx: 16, heightPx: 16, samplingSteps: 1, sampler: 'euler',
    ...guidance,
  });
  expect(analytic.calls.map(({ selfAttentionShare }) => selfAttentionShare?.data[0])).toEqual(shares);
});

// Loss weights by what they promise; the numbers of sd-scripts are compared in the golden case loss-weights.

import { expect, test } from 'vitest';

import { addNoise, signalToNoiseRatios, velocity } from '../../src-main/diffusion/forward-noise.ts';
import {
  alphasCumprodFromBetas, noiseSchedule, scaledLinearBetas, zeroTerminalSnrBetas,
} from '../../src-main/diffusion/noise-schedule.ts';
import { normalNumbers } from '../../src-main/diffusion/seeded-noise.ts';
import {
  lossWeights, minSnrWeights, robustLoss, robustThresholds, withNoiseOffset,
} from '../../src-main/training/loss-weights.ts';

const schedule = noiseSchedule(alphasCumprodFromBetas(scaledLinearBetas()));
const zeroTerminal = noiseSchedule(alphasCumprodFromBetas(zeroTerminalSnrBetas(scaledLinearBetas())));

test('where nothing is chosen every timestep weighs 1', () => {
  expect(lossWeights(schedule, { predictionType: 'epsilon' })).toEqual(new Float64Array(1000).fill(1));
  expect(lossWeights(schedule, { predictionType: 'epsilon', minSnrGamma: 0, vLossShare: 0 }))
    .toEqual(new Float64Array(1000).fill(1));
});

// Hang et al. 2023, section 3.4: with clear latents as the common measure, both losses weigh min(snr, gamma)
test('min-SNR weighs the error of the denoised latent alike, whether epsilon or v is predicted', () => {
  const snr = signalToNoiseRatios(schedule);
  const [epsilon, v] = [minSnrWeights(schedule, 5, 'epsilon'), minSnrWeights(schedule, 5, 'v_prediction')];
  for (const timestep of [3, 250, 600, 990]) {
    // |error of epsilon|^2 = snr |error of x0|^2, |error of v|^2 = (snr + 1) |error of x0|^2
    const expected = Math.min(5, snr[timestep]!);
    expect(epsilon[timestep]! * snr[timestep]!).toBeCloseTo(expected, 9);
    expect(v[timestep]! * (snr[timestep]! + 1)).toBeCloseTo(expected, 9);
  }
});

test('a timestep of noise alone has a weight that is a number', () => {
  for (const predictionType of ['epsilon', 'v_prediction'] as const) {
    const weights = lossWeights(zeroTerminal, { predictionType, minSnrGamma: 5 });
    expect(weights.every(Number.isFinite)).toBe(true);
    expect(weights[999]).toBe(predictionType === 'epsilon' ? 1 : 0);
  }
  // the target of v is then the latent itself, turned around
  const x0 = new Float32Array([0.5, -2]);
  const noise = new Float32Array([1, 1]);
  expect([...velocity(zeroTerminal, x0, noise, 999)]).toEqual([-0.5, 2]);
  expect([...addNoise(zeroTerminal, x0, noise, 999)]).toEqual([1, 1]);
});

test('choices multiply', () => {
  const [both, minSnr, debiased] = [{ minSnrGamma: 5, debiased: true }, { minSnrGamma: 5 }, { debiased: true }]
    .map((chosen) => lossWeights(schedule, { predictionType: 'v_prediction', ...chosen }));
  expect(both![300]).toBeCloseTo(minSnr![300]! * debiased![300]!, 12);
});

test.each(['huber', 'smooth-l1'] as const)('%s: the gradient agrees with central differences', (kind) => {
  const [prediction, target] = [normalNumbers(1, 0, 12), normalNumbers(1, 1, 12)];
  const { gradient } = robustLoss(kind, prediction, target, 0.3);
  expect(gradient.some((value) => Math.abs(value) > 0.01)).toBe(true);
  gradient.forEach((value, k) => {
    const at = (step: number): number => {
      const moved = Float64Array.from(prediction);
      moved[k] = moved[k]! + step;
      return robustLoss(kind, moved, target, 0.3).loss;
    };
    expect(value).toBeCloseTo((at(1e-5) - at(-1e-5)) / 2e-5, 8);
  });
});

test('a robust loss is a square where errors are small', () => {
  const { loss } = robustLoss('huber', [0.001, -0.002], [0, 0], 10);
  expect(loss / ((1e-6 + 4e-6) / 2)).toBeCloseTo(1, 6);
});

test('thresholds fall from 1 to the least', () => {
  for (const kind of ['exponential', 'snr'] as const) {
    const thresholds = robustThresholds(schedule, kind, 0.1);
    expect(thresholds[0]).toBeGreaterThan(0.9);
    expect(thresholds[999]).toBeLessThan(0.11);
    expect(thresholds.every((value, t) => t === 0 || value < thresholds[t - 1]!)).toBe(true);
  }
});

test('noise offset moves whole channels, and no further than asked', () => {
  const noise = normalNumbers(2, 0, 12);
  const latents = new Float32Array(12).fill(0.5).fill(-3, 6);
  const draws = new Float32Array([1, -2]);
  const plain = withNoiseOffset(noise, draws, latents, { offset: 0.1 });
  plain.forEach((value, k) => { expect(value - noise[k]!).toBeCloseTo(k < 6 ? 0.1 : -0.2, 6); });
  const adaptive = withNoiseOffset(noise, draws, latents, { offset: 0.1, adaptiveScale: -0.1 });
  // 0.1 - 0.1 * 0.5, and 0.1 - 0.1 * 3 stops at 0
  adaptive.forEach((value, k) => { expect(value - noise[k]!).toBeCloseTo(k < 6 ? 0.05 : 0, 6); });
  expect(withNoiseOffset(noise, draws, latents, { offset: 0 })).toEqual(noise);
});

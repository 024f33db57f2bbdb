// Samplers on data whose perfect denoiser is known: normal with mean mu and deviation s. The probability flow then
// ends, from x at sigma, on mu + (x - mu) s / sqrt(s^2 + sigma^2) (Karras et al. 2022, eq. 1 solved by hand).
// The runs of diffusers are compared step by step in test/golden-runner/cases/schedulers.ts.

import { expect, test } from 'vitest';

import { type SamplerName as ContractSamplerName, samplerNameSchema } from '../../src-main/contract/settings.ts';
import { denoiser, plannedTimesteps, type Denoise } from '../../src-main/diffusion/denoiser.ts';
import { karrasSigmas } from '../../src-main/diffusion/karras-sigmas.ts';
import {
  alphasCumprodFromBetas, linearBetas, noiseSchedule, scaledLinearBetas, sigmaOfTimestep, timestepOfSigma,
  zeroTerminalSnrBetas,
} from '../../src-main/diffusion/noise-schedule.ts';
import { sample, type SampleOptions, type SamplingProgress } from '../../src-main/diffusion/sample.ts';
import { type SamplerName, isSamplerName, samplerNames, samplers } from '../../src-main/diffusion/samplers.ts';
import {
  planFromStrength, planSampling, startLatents, toVariancePreserving,
} from '../../src-main/diffusion/sampling-plan.ts';
import { normalNumbers } from '../../src-main/diffusion/seeded-noise.ts';

const mu = 0.4;
const s = 0.3;
const schedule = noiseSchedule(alphasCumprodFromBetas(scaledLinearBetas()));

const gaussian: Denoise = async (x, sigma) =>
  x.map((value) => (s * s * value + sigma * sigma * mu) / (s * s + sigma * sigma));

function planOf(name: SamplerName, steps: number) {
  const { convention, karras, spacing } = samplers[name];
  return planSampling(schedule, convention, { steps, spacing, karras, stepsOffset: 1 });
}

function run(name: SamplerName, options: Partial<SampleOptions>, steps = 20) {
  const { sigmas } = planOf(name, steps);
  const x = new Float32Array([sigmas[0]! * 0.7, -sigmas[0]!]);
  return sample({
    sampler: samplers[name].run, eta: samplers[name].eta, denoise: gaussian, x, sigmas,
    noise: (drawIndex) => normalNumbers(1, 1 + drawIndex, x.length), ...options,
  });
}

/** What LCM's network is: the flow from any level to its end. */
const consistent: Denoise = async (x, sigma) => x.map((value) => mu + ((value - mu) * s) / Math.hypot(s, sigma));

/** PLMS visits its second level twice; LCM's answer is good for one level only. */
function levelsFor(name: SamplerName, sigmas: Float64Array): Float64Array {
  return name === 'pndm' ? Float64Array.from([...sigmas.subarray(0, 2), ...sigmas.subarray(1)]) : sigmas;
}

/** Error of a deterministic sampler against the exact flow, over Karras levels (so that all walk the same ones). */
async function flowError(name: SamplerName, steps: number): Promise<number> {
  const sigmas = levelsFor(name, karrasSigmas(steps + 1, 0.03, 10));
  const start = 7;
  const result = await run(name, { sigmas, x: new Float32Array([start]) });
  if (result.kind !== 'done') throw new Error('The run was cancelled.');
  const exact = mu + (start - mu) * Math.sqrt((s * s + 0.03 ** 2) / (s * s + 10 ** 2));
  return Math.abs(result.x[0]! - exact);
}

const deterministic = samplerNames.filter((name) => samplers[name].eta === 0);

test.each(deterministic)('%s ends where the exact flow ends', async (name) => {
  expect(await flowError(name, 400)).toBeLessThan(4e-3);
});

test('Euler and DDIM are first order, DPM++ 2M, Heun and PLMS second, UniPC above', async () => {
  const order = async (name: SamplerName) => Math.log2(await flowError(name, 40) / await flowError(name, 80));
  expect(await order('euler')).toBeGreaterThan(0.9);
  expect(await order('ddim')).toBeGreaterThan(0.9);
  expect(await order('euler')).toBeLessThan(1.2);
  expect(await order('dpmpp-2m')).toBeGreaterThan(1.8);
  expect(await order('heun')).toBeGreaterThan(1.8);
  expect(await order('unipc')).toBeGreaterThan(2.3);
  expect(await order('pndm')).toBeGreaterThan(1.8);
});

test('UniPC beats its own predictor, DPM++ 2M, at the same number of calls', async () => {
  for (const steps of [10, 20, 40]) {
    expect(await flowError('unipc', steps)).toBeLessThan(await flowError('dpmpp-2m', steps));
  }
});

test('DPM++ 2M SDE without noise is DPM++ 2M', async () => {
  const [sde, ode] = [await run('dpmpp-2m-sde', { eta: 0 }), await run('dpmpp-2m', {})];
  expect(sde).toEqual(ode);
});

test('PLMS extrapolates v where the network predicts v, and ends at the same place', async () => {
  const sigmas = levelsFor('pndm', karrasSigmas(101, 0.03, 10));
  const epsilon = await run('pndm', { sigmas, predictionType: 'epsilon' });
  const v = await run('pndm', { sigmas, predictionType: 'v_prediction' });
  if (epsilon.kind !== 'done' || v.kind !== 'done') throw new Error('The run was cancelled.');
  expect(v.x).not.toEqual(epsilon.x);
  v.x.forEach((value, k) => { expect(Math.abs(value - epsilon.x[k]!)).toBeLessThan(0.02); });
});

test('LCM jumps to the end from any level: where the network knows the flow, the spread is right at once', async () => {
  const count = 20_000;
  for (const steps of [1, 4]) {
    const { sigmas } = planOf('lcm', steps);
    const x = normalNumbers(5, 0, count).map((value) => value * sigmas[0]!);
    const noise = (drawIndex: number) => normalNumbers(5, 1 + drawIndex, count);
    const result = await run('lcm', { x, sigmas, noise, denoise: consistent });
    if (result.kind !== 'done') throw new Error('The run was cancelled.');
    expect(Math.abs(spreadOf(result.x).mean - mu)).toBeLessThan(0.02);
    expect(Math.abs(spreadOf(result.x).deviation / s - 1)).toBeLessThan(0.02);
  }
});

function spreadOf(x: Float32Array): { mean: number; deviation: number } {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  return { mean, deviation: Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length) };
}

const noisy = ['euler-ancestral', 'ddim', 'ddpm', 'dpmpp-2m-sde'] as const;

test.each(noisy)('%s with fresh noise ends on the data\'s spread', async (name) => {
  const count = 20_000;
  const { sigmas } = planOf('dpmpp-2m-karras', 100);
  const x = normalNumbers(5, 0, count).map((value) => value * sigmas[0]!);
  const result = await run(name, { x, sigmas, eta: 1, noise: (drawIndex) => normalNumbers(5, 1 + drawIndex, count) });
  if (result.kind !== 'done') throw new Error('The run was cancelled.');
  const { mean, deviation } = spreadOf(result.x);
  expect(Math.abs(mean - mu)).toBeLessThan(0.02);
  expect(Math.abs(deviation / s - 1)).toBeLessThan(0.05);
});

test.each(samplerNames)('%s reports every step and leaves its input alone', async (name) => {
  const { sigmas } = planOf(name, 8);
  const x = new Float32Array([sigmas[0]!, 0, 1]);
  const steps: SamplingProgress[] = [];
  const noise = (drawIndex: number) => normalNumbers(1, drawIndex, 3);
  const result = await run(name, { x, sigmas, noise, onStep: (step) => { steps.push(step); } });
  // PLMS takes its first step twice
  const stepCount = name === 'pndm' ? 9 : 8;
  expect(steps.map((step) => step.samplingStep)).toEqual(Array.from({ length: stepCount }, (_, i) => i + 1));
  expect(steps.every((step) => step.stepCount === stepCount && step.denoised.length === 3)).toBe(true);
  expect(result).toEqual({ kind: 'done', x: steps.at(-1)!.x });
  expect(x).toEqual(new Float32Array([sigmas[0]!, 0, 1]));
});

test.each(samplerNames)('%s stops between two steps, as an outcome', async (name) => {
  const abort = new AbortController();
  let calls = 0;
  const denoise: Denoise = (x, sigma) => { calls++; return gaussian(x, sigma); };
  const onStep = ({ samplingStep }: SamplingProgress) => { if (samplingStep === 3) abort.abort(); };
  expect(await run(name, { denoise, onStep, signal: abort.signal })).toEqual({ kind: 'cancelled', stepsDone: 3 });
  const callsOfThree = name.startsWith('heun') ? 6 : 3;
  expect(calls).toBe(callsOfThree);
  expect(await run(name, { denoise, signal: abort.signal })).toEqual({ kind: 'cancelled', stepsDone: 0 });
  expect(calls).toBe(callsOfThree);
});

test('an epsilon and a v network that know the same data denoise alike', async () => {
  const plan = planOf('euler', 10);
  const timestepOf = plannedTimesteps(plan, schedule);
  for (const sigma of plan.sigmas.subarray(0, 10)) {
    const cIn = 1 / Math.sqrt(1 + sigma * sigma);
    const x = new Float32Array([0.3, -2, sigma]);
    const seen: number[] = [];
    // eps and v of the perfect denoiser, from the network's own scaled input
    const epsilon = denoiser(async (input, timestep) => {
      seen.push(timestep);
      const own = input.map((value) => value / cIn);
      const clean = await gaussian(own, sigma);
      return own.map((value, k) => (value - clean[k]!) / sigma);
    }, 'epsilon', timestepOf);
    const v = denoiser(async (input) => {
      const clean = await gaussian(input.map((value) => value / cIn), sigma);
      return input.map((value, k) => (value * cIn - clean[k]!) / (sigma * cIn));
    }, 'v_prediction', timestepOf);
    const [byEpsilon, byV, exact] = [await epsilon(x, sigma), await v(x, sigma), await gaussian(x, sigma)];
    exact.forEach((value, k) => {
      expect(Math.abs(byEpsilon[k]! - value)).toBeLessThan(1e-5 * Math.max(1, sigma));
      expect(Math.abs(byV[k]! - value)).toBeLessThan(1e-5 * Math.max(1, sigma));
    });
    expect(seen).toEqual([plan.timesteps[plan.sigmas.indexOf(sigma)]]);
  }
});

test('timestep and sigma lead to each other', () => {
  for (const timestep of [0, 1, 17, 499, 998, 999]) {
    expect(timestepOfSigma(schedule, sigmaOfTimestep(schedule, timestep))).toBeCloseTo(timestep, 8);
  }
  expect(timestepOfSigma(schedule, 1e-6)).toBe(0);
  expect(timestepOfSigma(schedule, 100)).toBe(999);
});

const endsOnTimestep0: readonly SamplerName[] = ['ddim', 'pndm', 'unipc', 'unipc-karras'];

test.each(samplerNames)('%s: a plan falls from the first level to the last, for any number of steps', (name) => {
  for (const steps of [1, 2, 7, 30, 999]) {
    const plan = planOf(name, steps);
    const { sigmas, timesteps } = plan;
    expect(plan.steps).toBe(steps);
    expect(timesteps.length).toBe(name === 'pndm' && steps > 1 ? steps + 1 : steps);
    expect(sigmas.length).toBe(timesteps.length + 1);
    for (let i = 0; i < sigmas.length - 1; i++) expect(sigmas[i + 1]!).toBeLessThan(sigmas[i]! + 1e-12);
    expect(timesteps.every((timestep) => timestep >= 0 && timestep <= 999)).toBe(true);
    expect(sigmas.at(-1)).toBe(endsOnTimestep0.includes(name) ? schedule.sigmas[0] : 0);
  }
  expect(planOf(name, 1).timesteps[0]).toBe(['ddim', 'ddpm', 'pndm'].includes(name) ? 1 : 999);
  expect(() => planOf(name, 0)).toThrow('1 to 999 steps');
  expect(() => planOf(name, 2.5)).toThrow('1 to 999 steps');
});

test('starting from a picture keeps the last steps and puts their noise on it', () => {
  const plan = planFromStrength(planOf('euler', 20), 0.6);
  expect(plan.timesteps.length).toBe(12);
  const x = startLatents(plan, new Float32Array([1, -1]), new Float32Array([0.5, 0.5]));
  expect([...x]).toEqual([Math.fround(0.5 + plan.sigmas[0]!), Math.fround(0.5 - plan.sigmas[0]!)]);
  expect(toVariancePreserving(x, 0)).toEqual(x);
  expect(() => planFromStrength(planOf('euler', 20), 0.01)).toThrow('leaves none of 20 steps');
});

test.each(samplerNames)('%s at strength 1 runs its whole plan, at half strength half of it', (name) => {
  const plan = planOf(name, 10);
  expect(planFromStrength(plan, 1)).toEqual({ ...plan, initialNoiseScale: plan.sigmas[0] });
  const half = planFromStrength(plan, 0.5);
  expect(half.steps).toBe(10);
  expect(half.sigmas).toEqual(plan.sigmas.slice(5));
  expect(half.timesteps).toEqual(plan.timesteps.slice(5));
});

test('a zero-terminal-SNR schedule ends in noise alone and begins where the ordinary one begins', () => {
  const betas = zeroTerminalSnrBetas(scaledLinearBetas());
  const zero = noiseSchedule(alphasCumprodFromBetas(betas));
  expect(betas.at(-1)).toBe(1);
  expect(zero.alphasCumprod[0]).toBeCloseTo(schedule.alphasCumprod[0]!, 12);
  expect(zero.alphasCumprod[999]).toBe(0);
  // sqrt(acp) is shifted and scaled: differences stay in proportion
  const root = (table: Float64Array, t: number) => Math.sqrt(table[t]!);
  const ratio = (t: number) => (root(zero.alphasCumprod, t) - root(zero.alphasCumprod, t + 1))
    / (root(schedule.alphasCumprod, t) - root(schedule.alphasCumprod, t + 1));
  expect(ratio(700)).toBeCloseTo(ratio(100), 9);
  expect(zero.sigmas.every(Number.isFinite)).toBe(true);
});

test.each(samplerNames)('%s samples a zero-terminal-SNR schedule to its end', async (name) => {
  const zero = noiseSchedule(alphasCumprodFromBetas(zeroTerminalSnrBetas(scaledLinearBetas())));
  const { convention, karras } = samplers[name];
  const plan = planSampling(zero, convention, { steps: 30, spacing: 'trailing', karras, stepsOffset: 1 });
  const x = startLatents(plan, new Float32Array([0.7, -1]));
  const result = await run(name, { x, sigmas: plan.sigmas, predictionType: 'v_prediction' });
  if (result.kind !== 'done') throw new Error('The run was cancelled.');
  // within a few deviations of the data
  result.x.forEach((value) => { expect(Math.abs(value - mu)).toBeLessThan(4 * s); });
});

test('schedules that are no schedules are refused', () => {
  expect(() => noiseSchedule([0.9, 0.95])).toThrow('timestep 1 has 0.95');
  expect(() => noiseSchedule([0.9, 0, 0])).toThrow('timestep 1 has 0');
  expect(() => karrasSigmas(4, 0, 10)).toThrow('must be positive');
  expect(noiseSchedule(alphasCumprodFromBetas(linearBetas(1e-4, 0.02))).sigmas.length).toBe(1000);
});

test('every sampler that a user can choose is in the table', () => {
  // fails to compile when the contract has a name that the table lacks
  const chosen: readonly ContractSamplerName[] = samplerNameSchema.options;
  const names: readonly SamplerName[] = chosen;
  expect([...names].sort()).toEqual([...samplerNames].sort());
  expect(names.every(isSamplerName)).toBe(true);
  expect(isSamplerName('toString')).toBe(false);
});

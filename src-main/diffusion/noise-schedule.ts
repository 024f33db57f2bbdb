// The noise that a network was trained against: betas, their cumulative product, and the noise level of each timestep.
// Ho et al. 2020, eq. 4: alphasCumprod_t = prod (1 - beta_s); a noisy latent is sqrt(acp) x0 + sqrt(1 - acp) noise.
// Divided by sqrt(acp) it reads x0 + sigma noise with sigma = sqrt((1 - acp) / acp): the scale all samplers here use.

/** float64 tables, one entry a timestep; sigmas rise with the timestep. */
export interface NoiseSchedule {
  readonly alphasCumprod: Float64Array;
  readonly sigmas: Float64Array;
}

/** Betas evenly spaced in their square roots; the defaults are Stable Diffusion's (Rombach et al. 2022). */
export function scaledLinearBetas(betaStart = 0.00085, betaEnd = 0.012, count = 1000): Float64Array {
  return linspace(Math.sqrt(betaStart), Math.sqrt(betaEnd), count).map((root) => root * root);
}

/** Betas evenly spaced (Ho et al. 2020). */
export function linearBetas(betaStart: number, betaEnd: number, count = 1000): Float64Array {
  return linspace(betaStart, betaEnd, count);
}

/**
 * Betas whose last timestep is noise alone: sqrt(acp) is shifted to end on 0 and scaled to begin where it began
 * (Lin et al. 2024, "Common Diffusion Noise Schedules and Sample Steps are Flawed", algorithm 1).
 */
export function zeroTerminalSnrBetas(betas: Float64Array): Float64Array {
  const roots = alphasCumprodFromBetas(betas).map(Math.sqrt);
  const [first, last] = [roots[0]!, roots.at(-1)!];
  const acp = roots.map((root) => (((root - last) * first) / (first - last)) ** 2);
  return acp.map((value, t) => 1 - (t === 0 ? value : value / acp[t - 1]!));
}

export function alphasCumprodFromBetas(betas: Float64Array): Float64Array {
  let product = 1;
  return betas.map((beta) => (product *= 1 - beta));
}

// Where a zero-terminal-SNR schedule has no signal left, sigma would be infinite; diffusers takes float16's smallest
// number for acp there, which makes sigma 4096.
const leastSignal = 2 ** -24;

/**
 * The tables that samplers need; the last timestep may hold no signal at all. Refuses cumulative products that do not
 * fall from below 1 to above 0.
 */
export function noiseSchedule(alphasCumprod: ArrayLike<number>): NoiseSchedule {
  const table = Float64Array.from(alphasCumprod);
  for (let t = 0; t < table.length; t++) {
    const isFalling = t === 0 || table[t]! < table[t - 1]!;
    const isAboveZero = table[t]! > 0 || (table[t] === 0 && t > 0 && t === table.length - 1);
    if (!(isAboveZero && table[t]! < 1 && isFalling)) {
      throw new Error(`alphasCumprod must fall from below 1 to above 0, but timestep ${t} has ${table[t]}.`);
    }
  }
  const sigmas = table.map((acp) => Math.sqrt((1 - acp) / Math.max(acp, leastSignal)));
  return { alphasCumprod: table, sigmas };
}

/** Noise level at a timestep that may lie between two, linear in sigma as diffusers interpolates. */
export function sigmaOfTimestep(schedule: NoiseSchedule, timestep: number): number {
  const { sigmas } = schedule;
  const t = Math.min(Math.max(timestep, 0), sigmas.length - 1);
  const low = Math.floor(t);
  const high = Math.min(low + 1, sigmas.length - 1);
  return sigmas[low]! + (t - low) * (sigmas[high]! - sigmas[low]!);
}

/** Timestep of a noise level, linear in log sigma (k-diffusion's rule); between 0 and the last timestep. */
export function timestepOfSigma(schedule: NoiseSchedule, sigma: number): number {
  const { sigmas } = schedule;
  const last = sigmas.length - 1;
  if (sigma <= sigmas[0]!) return 0;
  if (sigma >= sigmas[last]!) return last;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sigmas[middle]! <= sigma) low = middle;
    else high = middle;
  }
  const logLow = Math.log(sigmas[low]!);
  return low + (Math.log(sigma) - logLow) / (Math.log(sigmas[high]!) - logLow);
}

/** `count` evenly spaced numbers from `start` to `end`, both included; just `start` when count is 1. */
export function linspace(start: number, end: number, count: number): Float64Array {
  const step = count > 1 ? (end - start) / (count - 1) : 0;
  const values = Float64Array.from({ length: count }, (_, i) => start + i * step);
  if (count > 1) values[count - 1] = end;
  return values;
}

// The samplers by name. To add one: its function in a file of its family, and a row here.

import { dpmpp2m } from './dpm-solver-samplers.ts';
import { ddim, euler, eulerAncestral } from './euler-samplers.ts';
import type { SamplerFunction } from './sampler.ts';
import type { PlanConvention } from './sampling-plan.ts';
import type { TimestepSpacing } from './timestep-spacing.ts';

export interface Sampler {
  readonly run: SamplerFunction;
  readonly convention: PlanConvention;
  readonly karras: boolean;
  /** diffusers' default for this sampler with Stable Diffusion's settings. */
  readonly spacing: TimestepSpacing;
  /** Of fresh noise at each step; 0 for samplers that draw none. */
  readonly eta: number;
  /** What A1111 calls it in a picture's parameters, and its schedule type there. */
  readonly title: string;
  readonly scheduleType: string;
}

export type SamplerName = 'ddim' | 'euler' | 'euler-karras' | 'euler-ancestral' | 'dpmpp-2m' | 'dpmpp-2m-karras';

export const samplers: Readonly<Record<SamplerName, Sampler>> = {
  ddim: {
    run: ddim, convention: 'ddim', karras: false, spacing: 'leading', eta: 0,
    title: 'DDIM', scheduleType: 'DDIM',
  },
  euler: {
    run: euler, convention: 'euler', karras: false, spacing: 'linspace', eta: 0,
    title: 'Euler', scheduleType: 'Uniform',
  },
  'euler-karras': {
    run: euler, convention: 'euler', karras: true, spacing: 'linspace', eta: 0,
    title: 'Euler', scheduleType: 'Karras',
  },
  'euler-ancestral': {
    run: eulerAncestral, convention: 'euler', karras: false, spacing: 'linspace', eta: 1,
    title: 'Euler a', scheduleType: 'Uniform',
  },
  'dpmpp-2m': {
    run: dpmpp2m, convention: 'dpm-solver', karras: false, spacing: 'linspace', eta: 0,
    title: 'DPM++ 2M', scheduleType: 'Uniform',
  },
  'dpmpp-2m-karras': {
    run: dpmpp2m, convention: 'dpm-solver', karras: true, spacing: 'linspace', eta: 0,
    title: 'DPM++ 2M', scheduleType: 'Karras',
  },
};

export const samplerNames = Object.keys(samplers) as SamplerName[];

export function isSamplerName(name: string): name is SamplerName {
  return Object.hasOwn(samplers, name);
}

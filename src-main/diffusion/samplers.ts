// The samplers by name. To add one: its function in a file of its family, and a row here.

import { dpmpp2m, dpmpp2mSde } from './dpm-solver-samplers.ts';
import { ddim, euler, eulerAncestral, lcm } from './euler-samplers.ts';
import { heun } from './heun-sampler.ts';
import { plms } from './plms-sampler.ts';
import type { SamplerFunction } from './sampler.ts';
import type { PlanConvention } from './sampling-plan.ts';
import type { TimestepSpacing } from './timestep-spacing.ts';
import { unipc } from './unipc-sampler.ts';

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

export type SamplerName =
  | 'ddim' | 'ddpm' | 'pndm' | 'euler' | 'euler-karras' | 'euler-ancestral' | 'heun' | 'heun-karras'
  | 'dpmpp-2m' | 'dpmpp-2m-karras' | 'dpmpp-2m-sde' | 'dpmpp-2m-sde-karras' | 'unipc' | 'unipc-karras' | 'lcm';

export const samplers: Readonly<Record<SamplerName, Sampler>> = {
  ddim: {
    run: ddim, convention: 'ddim', karras: false, spacing: 'leading', eta: 0,
    title: 'DDIM', scheduleType: 'DDIM',
  },
  ddpm: {
    run: ddim, convention: 'ddpm', karras: false, spacing: 'leading', eta: 1,
    title: 'DDPM', scheduleType: 'DDIM',
  },
  pndm: {
    run: plms, convention: 'pndm', karras: false, spacing: 'leading', eta: 0,
    title: 'PLMS', scheduleType: 'DDIM',
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
  heun: {
    run: heun, convention: 'euler', karras: false, spacing: 'linspace', eta: 0,
    title: 'Heun', scheduleType: 'Uniform',
  },
  'heun-karras': {
    run: heun, convention: 'euler', karras: true, spacing: 'linspace', eta: 0,
    title: 'Heun', scheduleType: 'Karras',
  },
  'dpmpp-2m': {
    run: dpmpp2m, convention: 'dpm-solver', karras: false, spacing: 'linspace', eta: 0,
    title: 'DPM++ 2M', scheduleType: 'Uniform',
  },
  'dpmpp-2m-karras': {
    run: dpmpp2m, convention: 'dpm-solver', karras: true, spacing: 'linspace', eta: 0,
    title: 'DPM++ 2M', scheduleType: 'Karras',
  },
  'dpmpp-2m-sde': {
    run: dpmpp2mSde, convention: 'dpm-solver', karras: false, spacing: 'linspace', eta: 1,
    title: 'DPM++ 2M SDE', scheduleType: 'Uniform',
  },
  'dpmpp-2m-sde-karras': {
    run: dpmpp2mSde, convention: 'dpm-solver', karras: true, spacing: 'linspace', eta: 1,
    title: 'DPM++ 2M SDE', scheduleType: 'Karras',
  },
  unipc: {
    run: unipc, convention: 'unipc', karras: false, spacing: 'linspace', eta: 0,
    title: 'UniPC', scheduleType: 'Uniform',
  },
  'unipc-karras': {
    run: unipc, convention: 'unipc', karras: true, spacing: 'linspace', eta: 0,
    title: 'UniPC', scheduleType: 'Karras',
  },
  lcm: {
    run: lcm, convention: 'lcm', karras: false, spacing: 'trailing', eta: 1,
    title: 'LCM', scheduleType: 'SGM Uniform',
  },
};

export const samplerNames = Object.keys(samplers) as SamplerName[];

export function isSamplerName(name: string): name is SamplerName {
  return Object.hasOwn(samplers, name);
}

// Learning-rate schedules of diffusers, number by number; some steps beyond the end are among them.
// The name of a schedule carries its own setting: cosine_with_restarts_num_cycles3, polynomial_power2.0.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { type LearningRateSchedule, learningRateAt } from '../../../src-main/training/learning-rate.ts';
import { type GoldenCase, type GoldenRow, notCoveredRow, row } from '../case.ts';

interface LearningRateConfig {
  readonly lr: number;
  readonly num_warmup_steps: number;
  readonly num_training_steps: number;
  readonly tolerance: { readonly rel: number };
  readonly schedules: Readonly<Record<string, readonly number[]>>;
}

const schedules: Readonly<Record<string, LearningRateSchedule>> = {
  constant: 'constant', constant_with_warmup: 'constant', linear: 'linear', cosine: 'cosine',
  cosine_with_restarts: 'cosine-with-restarts', polynomial: 'polynomial',
};

export const cases: readonly GoldenCase[] = [{
  folder: 'lr-schedules',
  async run({ folder }) {
    const config = JSON.parse(await readFile(path.join(folder, 'config.json'), 'utf8')) as LearningRateConfig;
    return Object.keys(config.schedules).map((name) => checkSchedule(name, config));
  },
}];

function checkSchedule(name: string, config: LearningRateConfig): GoldenRow {
  const kind = name.replace(/_num_cycles.*|_power.*/, '');
  const schedule = schedules[kind];
  if (!schedule) return notCoveredRow(name, 'an unknown schedule');
  const setting = (pattern: RegExp): number | undefined => {
    const found = pattern.exec(name)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const errors = config.schedules[name]!.map((expected, trainingStep) => {
    const actual = learningRateAt(trainingStep, {
      schedule, learningRate: config.lr, trainingSteps: config.num_training_steps,
      warmupSteps: kind === 'constant' ? 0 : config.num_warmup_steps,
      cycles: setting(/_num_cycles([\d.]+)/), power: setting(/_power([\d.]+)/),
    });
    if (expected === 0) return actual === 0 ? 0 : Infinity;
    return Math.abs(actual / expected - 1);
  });
  return row(name, Math.max(...errors), config.tolerance.rel);
}

// Learning-rate schedules by what they promise; the numbers of diffusers are compared in the golden case lr-schedules.

import { expect, test } from 'vitest';

import { learningRateScheduleSchema } from '../../src-main/contract/settings.ts';
import {
  type LearningRateSchedule, type LearningRateSettings, learningRateAt,
} from '../../src-main/training/learning-rate.ts';

const all: readonly LearningRateSchedule[] = ['constant', 'linear', 'cosine', 'cosine-with-restarts', 'polynomial'];

const rates = (overrides: Partial<LearningRateSettings>): number[] => {
  const settings: LearningRateSettings = {
    schedule: 'constant', learningRate: 1, warmupSteps: 0, trainingSteps: 8, ...overrides,
  };
  return Array.from({ length: settings.trainingSteps }, (_, trainingStep) => learningRateAt(trainingStep, settings));
};

test('every schedule that a user can choose has learning rates', () => {
  expect([...learningRateScheduleSchema.options].sort()).toEqual([...all].sort());
});

test.each(all)('%s: a warm-up grows in a line to the full rate, which comes once', (schedule) => {
  const warm = rates({ schedule, warmupSteps: 4, trainingSteps: 20 });
  expect(warm.slice(0, 5)).toEqual([0, 0.25, 0.5, 0.75, 1]);
  if (schedule !== 'constant') expect(warm.filter((rate) => rate === 1).length).toBe(1);
  expect(warm.every((rate) => rate >= 0 && rate <= 1)).toBe(true);
});

test.each(all)('%s: rates stand in proportion to the learning rate', (schedule) => {
  const [one, tenth] = [rates({ schedule }), rates({ schedule, learningRate: 0.1 })];
  one.forEach((rate, i) => { expect(tenth[i]).toBeCloseTo(rate / 10, 6); });
});

test('a constant learning rate is constant', () => {
  expect(rates({})).toEqual(new Array(8).fill(1));
});

test('a line and a cosine are at half of the rate half way, and near zero at the end', () => {
  for (const schedule of ['linear', 'cosine', 'polynomial'] as const) {
    const falling = rates({ schedule });
    expect(falling[0]).toBe(1);
    expect(falling[4]).toBeCloseTo(0.5, 6);
    expect(falling.every((rate, i) => i === 0 || rate < falling[i - 1]!)).toBe(true);
  }
  expect(rates({ schedule: 'cosine' })[7]).toBeCloseTo(0.5 * (1 + Math.cos((7 / 8) * Math.PI)), 12);
  expect(rates({ schedule: 'polynomial', power: 2 })[4]).toBeCloseTo(0.25, 6);
});

test('restarts begin at the full rate again', () => {
  const restarted = rates({ schedule: 'cosine-with-restarts', cycles: 2 });
  expect(restarted[4]).toBe(1);
  expect(restarted[3]).toBeLessThan(0.2);
});

test.each(all)('%s: a run shorter than its warm-up has learning rates too', (schedule) => {
  const warming = rates({ schedule, warmupSteps: 9, trainingSteps: 4 });
  expect(warming).toEqual([0, 1 / 9, 2 / 9, 3 / 9]);
});

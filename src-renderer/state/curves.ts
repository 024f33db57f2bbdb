// Curves of a run: the loss of single steps made smooth, and every curve of the chart on one row of steps.

import type { LossPoint, Snapshot } from '../../src-main/contract/nouns.ts';

/**
 * The loss with the noise of single steps taken out: an exponential mean that forgets over about a twentieth of the
 * curve, with its start corrected for the missing past (Kingma and Ba 2014, section 3).
 */
export function smoothLoss(points: readonly LossPoint[]): number[] {
  const keep = 1 - 1 / Math.max(5, points.length / 20);
  let mean = 0;
  let weight = 0;
  return points.map(({ loss }) => {
    mean = keep * mean + (1 - keep) * loss;
    weight = keep * weight + (1 - keep);
    return mean / weight;
  });
}

export interface RunCurves {
  readonly steps: readonly number[];
  readonly loss: readonly (number | null)[];
  readonly smooth: readonly (number | null)[];
  readonly validationLoss: readonly (number | null)[];
  readonly likeness: readonly (number | null)[];
}

/** All curves of a run by step; null where a curve has no point. */
export function runCurves(points: readonly LossPoint[], snapshots: readonly Snapshot[]): RunCurves {
  const smooth = smoothLoss(points);
  const lossAt = new Map(points.map(({ step }, index) => [step, index]));
  const snapshotAt = new Map(snapshots.map((snapshot) => [snapshot.step, snapshot]));
  const steps = [...new Set([...lossAt.keys(), ...snapshotAt.keys()])].sort((a, b) => a - b);
  const ofLoss = <T>(values: readonly T[]): (T | null)[] => steps.map((step) => values[lossAt.get(step) ?? -1] ?? null);
  return {
    steps,
    loss: ofLoss(points.map(({ loss }) => loss)),
    smooth: ofLoss(smooth),
    validationLoss: steps.map((step) => snapshotAt.get(step)?.validationLoss ?? null),
    likeness: steps.map((step) => snapshotAt.get(step)?.likeness ?? null),
  };
}

/** What stands at one place of the chart: single values where they are, those of snapshots from the last one before. */
export interface CurveReading {
  readonly step: number;
  readonly loss: number | null;
  readonly smooth: number | null;
  readonly validationLoss: number | null;
  readonly likeness: number | null;
}

/** Reads every curve at an index of its steps; null where there is no such index. */
export function readCurves(curves: RunCurves, index: number): CurveReading | null {
  const step = curves.steps[index];
  if (step === undefined) return null;
  const last = (values: readonly (number | null)[]): number | null =>
    values.slice(0, index + 1).findLast((value) => value !== null) ?? null;
  return {
    step, loss: last(curves.loss), smooth: last(curves.smooth), validationLoss: last(curves.validationLoss),
    likeness: last(curves.likeness),
  };
}

/** The values that are there, for a small curve without axes. */
export function presentValues(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

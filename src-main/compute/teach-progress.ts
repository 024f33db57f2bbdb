// What a run tells on its way: steps with their losses, and each snapshot with its pictures.

import path from 'node:path';
import type { SavedRun, SnapshotRecord } from '../training/trainer-snapshots.ts';
import { bestOf } from '../training/trainer-snapshots.ts';
import type { Reporter } from './reporter.ts';

export interface TeachProgress {
  /** Steps will follow after `step`. */
  begin(step: number): void;
  measuring(step: number): void;
  step(trainingStep: number, loss: number): void;
  snapshot(record: SnapshotRecord, best: SnapshotRecord): void;
  /** Tells again what was told before the stop, because its listener may have missed the end of it. */
  resumed(run: SavedRun): void;
}

export function teachProgress(
  reporter: Pick<Reporter, 'phase' | 'step' | 'item' | 'losses'>, trainingSteps: number, previewFolder: string,
): TeachProgress {
  let isMeasuring = false;
  const begin = (step: number): void => reporter.phase('teaching', trainingSteps, step);
  const snapshot = (record: SnapshotRecord, best: SnapshotRecord): void => {
    const { step, loss, evaluation } = record;
    reporter.item({
      kind: 'snapshot', step, loss, validationLoss: evaluation?.validationLoss ?? null,
      likeness: evaluation?.likeness ?? null, facesFound: evaluation?.facesFound ?? 0,
      previewFiles: (evaluation?.previews ?? []).map((name) => path.join(previewFolder, name)),
      isBest: best.step === step,
    });
  };
  return {
    begin,
    measuring(step) {
      isMeasuring = true;
      reporter.phase('previewing', trainingSteps, step);
    },
    step(trainingStep, loss) {
      if (isMeasuring) begin(trainingStep - 1);
      isMeasuring = false;
      reporter.step(trainingStep, loss);
    },
    snapshot,
    resumed({ state, losses, records }) {
      const best = bestOf(records)!;
      begin(state.step);
      reporter.losses(losses.map((loss, index) => ({ step: index + 1, loss })));
      for (const record of records) snapshot(record, best);
    },
  };
}

// Which snapshot of a run is shown large, and which of its previews. It follows the run until somebody goes back in
// time; at the end it rests on the best.

import type { PreviewId } from '../../src-main/contract/ids.ts';
import type { Snapshot } from '../../src-main/contract/nouns.ts';

export class Scrub {
  /** Null: the latest while it runs, the best once it has ended. */
  step = $state<number | null>(null);
  /** Which of the seeds; the same one at every snapshot. */
  seedIndex = $state(0);

  /** Index of the snapshot that is shown; -1 while there is none. */
  indexIn(snapshots: readonly Snapshot[], isEnded: boolean): number {
    const chosen = snapshots.findIndex(({ step }) => step === this.step);
    if (chosen >= 0) return chosen;
    const best = isEnded ? snapshots.findIndex(({ isBest }) => isBest) : -1;
    return best >= 0 ? best : snapshots.length - 1;
  }

  /** Shows a snapshot; the last one of a run that goes on is followed. */
  moveTo(index: number, snapshots: readonly Snapshot[], isEnded: boolean): void {
    const isLast = index >= snapshots.length - 1;
    this.step = isLast && !isEnded ? null : (snapshots[index]?.step ?? null);
  }

  /** Shows the snapshot nearest to a step of the chart. */
  moveToStep(step: number, snapshots: readonly Snapshot[], isEnded: boolean): void {
    if (snapshots.length === 0) return;
    const gaps = snapshots.map((snapshot) => Math.abs(snapshot.step - step));
    this.moveTo(gaps.indexOf(Math.min(...gaps)), snapshots, isEnded);
  }

  /** The preview of the chosen seed, or of the last seed there is. */
  previewOf(snapshot: Snapshot | undefined): PreviewId | null {
    if (!snapshot || snapshot.previewIds.length === 0) return null;
    return snapshot.previewIds[Math.min(this.seedIndex, snapshot.previewIds.length - 1)]!;
  }
}

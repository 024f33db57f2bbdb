// What was kept on the way of each teach job, by step: its numbers, its previews, and which is the best.

import type { JobId } from '../../src-main/contract/ids.ts';
import type { Snapshot } from '../../src-main/contract/nouns.ts';
import type { StudioClient } from '../ipc/client.ts';

export class Snapshots {
  #byJob = $state.raw<Readonly<Record<string, readonly Snapshot[]>>>({});
  #client: StudioClient;

  constructor(client: StudioClient) {
    this.#client = client;
  }

  /** Those of a job by step. */
  of(jobId: JobId): readonly Snapshot[] {
    return this.#byJob[jobId] ?? [];
  }

  best(jobId: JobId): Snapshot | null {
    return this.of(jobId).find(({ isBest }) => isBest) ?? null;
  }

  /** Likeness at the last snapshot that measured it; one that a pause took draws nothing. */
  likeness(jobId: JobId): number | null {
    return this.of(jobId).findLast((snapshot) => snapshot.likeness !== null)?.likeness ?? null;
  }

  /** Those with previews; all of them where none has any. */
  pictured(jobId: JobId): readonly Snapshot[] {
    const pictured = this.of(jobId).filter(({ previewIds }) => previewIds.length > 0);
    return pictured.length > 0 ? pictured : this.of(jobId);
  }

  /** Reads all of a job; needed once after the page was opened or the connection lost. */
  async load(jobId: JobId): Promise<void> {
    this.#set(jobId, await this.#client.call('looks.snapshots', { jobId }));
  }

  /** Takes in a snapshot: the same step again stands in the place of the one before, a new best ends the old one. */
  take(snapshot: Snapshot): void {
    const others = this.of(snapshot.jobId)
      .filter(({ step }) => step !== snapshot.step)
      .map((each) => (snapshot.isBest && each.isBest ? { ...each, isBest: false } : each));
    this.#set(snapshot.jobId, [...others, snapshot]);
  }

  #set(jobId: JobId, list: readonly Snapshot[]): void {
    this.#byJob = { ...this.#byJob, [jobId]: [...list].sort((a, b) => a.step - b.step) };
  }
}

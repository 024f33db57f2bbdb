// The end of the first steps: as soon as the first photos have been looked at, one quick sketch is drawn over the best
// of them with the model that is there. It needs no teaching, so it is done within a minute.

import type { JobId } from '../../src-main/contract/ids.ts';
import type { Photo, Portrait } from '../../src-main/contract/nouns.ts';
import type { Workspace } from './workspace.svelte.ts';

/** How much of the photo the sketch changes: enough to be a drawing, little enough to stay this person. */
const sketchStrength = 0.3;

export class FirstPortrait {
  jobId = $state<JobId | null>(null);
  /** It was asked for, or could not be; it is asked for once. */
  #isAsked = false;
  #workspace: Workspace;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  get portrait(): Portrait | null {
    return this.jobId ? (this.#workspace.portraits.ofJob(this.jobId)[0] ?? null) : null;
  }

  /** Where it is: photos are looked at, none of them will do, it is being drawn, it is there, or it failed. */
  get stage(): 'looking' | 'no-face' | 'drawing' | 'ready' | 'failed' {
    if (this.portrait) return 'ready';
    const job = this.#workspace.jobs.find(this.jobId);
    if (job?.state === 'failed' || job?.state === 'cancelled') return 'failed';
    if (this.jobId) return 'drawing';
    return this.#isLooking ? 'looking' : this.#best ? 'drawing' : 'no-face';
  }

  /** Starts the sketch once the photos have been looked at; to be called again as they change. */
  async begin(): Promise<void> {
    const { subjects, studio, notices, client, jobs } = this.#workspace;
    const [subject, photo, pack] = [subjects.current, this.#best, studio.packs.find(({ isBuiltIn }) => isBuiltIn)];
    if (this.#isAsked || this.#isLooking || !subject || !photo || !pack) return;
    this.#isAsked = true;
    const style = studio.styles.find(({ id }) => id === 'pencil') ?? studio.styles[0];
    const job = await notices.attempt(() => client.call('portraits.create', {
      subjectId: subject.id, adapterId: null, packId: pack.id, count: 1,
      styleIds: style ? [style.id] : [], prompts: style ? [] : [subject.classWord],
      start: { source: { photoId: photo.id }, strength: sketchStrength },
    }));
    if (!job) return;
    jobs.add(job);
    this.jobId = job.id;
  }

  get #isLooking(): boolean {
    const { photos, jobs, subjects } = this.#workspace;
    const isComing = jobs.list.some(({ kind, state, subjectId }) => (kind === 'import' || kind === 'analyze') &&
      subjectId === subjects.currentId && (state === 'waiting' || state === 'running'));
    const isNothingYet = photos.list.length === 0 && photos.refusedCount === 0;
    return isComing || isNothingYet || photos.importing !== null || photos.isLoading || photos.waiting > 0;
  }

  /** The photo that shows the face best: a good one before a usable one. */
  get #best(): Photo | null {
    const used = this.#workspace.photos.list.filter((photo) => photo.isUsed && photo.faceBox);
    return used.find(({ verdict }) => verdict.grade === 'good') ?? used[0] ?? null;
  }
}

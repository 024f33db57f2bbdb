// Photos on their way in. On the desktop the studio reads the files itself, as a job of the queue; a browser carries
// their bytes. Either way the page says in the end how many came in and which were refused.

import { UserError } from '../../src-main/contract/errors.ts';
import type { Job } from '../../src-main/contract/work.ts';
import type { PhotoFile } from './photos.svelte.ts';
import type { Workspace } from './workspace.svelte.ts';

/** Adds files to the current subject. */
export async function importPhotos(workspace: Workspace, files: readonly PhotoFile[]): Promise<void> {
  const { subjects, photos, notices, words, desktop, jobs } = workspace;
  const subject = subjects.current;
  if (!subject || files.length === 0) return;
  const queue = desktop?.importFiles ?? null;
  if (queue && files.every((file) => file instanceof File)) {
    const job = await notices.attempt(() => queue(subject.id, files as readonly File[]).catch(nullWithoutPath));
    if (job) jobs.add(job);
    // what was pasted lies on no disk: its bytes go instead
    if (job !== null) return;
  }
  const { added, known, refused } = await photos.importFiles(subject.id, files);
  notices.say(words.photos.imported(added, known, refused));
}

function nullWithoutPath(error: unknown): null {
  if (error instanceof UserError && error.code === 'desktop.no-path') return null;
  throw error;
}

/** Asks for files, or for a folder, with the desktop's own dialog. Answers false in a browser. */
export async function chooseHere(workspace: Workspace, what: 'files' | 'folder' = 'files'): Promise<boolean> {
  const { subjects, desktop, notices, jobs, view } = workspace;
  const subject = subjects.current;
  if (!desktop) return false;
  if (!subject) {
    view.dialog = 'new-subject';
    return true;
  }
  view.go('photos');
  const answer = await notices.attempt(() => desktop.call('desktop.choosePhotos', { subjectId: subject.id, what }));
  if (answer?.job) jobs.add(answer.job);
  return true;
}

/** Says what came of an import that has just ended, and keeps the reasons of what was refused. */
export function tellImport({ photos, notices, words, subjects }: Workspace, before: Job | undefined, job: Job): void {
  const { outcome } = job;
  const hasEnded = job.state === 'done' && before !== undefined && before.state !== 'done';
  if (!hasEnded || outcome?.kind !== 'import') return;
  notices.say(words.photos.imported(outcome.added, outcome.known, outcome.refusedCount));
  if (job.subjectId === subjects.currentId) photos.refuse(outcome.refused, outcome.refusedCount);
}

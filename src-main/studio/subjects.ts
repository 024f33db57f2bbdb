// Commands over subjects: whose portraits these are, and whether they agreed.

import type { SubjectId } from '../contract/ids.ts';
import { newId } from '../library/library.ts';
import type { Handlers, StudioContext } from './context.ts';
import { present } from './missing.ts';
import { removeRunFolder } from './run-folders.ts';
import { announceSubject, subjectView } from './subject-view.ts';

/** A rare word to CLIP that no name or thing has taken; the same for all, since a look is of one subject. */
const triggerWord = 'ohwx';

export function subjectCommands(context: StudioContext): Handlers<
  'subjects.list' | 'subjects.create' | 'subjects.change' | 'subjects.remove'> {
  const { library } = context;
  return {
    'subjects.list': () => library.subjects.list().map((subject) => subjectView(context, subject)),
    'subjects.create': ({ name, hasConsent, classWord }) => {
      const id = newId<SubjectId>();
      library.subjects.insert({ id, name, triggerWord, classWord, hasConsent, createdAtMs: Date.now() });
      return announceSubject(context, id);
    },
    'subjects.change': ({ subjectId, ...change }) => {
      library.subjects.change(subjectId, change);
      return announceSubject(context, subjectId);
    },
    'subjects.remove': async ({ subjectId }) => {
      await removeSubject(context, subjectId);
      return {};
    },
  };
}

/**
 * Ends the subject's jobs first, so that none writes for a subject that is gone; then rows, files and log. Portraits of
 * others that show the subject go as well, with the batches they are from: nothing that came from a person stays.
 */
async function removeSubject(context: StudioContext, id: SubjectId): Promise<void> {
  const { library, queue, emit } = context;
  present(library.subjects.get(id), 'subject');
  const shared = library.jobs.withSecond(id);
  const jobs = [...library.jobs.ofSubject(id), ...shared];
  for (const job of jobs) {
    if (job.state !== 'waiting' && job.state !== 'running') continue;
    queue.cancel(job.id);
    await queue.settled(job.id);
  }
  for (const job of jobs) await removeRunFolder(library.folder, job.id);
  const portraits = shared.flatMap((job) => library.portraits.ofJob(job.id));
  await library.exclusively(async () => {
    library.subjects.remove(id);
    await library.sweep();
  });
  for (const portrait of portraits) {
    emit({ type: 'portrait-removed', subjectId: portrait.subjectId, portraitId: portrait.id });
  }
  for (const other of new Set(shared.map(({ subjectId }) => subjectId))) announceSubject(context, other);
  emit({ type: 'subject-removed', subjectId: id });
}

// What is done on Create that touches several parts of the page.

import type { AdapterId } from '../../src-main/contract/ids.ts';
import type { Portrait } from '../../src-main/contract/nouns.ts';
import type { Workspace } from './workspace.svelte.ts';

/** Starts the batch that is planned, where nothing stands in its way. */
export async function startCreating({ subjects, looks, create, studio, notices, jobs }: Workspace): Promise<void> {
  const subject = subjects.current;
  const look = looks.find(create.adapterId);
  const pack = create.packFor(look, studio.packs);
  if (!subject || !pack || create.obstacle(look, pack, subject.hasConsent)) return;
  const job = await notices.attempt(() => create.start(subject.id, look, pack));
  if (job) jobs.add(job);
}

/** Opens Create with this look chosen, or for portraits without teaching. */
export function useLook({ create, looks, view }: Workspace, adapterId: AdapterId | null): void {
  create.chooseHow(adapterId ? 'look' : 'instantly', looks.list);
  create.adapterId = adapterId;
  create.jobId = null;
  view.go('create');
}

/** Opens Create with everything this portrait was drawn with. */
export function useSettings({ create, view, subjects, notices }: Workspace, portrait: Portrait): void {
  create.takeFrom(portrait);
  view.go('create');
  const isKnown = subjects.list.some(({ id }) => id === portrait.second?.subjectId);
  const second = isKnown ? portrait.second : null;
  void notices.attempt(() => create.second.choose(second?.subjectId ?? null, second?.adapterId));
}

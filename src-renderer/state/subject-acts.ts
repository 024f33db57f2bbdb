// What is done with people that touches several parts of the page.

import type { SubjectId } from '../../src-main/contract/ids.ts';
import type { ClassWord } from '../../src-main/contract/nouns.ts';
import type { PhotoFile } from './photos.svelte.ts';
import type { Workspace } from './workspace.svelte.ts';

export interface NewSubject {
  readonly name: string;
  readonly classWord: ClassWord;
  readonly hasConsent: boolean;
  readonly consentNote?: string;
}

/**
 * Adds a subject and the photos chosen for it, and opens it. Answers false when the studio refused; `onAdded` hears of
 * it before the photos are on their way.
 */
export async function addSubject(
  workspace: Workspace, added: NewSubject, files: readonly PhotoFile[], onAdded: () => void = () => undefined,
): Promise<boolean> {
  const { notices, subjects, view } = workspace;
  const subject = await notices.attempt(() => subjects.create(added));
  if (!subject) return false;
  view.dialog = null;
  view.go('photos');
  onAdded();
  await workspace.selectSubject(subject.id);
  await workspace.importPhotos(files);
  return true;
}

/** Deletes a subject for good and shows the receipt of what went; where it was refused, the question stays. */
export async function removeSubject(workspace: Workspace, subjectId: SubjectId, keepPortraits: boolean): Promise<void> {
  const { notices, subjects, view } = workspace;
  const subject = subjects.list.find(({ id }) => id === subjectId);
  const receipt = await notices.attempt(() => subjects.remove(subjectId, keepPortraits));
  if (!receipt) return;
  view.receipt = { name: subject?.name ?? '', receipt };
  view.dialog = 'receipt';
  view.clearSelection();
  view.go('subjects');
  if (subjects.currentId) await workspace.loadCurrent();
}

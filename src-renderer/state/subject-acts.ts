// What is done with people that touches several parts of the page.

import type { SubjectId } from '../../src-main/contract/ids.ts';
import type { ClassWord } from '../../src-main/contract/nouns.ts';
import type { PhotoFile } from './photos.svelte.ts';
import type { Workspace } from './workspace.svelte.ts';

export interface NewSubject {
  readonly name: string;
  readonly classWord: ClassWord;
  readonly hasConsent: boolean;
}

/** Adds a subject and the photos chosen for it, and opens it. Answers false when the studio refused. */
export async function addSubject(workspace: Workspace, added: NewSubject, files: PhotoFile[]): Promise<boolean> {
  const { notices, subjects, view } = workspace;
  const { name, classWord, hasConsent } = added;
  const subject = await notices.attempt(() => subjects.create(name, classWord, hasConsent));
  if (!subject) return false;
  view.dialog = null;
  view.go('photos');
  await workspace.selectSubject(subject.id);
  await workspace.importPhotos(files);
  return true;
}

export async function removeSubject(workspace: Workspace, subjectId: SubjectId): Promise<void> {
  const { notices, subjects, view } = workspace;
  await notices.attempt(() => subjects.remove(subjectId));
  view.dialog = null;
  if (subjects.currentId) await workspace.selectSubject(subjects.currentId);
}

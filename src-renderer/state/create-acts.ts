// What is done on Create that touches several parts of the page.

import type { AdapterId } from '../../src-main/contract/ids.ts';
import type { Portrait } from '../../src-main/contract/nouns.ts';
import { createRequest } from './create-request.ts';
import { arePortraitsTooLarge } from './memory-acts.ts';
import { isSameSize, usualSize } from './sizes.ts';
import type { Workspace } from './workspace.svelte.ts';

/** Has the studio say what the batch would come to, where it could be started. */
export function planCreating({ subjects, looks, create, studio, plan }: Workspace): void {
  const subject = subjects.current;
  const look = looks.find(create.adapterId);
  const pack = create.packFor(look, studio.packs);
  const canPlan = subject && pack && create.obstacle(look, pack, subject.hasConsent) === null;
  plan.ask(canPlan ? createRequest(create, subject.id, look, pack) : null);
}

/** Starts the batch that is planned, where nothing stands in its way. */
export async function startCreating(workspace: Workspace): Promise<void> {
  const { subjects, looks, create, studio, notices, jobs } = workspace;
  const subject = subjects.current;
  const look = looks.find(create.adapterId);
  const pack = create.packFor(look, studio.packs);
  if (!subject || !pack || create.obstacle(look, pack, subject.hasConsent)) return;
  if (arePortraitsTooLarge(workspace)) return;
  const job = await notices.attempt(() => create.start(subject.id, look, pack));
  if (job) jobs.add(job);
}

/** Opens Create with this look chosen, or for portraits without teaching. */
export function useLook({ create, looks, view }: Workspace, adapterId: AdapterId | null): void {
  create.chooseHow(adapterId ? 'look' : 'instantly', looks.list);
  create.adapterId = adapterId;
  create.jobId = null;
  create.pane = null;
  view.go('create');
}

/** Opens Create to draw from this portrait: image to image. */
export function startFrom({ create, view }: Workspace, portrait: Portrait): void {
  create.begin.usePortrait(portrait.id);
  view.go('create');
}

/** Opens Create with everything this portrait was drawn with. */
export function useSettings(workspace: Workspace, portrait: Portrait): void {
  const { create, view, studio, photos } = workspace;
  create.takeFrom(portrait);
  const pack = studio.packs.find(({ id }) => id === portrait.packId);
  if (create.sizes.every((size) => isSameSize(size, usualSize(pack, create.isInstant)))) create.sizes = [];
  // photos that are gone since cannot give a face
  const given = create.facePhotoIds?.filter((id) => photos.find(id)) ?? [];
  create.facePhotoIds = given.length > 0 ? given : null;
  view.go('create');
  void workspace.notices.attempt(() => takeRecipe(workspace, portrait));
}

/** Takes what only the job of a portrait knows: what it started from, the second person's place and pose. */
async function takeRecipe({ client, create, subjects }: Workspace, portrait: Portrait): Promise<void> {
  const isKnown = subjects.list.some(({ id }) => id === portrait.second?.subjectId);
  const known = isKnown ? portrait.second : null;
  await create.second.choose(known?.subjectId ?? null, known?.adapterId);
  const { start, second } = await client.call('portraits.recipe', { portraitId: portrait.id });
  create.begin.take(start);
  if (known && second?.subjectId === known.subjectId) create.second.take(second, portrait.widthPx / portrait.heightPx);
}

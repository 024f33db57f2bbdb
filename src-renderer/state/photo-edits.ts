// What is changed about a photo by hand: whether it is used, whose face it is, its caption, how often it counts. Each
// can be undone.

import type { VerdictAction } from '../../src-main/contract/faces.ts';
import type { PhotoId } from '../../src-main/contract/ids.ts';
import type { Photo } from '../../src-main/contract/nouns.ts';
import type { Words } from '../strings/en.ts';
import type { Notices } from './notices.svelte.ts';
import type { Photos } from './photos.svelte.ts';
import type { View } from './view.svelte.ts';

/** The parts of the page that an edit touches. */
export interface PhotoDesk {
  readonly photos: Photos;
  readonly notices: Notices;
  readonly words: Words;
}

/** What a button beside a photo does. */
export type PhotoAct = VerdictAction | 'take-back';

/** Sets the user's choice for a photo. */
export async function choosePhoto(desk: PhotoDesk, photoId: PhotoId, choice: Photo['userChoice']): Promise<void> {
  const photo = desk.photos.find(photoId);
  if (!photo) return;
  await desk.notices.perform(async () => {
    const before = await desk.photos.choose(photoId, choice);
    const words = desk.words.photos;
    const isUsed = desk.photos.find(photoId)?.isUsed ?? false;
    const message = isUsed ? words.usedDone(photo.fileName) : words.leftOutDone(photo.fileName);
    // somebody who culls sees the last one, and can still undo them all
    desk.notices.offerUndo(message, async () => void (await desk.photos.choose(photoId, before)), 'photos.choose');
  });
}

/** Says which of a photo's faces is the subject's; null goes by the other photos. */
export async function chooseFace(desk: PhotoDesk, photoId: PhotoId, faceIndex: number | null): Promise<void> {
  const { photos, notices, words } = desk;
  const fileName = photos.find(photoId)?.fileName ?? '';
  await notices.perform(async () => {
    const before = await photos.chooseFace(photoId, faceIndex);
    notices.offerUndo(words.faceChooser.done(fileName), async () => void (await photos.chooseFace(photoId, before)));
  });
}

/** Of two photos that are nearly the same, uses this one and leaves the other out. */
export async function keepPhoto(desk: PhotoDesk, photoId: PhotoId): Promise<void> {
  const { photos, notices, words } = desk;
  const kept = photos.find(photoId);
  const other = photos.find(kept?.sameAsPhotoId ?? null);
  if (!kept || !other) return choosePhoto(desk, photoId, 'use');
  await notices.perform(async () => {
    const [before, otherBefore] = [await photos.choose(kept.id, 'use'), await photos.choose(other.id, 'leave-out')];
    notices.offerUndo(words.verdict.kept(kept.fileName, other.fileName), async () => {
      await photos.choose(kept.id, before);
      await photos.choose(other.id, otherBefore);
    });
  });
}

/** Does what a verdict's button says; choosing a face opens the faces first. */
export async function mendPhoto(
  desk: PhotoDesk & { readonly view: View }, photo: Photo, act: PhotoAct,
): Promise<void> {
  if (act === 'choose-face') {
    desk.view.photoId = photo.id;
    desk.view.dialog = 'choose-face';
  } else if (act === 'keep-this-one') await keepPhoto(desk, photo.id);
  else if (act === 'take-back') await choosePhoto(desk, photo.id, photo.verdict.grade === 'left-out' ? 'use' : null);
  else await choosePhoto(desk, photo.id, act === 'use-anyway' ? 'use' : 'leave-out');
}

/** Sets a photo's caption; '' goes back to the usual one. */
export async function captionPhoto(desk: PhotoDesk, photoId: PhotoId, caption: string): Promise<void> {
  const { photos, notices, words } = desk;
  await notices.perform(async () => {
    const before = await photos.setCaption(photoId, caption);
    notices.offerUndo(words.photos.captionSaved, async () => void (await photos.setCaption(photoId, before)));
  });
}

/** Sets how often teaching sees a photo where it sees the others once. */
export async function repeatPhoto(desk: PhotoDesk, photoId: PhotoId, repeats: number): Promise<void> {
  const { photos, notices, words } = desk;
  const fileName = photos.find(photoId)?.fileName ?? '';
  await notices.perform(async () => {
    const before = await photos.setRepeats(photoId, repeats);
    const message = words.photos.repeatsSaved(fileName, repeats);
    notices.offerUndo(message, async () => void (await photos.setRepeats(photoId, before)));
  });
}

/** What can be done about a photo: its verdict's own acts, or what undoes the user's choice. */
export function actsOf(photo: Photo): readonly PhotoAct[] {
  const { verdict, userChoice, faces, faceBox, isUsed } = photo;
  const choice: VerdictAction[] = faces.length > 1 ? ['choose-face'] : [];
  if (userChoice === 'leave-out') return [...choice, 'take-back'];
  if (userChoice === null && verdict.actions.length > 0) return verdict.actions;
  if (isUsed || verdict.grade === 'waiting') return [...choice, 'leave-out'];
  return faceBox ? [...choice, 'use-anyway'] : choice;
}

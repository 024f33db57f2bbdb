// What is changed about a photo by hand: whether it is used, its caption, how often it counts. Each can be undone.

import type { PhotoId } from '../../src-main/contract/ids.ts';
import type { Photo } from '../../src-main/contract/nouns.ts';
import type { Words } from '../strings/en.ts';
import type { Notices } from './notices.svelte.ts';
import type { Photos } from './photos.svelte.ts';

/** The parts of the page that an edit touches. */
export interface PhotoDesk {
  readonly photos: Photos;
  readonly notices: Notices;
  readonly words: Words;
}

/** Sets the user's choice for a photo. */
export async function choosePhoto(desk: PhotoDesk, photoId: PhotoId, choice: Photo['userChoice']): Promise<void> {
  const photo = desk.photos.find(photoId);
  if (!photo) return;
  await desk.notices.attempt(async () => {
    const before = await desk.photos.choose(photoId, choice);
    const words = desk.words.photos;
    const isUsed = desk.photos.find(photoId)?.isUsed ?? false;
    const message = isUsed ? words.usedDone(photo.fileName) : words.leftOutDone(photo.fileName);
    desk.notices.offerUndo(message, async () => void (await desk.photos.choose(photoId, before)));
  });
}

/** Sets a photo's caption; '' goes back to the usual one. */
export async function captionPhoto(desk: PhotoDesk, photoId: PhotoId, caption: string): Promise<void> {
  const { photos, notices, words } = desk;
  await notices.attempt(async () => {
    const before = await photos.setCaption(photoId, caption);
    notices.offerUndo(words.photos.captionSaved, async () => void (await photos.setCaption(photoId, before)));
  });
}

/** Sets how often teaching sees a photo where it sees the others once. */
export async function repeatPhoto(desk: PhotoDesk, photoId: PhotoId, repeats: number): Promise<void> {
  const { photos, notices, words } = desk;
  const fileName = photos.find(photoId)?.fileName ?? '';
  await notices.attempt(async () => {
    const before = await photos.setRepeats(photoId, repeats);
    const message = words.photos.repeatsSaved(fileName, repeats);
    notices.offerUndo(message, async () => void (await photos.setRepeats(photoId, before)));
  });
}

// A seeded Subject of the renderer: one fixed identity under changing pose, light, clothes and background.
// This is what personalisation is tried on where no real photos may be used.

import type { Identity } from './attributes.ts';
import { drawIdentity } from './identity.ts';
import { type RenderedPortrait, renderPortrait } from './portrait-renderer.ts';
import { seededRandom } from './seeded-random.ts';

export interface SubjectOptions {
  readonly resolutionPx?: number;
  readonly triggerWord?: string;
  /** True when captions should say 'man' or 'woman' only and leave the identity to be learnt. */
  readonly namesSubject?: boolean;
}

/** The grown person of a seed. */
export const subjectIdentity = (subjectSeed: number): Identity => drawIdentity(seededRandom(subjectSeed, 21), true);

/** `count` photos of the Subject of `subjectSeed`, captioned '<triggerWord> man, ...'; other seeds are other people. */
export async function renderSubjectPhotos(
  subjectSeed: number, count: number, options: SubjectOptions = {},
): Promise<RenderedPortrait[]> {
  const identity = subjectIdentity(subjectSeed);
  const { triggerWord = 'sks', resolutionPx = 128, namesSubject = true } = options;
  const photos: RenderedPortrait[] = [];
  for (let i = 0; i < count; i++) {
    photos.push(await renderPortrait(subjectSeed * 100_003 + i, {
      resolutionPx, attributes: { ...identity, style: 'photo', hat: 'none', glasses: 'none', headphones: false },
      ...(namesSubject ? { subject: `${triggerWord} ${identity.classWord}` } : {}),
    }));
  }
  return photos;
}

// A seeded Subject of the renderer: one fixed identity under changing pose, light, clothes and background.
// This is what personalisation is tried on where no real photos may be used.

import type { Identity } from './attributes.ts';
import { drawIdentity } from './identity.ts';
import { halfLengthSize } from './labels.ts';
import { portraitAttributes, type RenderedPortrait, renderPortrait } from './portrait-renderer.ts';
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
    const seed = subjectSeed * 100_003 + i;
    const bare = { ...identity, style: 'photo', hat: 'none', glasses: 'none', headphones: false } as const;
    const { size, shiftY } = portraitAttributes(seed, bare);
    // half of a body leaves too little of the face to learn from
    const framing = size < halfLengthSize ? { size: size + 0.35, shiftY: shiftY + 30 } : {};
    photos.push(await renderPortrait(seed, {
      resolutionPx, attributes: { ...bare, ...framing },
      ...(namesSubject ? { subject: `${triggerWord} ${identity.classWord}` } : {}),
    }));
  }
  return photos;
}

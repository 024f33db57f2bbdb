// Image to image: the picture that portraits start from, and how much of it may change.

import type { PhotoId, PortraitId } from '../../src-main/contract/ids.ts';
import type { StartPicture } from '../../src-main/contract/nouns.ts';

/** Most of the picture changes and its layout stays: where A1111 and diffusers start, too. */
const usualStrength = 0.6;

export class StartPlan {
  source = $state.raw<StartPicture['source'] | null>(null);
  strength = $state(usualStrength);

  usePhoto(photoId: PhotoId): void {
    this.source = { photoId };
  }

  usePortrait(portraitId: PortraitId): void {
    this.source = { portraitId };
  }

  clear(): void {
    this.source = null;
  }

  /** Whether this photo or portrait is where they start. */
  isFrom(id: PhotoId | PortraitId): boolean {
    return this.source !== null && Object.values(this.source).includes(id);
  }

  take(start: StartPicture | null): void {
    this.source = start?.source ?? null;
    this.strength = start?.strength ?? usualStrength;
  }

  /** What the studio is asked for; null without a picture. */
  request(): StartPicture | null {
    return this.source && { source: this.source, strength: this.strength };
  }
}

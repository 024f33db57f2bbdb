// The second person of a portrait: who, with which look, in which part of it, and in which pose.

import type { RegionMask, SecondPerson } from '../../src-main/contract/faces.ts';
import type { AdapterId, PackId, SubjectId } from '../../src-main/contract/ids.ts';
import type { Look, Photo } from '../../src-main/contract/nouns.ts';
import type { StudioClient } from '../ipc/client.ts';
import { type Area, clamp, type Place } from './head.ts';
import { PosePlan } from './pose-plan.svelte.ts';
import { areaOf, type Divider, dividerLimits, paintMask, shareOf, splitMask } from './region-mask.ts';

const middle: Divider = { position: 0.5, tiltDegrees: 0, isSwapped: false };
/** Below this share of the picture somebody has no room for a face. */
const smallestShare = 0.03;

export class SecondPlan {
  subjectId = $state<SubjectId | null>(null);
  adapterId = $state<AdapterId | null>(null);
  looks = $state.raw<readonly Look[]>([]);
  photos = $state.raw<readonly Photo[]>([]);
  readonly pose = new PosePlan();
  divider = $state.raw<Divider>(middle);
  /** Where it was painted over; null: the divider alone. */
  #painted = $state.raw<RegionMask | null>(null);
  mask = $derived<RegionMask>(this.#painted ?? splitMask(this.divider));
  isPainted = $derived(this.#painted !== null);
  /** Somebody has no place left. */
  isCrowded = $derived(Math.min(shareOf(this.mask), 1 - shareOf(this.mask)) < smallestShare);
  #client: StudioClient;

  constructor(client: StudioClient) {
    this.#client = client;
  }

  /** Chooses somebody with a look, or nobody, and reads their looks and photos. */
  async choose(subjectId: SubjectId | null, adapterId: AdapterId | null = null): Promise<void> {
    if (this.subjectId !== subjectId) {
      this.looks = [];
      this.photos = [];
      this.pose.changeSubject();
    }
    this.subjectId = subjectId;
    this.adapterId = adapterId;
    if (subjectId === null) return;
    const [looks, photos] = await Promise.all([
      this.#client.call('looks.list', { subjectId }), this.#client.call('photos.list', { subjectId }),
    ]);
    if (this.subjectId === subjectId) [this.looks, this.photos] = [looks, photos];
  }

  /** Looks that can stand beside another on this model: a whole model cannot. */
  looksFor(packId: PackId | undefined): Look[] {
    return this.looks.filter((look) => look.packId === packId && look.method !== 'dreambooth');
  }

  /** A person's part of the portrait. */
  areaOf(isSecond: boolean): Area {
    return areaOf(this.mask, isSecond);
  }

  /** Moves or tilts the divider; what was painted is laid aside. */
  divide(change: Partial<Divider>): void {
    const { position, tiltDegrees, isSwapped } = { ...this.divider, ...change };
    this.divider = {
      position: clamp(position, ...dividerLimits.position), isSwapped,
      tiltDegrees: clamp(tiltDegrees, ...dividerLimits.tiltDegrees),
    };
    this.#painted = null;
  }

  /** Changes sides, painted parts as well. */
  swap(): void {
    const { mask, isPainted } = this;
    this.divide({ isSwapped: !this.divider.isSwapped });
    if (isPainted) this.#painted = { ...mask, values: mask.values.map((value) => Math.round((1 - value) * 100) / 100) };
  }

  paint(place: Place, radius: number, isSecond: boolean): void {
    this.#painted = paintMask(this.mask, place, radius, isSecond ? 1 : 0);
  }

  resetMask(): void {
    this.divide(middle);
  }

  /** Takes over place and pose of the second person of a portrait. */
  take({ adapterId, mask, pose }: SecondPerson, aspect: number): void {
    this.adapterId = adapterId;
    if (mask) this.#painted = mask;
    this.pose.fit(aspect, this.areaOf(true));
    this.pose.take(pose);
  }

  /** What the studio is asked for; null without a second person. */
  request(): SecondPerson | null {
    if (this.subjectId === null) return null;
    return { subjectId: this.subjectId, adapterId: this.adapterId, mask: this.mask, pose: this.pose.pose() };
  }
}

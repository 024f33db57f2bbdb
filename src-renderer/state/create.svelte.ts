// What to draw next: who, how (with a look, or instantly from photos), prompt, styles, how many, seed, strengths; and
// how many portraits that makes.

import type { AdapterId, JobId, PackId, StyleId, SubjectId } from '../../src-main/contract/ids.ts';
import type { Look, Pack, Portrait } from '../../src-main/contract/nouns.ts';
import type { Job } from '../../src-main/contract/work.ts';
import type { GenerationSettings } from '../../src-main/contract/settings.ts';
import type { StudioClient } from '../ipc/client.ts';
import {
  createFields, type FacePass, isAllowedGeneration, type Manner, nothingTyped, typedSettings,
} from './create-fields.ts';
import { PosePlan } from './pose-plan.svelte.ts';
import { SecondPlan } from './second-plan.svelte.ts';

const maximumSeed = 0xffff_ffff;
const maximumCount = 1000;

/** Why drawing cannot start. */
export type CreateObstacle =
  | 'no-model' | 'nothing-to-draw' | 'not-instant' | 'no-consent' | 'look-needed' | 'second-look-needed' | 'crowded'
  | 'wrong-numbers';

export class Create {
  how = $state<'look' | 'instantly'>('look');
  /** The user has said how; then nothing is suggested. */
  #hasChosenHow = false;
  /** Null: the plain model, without a look. */
  adapterId = $state<AdapterId | null>(null);
  /** The model for portraits without a look; null: the first that can. */
  packId = $state<PackId | null>(null);
  prompt = $state('');
  negativePrompt = $state('');
  styleIds = $state<StyleId[]>([]);
  count = $state<number | null>(4);
  /** Null: a random one. */
  seed = $state<number | null>(null);
  adapterStrength = $state(1);
  compareWithout = $state(false);
  typed = $state(nothingTyped());
  wantsFast = $state(false);
  /** Null: as the model does it. */
  facePass = $state<FacePass | null>(null);
  /** The batch whose portraits are on the page. */
  jobId = $state<JobId | null>(null);
  readonly pose = new PosePlan();
  readonly second: SecondPlan;
  #client: StudioClient;

  isInstant = $derived(this.how === 'instantly');
  subjects = $derived((this.prompt.trim() === '' ? 0 : 1) + this.styleIds.length);
  total = $derived(this.subjects * (this.count ?? 0) * (this.compareWithout && this.adapterId ? 2 : 1));
  isCountRight = $derived(isWhole(this.count, 1, maximumCount));
  isSeedRight = $derived(this.seed === null || isWhole(this.seed, 0, maximumSeed));
  canStart = $derived(this.subjects > 0 && this.isCountRight && this.isSeedRight && this.areFieldsRight());

  constructor(client: StudioClient) {
    this.#client = client;
    this.second = new SecondPlan(client);
  }

  areFieldsRight(): boolean {
    return createFields.every((field) => isAllowedGeneration(field, this.typed[field]));
  }

  /** With a look, then with the first one; or instantly, then from the photos alone until a look is added. */
  chooseHow(how: 'look' | 'instantly', looks: readonly Look[]): void {
    this.how = how;
    this.#hasChosenHow = true;
    this.adapterId = how === 'look' ? (looks[0]?.id ?? null) : null;
  }

  /** Takes the first look; for a face that has none the way without teaching, where a model can. */
  suggest(looks: readonly Look[], packs: readonly Pack[]): void {
    if (this.adapterId !== null || this.isInstant) return;
    this.adapterId = looks[0]?.id ?? null;
    const isInstantReady = packs.some(({ instantly }) => instantly?.isReady);
    if (looks.length === 0 && isInstantReady && !this.#hasChosenHow) this.how = 'instantly';
  }

  /** The model that will draw: the look's own, the chosen one, or the first that can do what is wanted. */
  packFor(look: Look | null, packs: readonly Pack[]): Pack | undefined {
    const wanted = look ? look.packId : this.packId;
    const able = this.isInstant ? packs.find(({ instantly }) => instantly?.isReady) : undefined;
    return packs.find(({ id }) => id === wanted) ?? able ?? packs[0];
  }

  /** What decides which defaults hold; fast only where the model's file for it is there. */
  manner(pack: Pack | undefined): Manner {
    return { isInstant: this.isInstant, isFast: this.wantsFast && (pack?.instantly?.canBeFast ?? false) };
  }

  /** What stands in the way of drawing; null when nothing does. */
  obstacle(look: Look | null, pack: Pack | undefined, hasConsent: boolean): CreateObstacle | null {
    if (!pack) return 'no-model';
    if (this.isInstant && !pack.instantly?.isReady) return 'not-instant';
    if (this.isInstant && !hasConsent) return 'no-consent';
    if (this.second.subjectId !== null) {
      if (!this.isInstant && !look) return 'look-needed';
      if (!this.isInstant && !this.second.adapterId) return 'second-look-needed';
      if (this.second.isCrowded) return 'crowded';
    }
    if (this.subjects === 0) return 'nothing-to-draw';
    return this.canStart ? null : 'wrong-numbers';
  }

  toggleStyle(id: StyleId): void {
    this.styleIds = this.styleIds.includes(id) ? this.styleIds.filter((each) => each !== id) : [...this.styleIds, id];
  }

  /** Puts a word at the head of the prompt unless it is in it. */
  insertWord(word: string): void {
    if (this.prompt.includes(word)) return;
    this.prompt = this.prompt.trim() === '' ? `${word}, ` : `${word}, ${this.prompt}`;
  }

  /** Puts the second person's place behind the first's; without one, both at the head. */
  insertSecond(): void {
    if (this.prompt.includes('{subject2}')) return;
    if (!this.prompt.includes('{subject}')) this.insertWord('{subject}');
    this.prompt = this.prompt.replace('{subject}', '{subject} and {subject2}');
  }

  rollSeed(random: () => number = Math.random): void {
    this.seed = Math.floor(random() * (maximumSeed + 1));
  }

  /** Takes the settings of a portrait: the same again, or a start for others. */
  takeFrom(portrait: Portrait): void {
    this.how = portrait.instantly ? 'instantly' : 'look';
    this.#hasChosenHow = true;
    this.adapterId = portrait.adapterId;
    this.packId = portrait.packId;
    this.prompt = portrait.styleId ? '' : portrait.prompt;
    this.styleIds = portrait.styleId ? [portrait.styleId] : [];
    this.negativePrompt = portrait.styleId ? '' : portrait.negativePrompt;
    this.seed = portrait.seed;
    this.adapterStrength = portrait.adapterStrength;
    this.count = 1;
    const { samplingSteps, guidanceScale, settings } = portrait;
    const own = createFields.map((field) => [field, settings[field] ?? null]);
    this.typed = { ...nothingTyped(), ...Object.fromEntries(own), samplingSteps, guidanceScale };
    this.wantsFast = settings.fast ?? false;
    this.facePass = settings.facePass ?? null;
    this.pose.fit(portrait.widthPx / portrait.heightPx);
    this.pose.take(portrait.instantly?.pose ?? { kind: 'reference' });
  }

  /** For another subject: forgets look, batch, pictures of poses and the second person; keeps what to draw. */
  changeSubject(): void {
    this.adapterId = null;
    this.how = 'look';
    this.#hasChosenHow = false;
    this.jobId = null;
    this.pose.changeSubject();
    void this.second.choose(null);
  }

  settings(pack?: Pack): GenerationSettings {
    const manner = this.manner(pack);
    return {
      ...(this.adapterId ? { adapterStrength: this.adapterStrength } : {}),
      ...typedSettings(this.typed, manner),
      ...(manner.isFast ? { fast: true } : {}),
      ...(this.facePass === null ? {} : { facePass: this.facePass }),
    };
  }

  /** Starts a batch on the look's own model, or on `pack` without a look. */
  async start(subjectId: SubjectId, look: Look | null, pack: Pack): Promise<Job> {
    const prompt = this.prompt.trim();
    const job = await this.#client.call('portraits.create', {
      subjectId,
      adapterId: look?.id ?? null,
      packId: look?.packId ?? pack.id,
      prompts: prompt === '' ? [] : [prompt],
      styleIds: [...this.styleIds],
      negativePrompt: this.negativePrompt.trim(),
      count: this.count ?? 1,
      ...(this.seed === null ? {} : { seed: this.seed }),
      compareWithout: this.compareWithout && look !== null,
      instantly: this.isInstant ? { pose: this.pose.pose() } : null,
      second: this.second.request(),
      settings: this.settings(pack),
    });
    this.jobId = job.id;
    return job;
  }
}

function isWhole(value: number | null, low: number, high: number): boolean {
  return value !== null && Number.isInteger(value) && value >= low && value <= high;
}

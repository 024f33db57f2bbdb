// What to draw next: who, how (with looks, or instantly from photos), prompts, styles, sizes, how many, seed and
// strengths; and how many portraits that makes.

import type { AdapterId, JobId, PackId, PhotoId, StyleId, SubjectId } from '../../src-main/contract/ids.ts';
import type { Look, Pack, Portrait } from '../../src-main/contract/nouns.ts';
import type { Job } from '../../src-main/contract/work.ts';
import type { GenerationSettings, SamplerName } from '../../src-main/contract/settings.ts';
import type { StudioClient } from '../ipc/client.ts';
import { AddOnPlan } from './add-on-plan.svelte.ts';
import {
  createFields, type FacePass, isAllowedGeneration, type Manner, nothingTyped, typedSettings,
} from './create-fields.ts';
import { createRequest } from './create-request.ts';
import { PosePlan } from './pose-plan.svelte.ts';
import { hasChoices, promptsOf } from './prompt-text.ts';
import { SecondPlan } from './second-plan.svelte.ts';
import { drawnSize, isSameSize, mostSizes, type Size, usualSize } from './sizes.ts';
import { StartPlan } from './start-plan.svelte.ts';

const maximumSeed = 0xffff_ffff;
const maximumCount = 1000;
const mostLooks = 20;

/** Why drawing cannot start. */
export type CreateObstacle =
  | 'no-model' | 'model-gone' | 'nothing-to-draw' | 'not-instant' | 'no-consent' | 'look-needed'
  | 'second-look-needed' | 'crowded'
  | 'no-face-photo' | 'wrong-numbers' | 'add-on-misfit';

export class Create {
  how = $state<'look' | 'instantly'>('look');
  /** The user has said how; then nothing is suggested. */
  #hasChosenHow = false;
  /** Looks that each portrait is drawn with, all of one model; empty: the plain model, without a look. */
  adapterIds = $state.raw<readonly AdapterId[]>([]);
  /** The model for portraits without a look; null: the first that can. */
  packId = $state<PackId | null>(null);
  prompt = $state('');
  /** Each line of the prompt is one of its own. */
  isByLine = $state(false);
  negativePrompt = $state('');
  styleIds = $state<StyleId[]>([]);
  count = $state<number | null>(4);
  /** Sizes that each is drawn in; empty: the model's own. */
  sizes = $state.raw<readonly Size[]>([]);
  /** Each '{a|b}' of a prompt with every choice, in place of one by chance for each portrait. */
  everyChoice = $state(false);
  /** Null: a random one. */
  seed = $state<number | null>(null);
  adapterStrength = $state(1);
  compareWithout = $state(false);
  typed = $state(nothingTyped());
  wantsFast = $state(false);
  /** Null: as the model does it. */
  facePass = $state<FacePass | null>(null);
  /** Null: the model's own. */
  sampler = $state<SamplerName | null>(null);
  /** Photos that give the face of an instant portrait; null: all that are used. */
  facePhotoIds = $state.raw<readonly PhotoId[] | null>(null);
  /** The batch whose portraits are on the page. */
  jobId = $state<JobId | null>(null);
  /** What lies beside the form; null: the portraits of a batch, or the styles where there is none. */
  pane = $state<'styles' | 'results' | null>(null);
  readonly pose = new PosePlan();
  readonly begin = new StartPlan();
  readonly addOns = new AddOnPlan();
  readonly second: SecondPlan;
  #client: StudioClient;

  isInstant = $derived(this.how === 'instantly');
  shownPane = $derived<'styles' | 'results'>(this.pane ?? (this.jobId ? 'results' : 'styles'));
  prompts = $derived(promptsOf(this.prompt, this.isByLine));
  subjects = $derived(this.prompts.length + this.styleIds.length);
  hasChoices = $derived(hasChoices(this.prompt) || hasChoices(this.negativePrompt));
  isCompared = $derived(this.compareWithout && (this.isInstant || this.adapterIds.length > 0));
  /** Of each prompt and style, without the choices in a prompt; the studio's plan knows those, too. */
  total = $derived(
    this.subjects * (this.count ?? 0) * Math.max(1, this.sizes.length) *
    Math.max(1, this.adapterIds.length) * (this.isCompared ? 2 : 1),
  );
  isCountRight = $derived(isWhole(this.count, 1, maximumCount));
  isSeedRight = $derived(this.seed === null || isWhole(this.seed, 0, maximumSeed));
  canStart = $derived(this.subjects > 0 && this.isCountRight && this.isSeedRight && this.areFieldsRight());

  constructor(client: StudioClient) {
    this.#client = client;
    this.second = new SecondPlan(client);
  }

  /** The first look; null: the plain model. */
  get adapterId(): AdapterId | null {
    return this.adapterIds[0] ?? null;
  }

  set adapterId(id: AdapterId | null) {
    this.adapterIds = id === null ? [] : [id];
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

  /** Takes a look in beside the others, or out; one of another model takes the place of all. */
  toggleLook(look: Look, looks: readonly Look[]): void {
    if (this.adapterIds.includes(look.id)) {
      this.adapterIds = this.adapterIds.filter((id) => id !== look.id);
      return;
    }
    const alike = looks.filter(({ id, packId }) => packId === look.packId && this.adapterIds.includes(id));
    this.adapterIds = [...alike.map(({ id }) => id), look.id].slice(-mostLooks);
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
    if (pack.state !== 'ready') return 'model-gone';
    if (this.isInstant && !pack.instantly?.isReady) return 'not-instant';
    if (this.isInstant && !hasConsent) return 'no-consent';
    if (this.second.subjectId !== null) {
      if (!this.isInstant && !look) return 'look-needed';
      if (!this.isInstant && !this.second.adapterId) return 'second-look-needed';
      if (this.second.isCrowded) return 'crowded';
    }
    if (this.addOns.misfit(pack)) return 'add-on-misfit';
    if (this.subjects === 0) return 'nothing-to-draw';
    if (this.facePhotoIds?.length === 0 && this.isInstant) return 'no-face-photo';
    return this.canStart ? null : 'wrong-numbers';
  }

  toggleStyle(id: StyleId): void {
    this.styleIds = this.styleIds.includes(id) ? this.styleIds.filter((each) => each !== id) : [...this.styleIds, id];
  }

  /** Takes a size in or out; with none the model's own. */
  toggleSize(size: Size): void {
    const others = this.sizes.filter((each) => !isSameSize(each, size));
    this.sizes = others.length < this.sizes.length ? others : [...others, size].slice(-mostSizes);
  }

  /** Width over height of the first portraits. */
  aspect(pack: Pack | undefined): number {
    const { widthPx, heightPx } = this.sizes[0] ?? usualSize(pack, this.isInstant);
    return widthPx / heightPx;
  }

  /** Takes one of the photos that give the face out or in; all of them stand for "those that are used". */
  toggleFacePhoto(photoId: PhotoId, usedIds: readonly PhotoId[]): void {
    const before = this.facePhotoIds ?? usedIds;
    const isIn = before.includes(photoId);
    const after = usedIds.filter((id) => (id === photoId ? !isIn : before.includes(id)));
    this.facePhotoIds = after.length === usedIds.length ? null : after;
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
    const { samplingSteps, guidanceScale, settings, instantly, styleId } = portrait;
    this.how = instantly ? 'instantly' : 'look';
    this.#hasChosenHow = true;
    this.adapterId = portrait.adapterId;
    this.packId = portrait.packId;
    this.prompt = styleId ? '' : portrait.prompt;
    this.isByLine = false;
    this.styleIds = styleId ? [styleId] : [];
    this.negativePrompt = styleId ? '' : portrait.negativePrompt;
    this.seed = portrait.seed;
    this.adapterStrength = portrait.adapterStrength;
    this.count = 1;
    this.compareWithout = false;
    this.#takeNumbers(settings, { samplingSteps, guidanceScale });
    this.facePhotoIds = instantly?.facePhotoIds ?? null;
    this.sizes = [drawnSize(portrait)];
    this.pose.fit(portrait.widthPx / portrait.heightPx);
    this.pose.take(instantly?.pose ?? { kind: 'reference' });
    this.begin.clear();
    this.addOns.take(portrait);
  }

  #takeNumbers(settings: GenerationSettings, drawn: { samplingSteps: number; guidanceScale: number }): void {
    const own = createFields.map((field) => [field, settings[field] ?? null]);
    this.typed = { ...nothingTyped(), ...Object.fromEntries(own), ...drawn };
    this.wantsFast = settings.fast ?? false;
    this.facePass = settings.facePass ?? null;
    this.sampler = settings.sampler ?? null;
  }

  /** For another subject: forgets looks, batch, pictures and the second person; keeps what to draw. */
  changeSubject(): void {
    this.adapterId = null;
    this.how = 'look';
    this.#hasChosenHow = false;
    this.jobId = null;
    this.pane = null;
    this.facePhotoIds = null;
    this.begin.clear();
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
      ...(this.sampler === null ? {} : { sampler: this.sampler }),
    };
  }

  /** Starts the batch, whose portraits then come into view. */
  async start(subjectId: SubjectId, look: Look | null, pack: Pack): Promise<Job> {
    const job = await this.#client.call('portraits.create', createRequest(this, subjectId, look, pack));
    this.jobId = job.id;
    this.pane = null;
    return job;
  }
}

function isWhole(value: number | null, low: number, high: number): boolean {
  return value !== null && Number.isInteger(value) && value >= low && value <= high;
}

// What to draw next: prompt, styles, how many, seed, strength; and how many portraits that makes.

import type { AdapterId, JobId, StyleId, SubjectId } from '../../src-main/contract/ids.ts';
import type { Job, Look, Pack, Portrait } from '../../src-main/contract/nouns.ts';
import { generationSettingsSchema, type GenerationSettings } from '../../src-main/contract/settings.ts';
import type { StudioClient } from '../ipc/client.ts';

export type CreateField = 'samplingSteps' | 'guidanceScale';
const maximumSeed = 0xffff_ffff;
const maximumCount = 1000;

export class Create {
  /** Null: the plain model, without a look. */
  adapterId = $state<AdapterId | null>(null);
  prompt = $state('');
  negativePrompt = $state('');
  styleIds = $state<StyleId[]>([]);
  count = $state<number | null>(4);
  /** Null: a random one. */
  seed = $state<number | null>(null);
  adapterStrength = $state(1);
  compareWithout = $state(false);
  typed = $state<Record<CreateField, number | null>>({ samplingSteps: null, guidanceScale: null });
  /** The batch whose portraits are on the page. */
  jobId = $state<JobId | null>(null);
  #client: StudioClient;

  subjects = $derived((this.prompt.trim() === '' ? 0 : 1) + this.styleIds.length);
  total = $derived(this.subjects * (this.count ?? 0) * (this.compareWithout && this.adapterId ? 2 : 1));
  isCountRight = $derived(isWhole(this.count, 1, maximumCount));
  isSeedRight = $derived(this.seed === null || isWhole(this.seed, 0, maximumSeed));
  canStart = $derived(this.subjects > 0 && this.isCountRight && this.isSeedRight && this.areFieldsRight());

  constructor(client: StudioClient) {
    this.#client = client;
  }

  areFieldsRight(): boolean {
    return (Object.keys(this.typed) as CreateField[]).every((field) => isAllowedGeneration(field, this.typed[field]));
  }

  toggleStyle(id: StyleId): void {
    this.styleIds = this.styleIds.includes(id) ? this.styleIds.filter((each) => each !== id) : [...this.styleIds, id];
  }

  /** Puts a word at the head of the prompt unless it is in it. */
  insertWord(word: string): void {
    if (this.prompt.includes(word)) return;
    this.prompt = this.prompt.trim() === '' ? `${word}, ` : `${word}, ${this.prompt}`;
  }

  rollSeed(random: () => number = Math.random): void {
    this.seed = Math.floor(random() * (maximumSeed + 1));
  }

  /** Takes the settings of a portrait: the same again, or a start for others. */
  takeFrom(portrait: Portrait): void {
    this.adapterId = portrait.adapterId;
    this.prompt = portrait.styleId ? '' : portrait.prompt;
    this.styleIds = portrait.styleId ? [portrait.styleId] : [];
    this.negativePrompt = portrait.styleId ? '' : portrait.negativePrompt;
    this.seed = portrait.seed;
    this.adapterStrength = portrait.adapterStrength;
    this.count = 1;
    this.typed = { samplingSteps: portrait.samplingSteps, guidanceScale: portrait.guidanceScale };
  }

  /** For another subject: forgets look and batch, keeps what to draw. */
  changeSubject(): void {
    this.adapterId = null;
    this.jobId = null;
  }

  settings(): GenerationSettings {
    const { samplingSteps, guidanceScale } = this.typed;
    return {
      ...(this.adapterId ? { adapterStrength: this.adapterStrength } : {}),
      ...(samplingSteps === null ? {} : { samplingSteps }),
      ...(guidanceScale === null ? {} : { guidanceScale }),
    };
  }

  /** Starts a batch on the look's own model, or on `plainPack` without a look. */
  async start(subjectId: SubjectId, look: Look | null, plainPack: Pack): Promise<Job> {
    const prompt = this.prompt.trim();
    const job = await this.#client.call('portraits.create', {
      subjectId,
      adapterId: look?.id ?? null,
      packId: look?.packId ?? plainPack.id,
      prompts: prompt === '' ? [] : [prompt],
      styleIds: [...this.styleIds],
      negativePrompt: this.negativePrompt.trim(),
      count: this.count ?? 1,
      ...(this.seed === null ? {} : { seed: this.seed }),
      compareWithout: this.compareWithout && look !== null,
      settings: this.settings(),
    });
    this.jobId = job.id;
    return job;
  }
}

/** Whether a number lies in the contract's range for this field; null stands for the default. */
export function isAllowedGeneration(field: CreateField, value: number | null): boolean {
  return value === null || generationSettingsSchema.shape[field].safeParse(value).success;
}

function isWhole(value: number | null, low: number, high: number): boolean {
  return value !== null && Number.isInteger(value) && value >= low && value <= high;
}

// How the next look is taught: by which method, on which model, how close, from where, and every number of Advanced.
// What is not set is left to the model's own default for the method, which the page shows.

import type { PackId, PhotoId, SubjectId } from '../../src-main/contract/ids.ts';
import type { Look, Pack, Photo } from '../../src-main/contract/nouns.ts';
import type { Job } from '../../src-main/contract/work.ts';
import type { Method, TrainingSettings } from '../../src-main/contract/settings.ts';
import type { StudioClient } from '../ipc/client.ts';
import {
  fieldNames, fieldsOf, isAllowed, isInForce, trainingFields, type FieldGroup, type FieldName, type FieldValue,
} from './training-fields.ts';

/** Share of the default number of steps at each stop of the faster–closer slider; the middle is the default. */
export const closenessFactors = [0.25, 0.5, 1, 1.5, 2.5] as const;
const middle = 2;
/** Rows of the new word where the model does not say. */
const usualVectorCount = 4;

/** Why teaching cannot start. */
export type Obstacle = 'no-model' | 'model-gone' | 'no-photos' | 'all-held-out' | 'no-consent' | 'wrong-settings';

export class Teach {
  method = $state<Method>('lora');
  packId = $state<PackId | null>(null);
  closeness = $state(middle);
  /** The look that the next one goes on from. */
  warmStart = $state.raw<Look | null>(null);
  /** Photos that are not learned from, to measure by. */
  heldOutPhotoIds = $state.raw<readonly PhotoId[]>([]);
  /** Whether the form stands on the page although a run is under way. */
  isPlanning = $state(false);
  /** What was set by hand, by method. */
  #set = $state.raw<Readonly<Record<Method, TrainingSettings>>>(nothingSet());
  #packs = $state.raw<readonly Pack[]>([]);
  #client: StudioClient;

  pack = $derived(this.#packs.find((pack) => pack.id === this.packId) ?? this.#packs[0] ?? null);
  #packDefaults = $derived<TrainingSettings>(this.pack?.trainingDefaults?.[this.method] ?? {});
  #chosen = $derived(withoutLocked(this.#set[this.method], this.warmStart));
  /** What each setting is where nothing is set by hand. */
  defaults = $derived.by((): TrainingSettings => {
    const steps = stepsAt(this.closeness, this.#packDefaults.trainingSteps);
    const rank = this.#chosen.rank;
    return {
      ...this.#packDefaults,
      ...(steps === undefined ? {} : { trainingSteps: steps }),
      // a wider add-on keeps its strength when alpha grows along
      ...(rank === undefined ? {} : { loraAlpha: rank }),
      ...(this.warmStart ? lockedSettings(this.warmStart) : {}),
    };
  });
  /** What each setting will be. */
  inForce = $derived<TrainingSettings>({ ...this.defaults, ...this.#chosen });
  wrongFields = $derived(
    fieldNames.filter((name) => this.isShown(name) && !isAllowed(name, this.#chosen[name], this.method)),
  );
  isChanged = $derived(this.closeness !== middle || fieldNames.some((name) => this.isFieldChanged(name)));

  constructor(client: StudioClient) {
    this.#client = client;
  }

  chooseMethod(method: Method): void {
    if (this.method !== method) this.warmStart = null;
    this.method = method;
  }

  /** Takes the model with this id, if it is installed. */
  choosePack(id: string): void {
    this.packId = this.#packs.find((pack) => pack.id === id)?.id ?? null;
    this.warmStart = null;
  }

  setPacks(packs: readonly Pack[]): void {
    this.#packs = packs;
  }

  /** Moves the slider; steps set by hand give way to it. */
  setCloseness(level: number): void {
    this.closeness = level;
    this.set('trainingSteps', null);
  }

  /** Steps that a method would take where the slider stands; null when the model does not say. */
  stepsOf(method: Method): number | null {
    if (method === this.method) return this.inForce.trainingSteps ?? null;
    return stepsAt(this.closeness, this.pack?.trainingDefaults?.[method].trainingSteps) ?? null;
  }

  /** Fields of a group that have an effect now. */
  fieldsOf(group: FieldGroup): FieldName[] {
    return fieldsOf(group, this.method, this.inForce);
  }

  isShown(name: FieldName): boolean {
    return isInForce(name, this.method, this.inForce);
  }

  /** Whether the look that the run goes on from fixes this setting. */
  isLocked(name: FieldName): boolean {
    return this.warmStart !== null && name in lockedSettings(this.warmStart);
  }

  /** What was set by hand; null where nothing was. */
  chosen(name: FieldName): FieldValue | null {
    return this.#chosen[name] ?? null;
  }

  isFieldChanged(name: FieldName): boolean {
    const value = this.#chosen[name];
    return value !== undefined && value !== this.defaults[name] && this.isShown(name);
  }

  changesIn(group: FieldGroup): number {
    return this.fieldsOf(group).filter((name) => this.isFieldChanged(name)).length;
  }

  /** Sets a field by hand; null gives it back to its default. */
  set(name: FieldName, value: FieldValue | null): void {
    const settings: Record<string, FieldValue> = { ...this.#set[this.method] };
    if (value === null) delete settings[name];
    else settings[name] = value;
    this.#set = { ...this.#set, [this.method]: settings };
  }

  /** Whether a LoRA learns a word of its own along with it (pivotal tuning). */
  learnWord(isOn: boolean): void {
    const rows = this.pack?.trainingDefaults?.['textual-inversion'].vectorCount;
    this.set('vectorCount', isOn ? (rows || usualVectorCount) : null);
  }

  /** Everything of this method as the model has it. */
  reset(): void {
    this.closeness = middle;
    this.#set = { ...this.#set, [this.method]: {} };
  }

  /** Plans a run that goes on from a look: its method, its model, and what a file of its shape fixes. */
  continueFrom(look: Look): void {
    this.chooseMethod(look.method);
    this.choosePack(look.packId);
    this.warmStart = look;
    this.isPlanning = true;
  }

  /** Another person is on the page: nothing is kept aside or gone on from. */
  changeSubject(): void {
    this.warmStart = null;
    this.heldOutPhotoIds = [];
    this.isPlanning = false;
  }

  toggleHeldOut(photoId: PhotoId): void {
    this.heldOutPhotoIds = this.heldOutPhotoIds.includes(photoId)
      ? this.heldOutPhotoIds.filter((each) => each !== photoId)
      : [...this.heldOutPhotoIds, photoId];
  }

  /** The photos that will be learned from, and those that are kept aside. */
  split(photos: readonly Photo[]): { learned: Photo[]; heldOut: Photo[] } {
    const used = photos.filter((photo) => photo.isUsed);
    const isAside = (photo: Photo): boolean => this.heldOutPhotoIds.includes(photo.id);
    return { learned: used.filter((photo) => !isAside(photo)), heldOut: used.filter(isAside) };
  }

  /** How often a run sees each photo that counts once; null while a number is missing. */
  timesSeen(photos: readonly Photo[]): number | null {
    const { trainingSteps, batchSize, gradientAccumulationSteps } = this.inForce;
    const weight = this.split(photos).learned.reduce((sum, photo) => sum + photo.repeats, 0);
    if (!trainingSteps || !batchSize || !gradientAccumulationSteps || weight === 0) return null;
    return (trainingSteps * batchSize * gradientAccumulationSteps) / weight;
  }

  /** What stands in the way of a start; null when nothing does. */
  obstacle(photos: readonly Photo[], hasConsent: boolean): Obstacle | null {
    const { learned, heldOut } = this.split(photos);
    if (!this.pack) return 'no-model';
    if (this.pack.state !== 'ready') return 'model-gone';
    if (learned.length === 0) return heldOut.length > 0 ? 'all-held-out' : 'no-photos';
    if (!hasConsent) return 'no-consent';
    return this.wrongFields.length > 0 ? 'wrong-settings' : null;
  }

  /** What differs from the model's defaults, and the number of steps in any case. */
  settings(): TrainingSettings {
    const { inForce } = this;
    const said = fieldNames.filter((name) =>
      this.isShown(name) && inForce[name] !== undefined &&
      (inForce[name] !== this.#packDefaults[name] || name === 'trainingSteps'));
    return Object.fromEntries(said.map((name) => [name, inForce[name]])) as TrainingSettings;
  }

  async start(subjectId: SubjectId, photos: readonly Photo[]): Promise<Job> {
    if (!this.pack) throw new Error('Teaching needs a model; the page offers it only when one is installed.');
    const job = await this.#client.call('looks.teach', {
      subjectId, packId: this.pack.id, method: this.method, settings: this.settings(),
      heldOutPhotoIds: this.split(photos).heldOut.map(({ id }) => id),
      warmStartAdapterId: this.warmStart?.id ?? null,
    });
    this.isPlanning = false;
    return job;
  }
}

function nothingSet(): Record<Method, TrainingSettings> {
  return { lora: {}, dreambooth: {}, 'textual-inversion': {} };
}

function lockedSettings(look: Look): TrainingSettings {
  const names = fieldNames.filter((name) => trainingFields[name].isStructural && look.settings[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, look.settings[name]]));
}

function withoutLocked(settings: TrainingSettings, look: Look | null): TrainingSettings {
  if (!look) return settings;
  const locked = lockedSettings(look);
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !(name in locked)));
}

function stepsAt(closeness: number, steps: number | undefined): number | undefined {
  return steps === undefined ? undefined : Math.max(1, Math.round(steps * closenessFactors[closeness]!));
}

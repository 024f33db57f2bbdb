// How the next look is taught: which model, how close, and the few numbers of Advanced.
// A number that is not set is left to the model's own default, which the page shows.

import type { PackId, SubjectId } from '../../src-main/contract/ids.ts';
import type { Job, LossPoint, Pack } from '../../src-main/contract/nouns.ts';
import { trainingSettingsSchema, type TrainingSettings } from '../../src-main/contract/settings.ts';
import type { StudioClient } from '../ipc/client.ts';

/** Share of the default number of steps at each stop of the faster–closer slider; the middle is the default. */
export const closenessFactors = [0.25, 0.5, 1, 1.5, 2.5] as const;
const middle = 2;

export type TeachField = 'rank' | 'trainingSteps' | 'learningRate';

export class Teach {
  packId = $state<PackId | null>(null);
  closeness = $state(middle);
  /** What was typed in Advanced; null is the default. */
  typed = $state<Record<TeachField, number | null>>({ rank: null, trainingSteps: null, learningRate: null });
  #packs = $state.raw<readonly Pack[]>([]);
  #client: StudioClient;

  pack = $derived(this.#packs.find((pack) => pack.id === this.packId) ?? this.#packs[0] ?? null);
  /** Steps that will be taken; null when neither the user nor the model has said. */
  trainingSteps = $derived(this.typed.trainingSteps ?? stepsAt(this.closeness, this.pack));
  isChanged = $derived(this.closeness !== middle || Object.values(this.typed).some((value) => value !== null));
  wrongFields = $derived(
    (Object.keys(this.typed) as TeachField[]).filter((field) => !isAllowedSetting(field, this.typed[field])),
  );

  constructor(client: StudioClient) {
    this.#client = client;
  }

  /** Takes the model with this id, if it is installed. */
  choosePack(id: string): void {
    this.packId = this.#packs.find((pack) => pack.id === id)?.id ?? null;
  }

  setPacks(packs: readonly Pack[]): void {
    this.#packs = packs;
  }

  /** The default of a field for the chosen model; null when the model does not say. */
  defaultOf(field: TeachField): number | null {
    if (field === 'trainingSteps') return stepsAt(this.closeness, this.pack);
    return this.pack?.trainingDefaults?.lora[field] ?? null;
  }

  /** Moves the slider; steps typed by hand give way to it. */
  setCloseness(level: number): void {
    this.closeness = level;
    this.typed.trainingSteps = null;
  }

  reset(): void {
    this.closeness = middle;
    this.typed = { rank: null, trainingSteps: null, learningRate: null };
  }

  settings(): TrainingSettings {
    const { rank, learningRate } = this.typed;
    return {
      ...(rank === null ? {} : { rank, loraAlpha: rank }),
      ...(learningRate === null ? {} : { learningRate }),
      ...(this.trainingSteps === null ? {} : { trainingSteps: this.trainingSteps }),
    };
  }

  async start(subjectId: SubjectId): Promise<Job> {
    if (!this.pack) throw new Error('Teaching needs a model; the page offers it only when one is installed.');
    const settings = this.settings();
    return this.#client.call('looks.teach', { subjectId, packId: this.pack.id, method: 'lora', settings });
  }
}

/** Whether a number lies in the contract's range for this field; null stands for the default. */
export function isAllowedSetting(field: TeachField, value: number | null): boolean {
  return value === null || trainingSettingsSchema.shape[field].safeParse(value).success;
}

/**
 * The loss with the noise of single steps taken out: an exponential mean that forgets over about a twentieth of the
 * curve, with its start corrected for the missing past (Kingma and Ba 2014, section 3).
 */
export function smoothLoss(points: readonly LossPoint[]): number[] {
  const keep = 1 - 1 / Math.max(5, points.length / 20);
  let mean = 0;
  let weight = 0;
  return points.map(({ loss }) => {
    mean = keep * mean + (1 - keep) * loss;
    weight = keep * weight + (1 - keep);
    return mean / weight;
  });
}

function stepsAt(closeness: number, pack: Pack | null): number | null {
  const steps = pack?.trainingDefaults?.lora.trainingSteps;
  return steps === undefined ? null : Math.max(1, Math.round(steps * closenessFactors[closeness]!));
}

// The numbers of Create that are set by hand: their ranges are the contract's, their defaults the model's.

import type { Pack } from '../../src-main/contract/nouns.ts';
import { type GenerationSettings, generationSettingsSchema, type Method } from '../../src-main/contract/settings.ts';

export const createFields = [
  'samplingSteps', 'guidanceScale', 'attentionGuidanceScale', 'clipSkip', 'imageStrength', 'imageStart', 'imageEnd',
  'identityNetStrength', 'identityNetStart', 'identityNetEnd', 'facePassStrength', 'upscale', 'upscaleStrength',
] as const;
export type CreateField = (typeof createFields)[number];
export type FacePass = NonNullable<GenerationSettings['facePass']>;

/** Fields that only an instant portrait has. */
const instantFields: readonly CreateField[] = [
  'imageStrength', 'imageStart', 'imageEnd', 'identityNetStrength', 'identityNetStart', 'identityNetEnd',
];
/** Starting points where a model has none of its own: InstantID's demo (Wang et al. 2024). */
const fallbacks: Partial<Record<CreateField, number>> = {
  imageStrength: 0.8, imageStart: 0, imageEnd: 1, identityNetStrength: 0.8, identityNetStart: 0, identityNetEnd: 1,
  attentionGuidanceScale: 0, facePassStrength: 0.5, upscale: 1, upscaleStrength: 0.3,
};

/** How a batch is drawn, as far as it decides which defaults and which fields hold. */
export interface Manner {
  readonly isInstant: boolean;
  readonly isFast: boolean;
  /** By which the look was taught; undefined without one. */
  readonly method?: Method | undefined;
}

/** Whether a number lies in the contract's range for this field; null stands for the default. */
export function isAllowedGeneration(field: CreateField, value: number | null): boolean {
  return value === null || generationSettingsSchema.shape[field].safeParse(value).success;
}

/** What a field becomes that is left empty; null where only the studio knows. */
export function defaultOf(
  field: CreateField, pack: Pack | undefined, { isInstant, isFast, method }: Manner,
): number | null {
  const ofMethod = method === undefined ? undefined : pack?.lookDefaults?.[method];
  const layers = [
    isFast ? pack?.fastDefaults : undefined, isInstant ? pack?.instantDefaults : ofMethod, pack?.generationDefaults,
    fallbacks,
  ];
  for (const layer of layers) if (layer?.[field] !== undefined) return layer[field];
  return null;
}

/** What was set by hand, without what such a portrait has no use for. */
export function typedSettings(
  typed: Readonly<Record<CreateField, number | null>>, { isInstant }: Manner,
): GenerationSettings {
  const held = createFields.filter((field) => typed[field] !== null && (isInstant || !instantFields.includes(field)));
  return Object.fromEntries(held.map((field) => [field, typed[field]]));
}

export function nothingTyped(): Record<CreateField, number | null> {
  return Object.fromEntries(createFields.map((field) => [field, null])) as Record<CreateField, number | null>;
}

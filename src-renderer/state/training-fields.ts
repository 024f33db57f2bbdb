// Every setting of teaching as the page offers it: in which group, for which methods, beside which other settings.
// Kinds and ranges are read from the contract's schema, so that they are written in one place.

import type { z } from 'zod';
import { trainingSettingsSchema, type Method, type TrainingSettings } from '../../src-main/contract/settings.ts';

export type FieldName = keyof TrainingSettings;
export type FieldValue = NonNullable<TrainingSettings[FieldName]>;
/** 'prior' and 'word' stand on the form itself with the first of their fields; the rest folds out in Advanced. */
export type FieldGroup = 'data' | 'network' | 'optimiser' | 'prior' | 'saving' | 'word';
/** Settings as they will be taken: what was set, else the default; absent where neither is known. */
export type SettingsInForce = Readonly<TrainingSettings>;

export interface FieldRule {
  readonly group: FieldGroup;
  readonly methods: readonly Method[];
  /** Whether it has an effect beside the other settings; left out: always. */
  readonly applies?: (settings: SettingsInForce, method: Method) => boolean;
  /** Fixed by the look that a run goes on from. */
  readonly isStructural?: boolean;
}

const all: readonly Method[] = ['lora', 'dreambooth', 'textual-inversion'];
const lora: readonly Method[] = ['lora'];
const weights: readonly Method[] = ['lora', 'dreambooth'];
const words: readonly Method[] = ['lora', 'textual-inversion'];
const hasConvolutions = ({ targets }: SettingsInForce): boolean => targets === 'transformer-and-convolution';
const hasWord = ({ vectorCount = 0 }: SettingsInForce, method: Method): boolean =>
  method === 'textual-inversion' || vectorCount > 0;
const hasPrior = ({ prior = 'none' }: SettingsInForce): boolean => prior !== 'none';

export const trainingFields: Readonly<Record<FieldName, FieldRule>> = {
  resolutionPx: { group: 'data', methods: all },
  useBuckets: { group: 'data', methods: all },
  batchSize: { group: 'data', methods: all },
  gradientAccumulationSteps: { group: 'data', methods: all },
  captionDropout: { group: 'data', methods: all },
  captionTagDropout: { group: 'data', methods: all },
  faceMaskWeight: { group: 'data', methods: all },

  rank: { group: 'network', methods: lora, isStructural: true },
  loraAlpha: { group: 'network', methods: lora, isStructural: true },
  targets: { group: 'network', methods: lora, isStructural: true },
  convRank: { group: 'network', methods: lora, applies: hasConvolutions, isStructural: true },
  convAlpha: { group: 'network', methods: lora, applies: hasConvolutions, isStructural: true },
  clipSkip: { group: 'network', methods: all },
  recompute: { group: 'network', methods: all },

  trainingSteps: { group: 'optimiser', methods: all },
  optimizer: { group: 'optimiser', methods: all },
  learningRate: { group: 'optimiser', methods: weights },
  textEncoderLearningRate: { group: 'optimiser', methods: weights },
  newTokenLearningRate: { group: 'optimiser', methods: words, applies: hasWord },
  learningRateSchedule: { group: 'optimiser', methods: all },
  warmupSteps: { group: 'optimiser', methods: all },
  weightDecay: { group: 'optimiser', methods: all },
  maxGradientNorm: { group: 'optimiser', methods: all },
  minSnrGamma: { group: 'optimiser', methods: all },
  minTimestep: { group: 'optimiser', methods: all },
  noiseOffset: { group: 'optimiser', methods: all },
  seed: { group: 'optimiser', methods: all },

  // a new word leaves every weight as it is, so there is no class to keep
  prior: { group: 'prior', methods: weights },
  priorLossWeight: { group: 'prior', methods: weights, applies: hasPrior },
  priorImageCount: { group: 'prior', methods: weights, applies: ({ prior }) => prior === 'images' },

  vectorCount: { group: 'word', methods: words, isStructural: true },
  newWord: { group: 'word', methods: words, applies: hasWord, isStructural: true },
  initializerWord: { group: 'word', methods: words, applies: hasWord },

  snapshotEverySteps: { group: 'saving', methods: all },
  previewCount: { group: 'saving', methods: all },
};

export const fieldNames = Object.keys(trainingFields) as FieldName[];

/** Fields of one group that have an effect with this method and these settings, in the order of the table. */
export function fieldsOf(group: FieldGroup, method: Method, settings: SettingsInForce): FieldName[] {
  return fieldNames.filter((name) => trainingFields[name].group === group && isInForce(name, method, settings));
}

/** Whether a setting has an effect with this method beside the other settings. */
export function isInForce(name: FieldName, method: Method, settings: SettingsInForce): boolean {
  const { methods, applies } = trainingFields[name];
  return methods.includes(method) && (applies?.(settings, method) ?? true);
}

export type FieldKind =
  | { readonly kind: 'number'; readonly low: number; readonly high: number; readonly multiple: number | null }
  | { readonly kind: 'choice'; readonly options: readonly string[] }
  | { readonly kind: 'switch' }
  | { readonly kind: 'word'; readonly longest: number };

/** What kind of value a field takes, and its range, as the contract says. */
export function kindOf(name: FieldName): FieldKind {
  const schema = trainingSettingsSchema.shape[name].unwrap() as z.ZodNumber | z.ZodEnum | z.ZodBoolean | z.ZodString;
  switch (schema.def.type) {
    case 'number': {
      const { minValue, maxValue, isInt } = schema as z.ZodNumber;
      // whole numbers are multiples of 1, some of more
      const checks = (schema.def.checks ?? []).map((check) => check._zod.def);
      const step = checks.find(({ check }) => check === 'multiple_of') as { value?: number } | undefined;
      const multiple = isInt ? (step?.value ?? 1) : null;
      return { kind: 'number', low: minValue ?? -Infinity, high: maxValue ?? Infinity, multiple };
    }
    case 'enum': return { kind: 'choice', options: (schema as z.ZodEnum).options.map(String) };
    case 'boolean': return { kind: 'switch' };
    case 'string': return { kind: 'word', longest: (schema as z.ZodString).maxLength ?? Infinity };
  }
}

/** Whether the contract takes this value; undefined stands for the default. Textual inversion needs a vector. */
export function isAllowed(name: FieldName, value: unknown, method: Method): boolean {
  if (value === undefined) return true;
  if (name === 'vectorCount' && method === 'textual-inversion' && value === 0) return false;
  return trainingSettingsSchema.shape[name].safeParse(value).success;
}

// What a teach request means for the networks: which parameters learn, by which optimizer, and which word is new.

import type { TeachRequest } from '../contract/engine.ts';
import { UserError } from '../contract/errors.ts';
import { type LoraModule, textLoraModules, unetLoraModules } from '../networks/lora-graph.ts';
import type { LearnedToken } from '../text/learned-words.ts';
import { elementCount } from '../tensor/tensor.ts';
import { defaultAdafactor } from '../training/adafactor.ts';
import { defaultAdamW } from '../training/adamw.ts';
import type { OptimizerSettings } from '../training/optimizer.ts';
import type { Trainables } from '../training/trainables.ts';
import type { LoadedPack } from './loaded-pack.ts';

export interface TeachPlan {
  readonly trainables: Trainables;
  readonly optimizer: OptimizerSettings;
  /** A new word changes nothing that is said of the class, so it needs none. */
  readonly prior: TeachRequest['settings']['prior'];
  /** The new word, where there is one. */
  readonly learnedTokens: readonly LearnedToken[];
}

type PlannedRequest = Pick<TeachRequest, 'method' | 'settings'>;

/** Refuses with training.rank-too-large. */
export function planTeaching(request: PlannedRequest, { checkpoint }: Pick<LoadedPack, 'checkpoint'>): TeachPlan {
  const { settings } = request;
  const { optimizer: kind, weightDecay } = settings;
  const optimizer = kind === 'adamw' ? { ...defaultAdamW, weightDecay } : { ...defaultAdafactor, weightDecay };
  const vectors = vectorsOf(request);
  const learnedTokens = vectors > 0 ? [{ word: settings.newWord, vectors }] : [];
  const prior = request.method === 'textual-inversion' ? 'none' : settings.prior;
  return { trainables: trainablesOf(request, checkpoint, vectors), optimizer, prior, learnedTokens };
}

/** Rows of the new word: textual inversion always has one, DreamBooth never. */
function vectorsOf({ method, settings }: PlannedRequest): number {
  if (method === 'dreambooth') return 0;
  return method === 'textual-inversion' ? Math.max(1, settings.vectorCount) : settings.vectorCount;
}

function trainablesOf(
  { method, settings }: PlannedRequest, checkpoint: LoadedPack['checkpoint'], vectors: number,
): Trainables {
  const newTokens = vectors > 0 ? { newTokens: { count: vectors } } : {};
  if (method === 'textual-inversion') return newTokens;
  const learnsText = settings.textEncoderLearningRate > 0;
  if (method === 'dreambooth') {
    const text = learnsText ? { textEncoders: checkpoint.textEncoders.map(() => ({ kind: 'full' as const })) } : {};
    return { unet: { kind: 'full' }, ...text };
  }
  const { rank, loraAlpha, convRank, convAlpha, targets } = settings;
  const size = { rank, loraAlpha, convRank: convRank || rank, convAlpha: convAlpha || loraAlpha };
  const lora = (modules: readonly LoraModule[]) => ({ kind: 'lora' as const, modules: fitting(modules) });
  return {
    unet: lora(unetLoraModules(checkpoint.unetConfig, targets, size)),
    ...(learnsText ? {
      textEncoders: checkpoint.textEncoders.map(({ config }) => lora(textLoraModules(config, size))),
    } : {}),
    ...newTokens,
  };
}

/** A product of matrices can have no higher rank than the layer they are added to. */
function fitting(modules: readonly LoraModule[]): readonly LoraModule[] {
  for (const { path, weightShape: [rows, ...columns], rank } of modules) {
    const largest = Math.min(rows!, elementCount(columns));
    if (rank > largest) throw rankTooLarge(rank, path, largest);
  }
  return modules;
}

function rankTooLarge(rank: number, layer: string, largest: number): UserError {
  return new UserError('training.rank-too-large', {
    what: `Rank ${rank} is larger than a layer of this model: ${layer} has room for ${largest}.`,
    safe: 'Nothing was taught, and your photos are untouched.',
    todo: `Choose a rank of at most ${largest}, or leave the convolutions out.`,
  }, { rank, layer, largest });
}

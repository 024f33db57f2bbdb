// English names of every setting of teaching, what it does and in which unit it counts, and of its choices.

import type { TrainingSettings } from '../../src-main/contract/settings.ts';

export interface FieldWords {
  name: string;
  help: string;
  unit?: string;
}

export const enFields: Record<keyof TrainingSettings, FieldWords> = {
  rank: {
    name: 'Rank', help: 'Width of what is learned. More holds more detail and makes a larger file.', unit: 'wide',
  },
  loraAlpha: { name: 'Alpha', help: 'What is learned counts alpha ÷ rank. It grows along with the rank.' },
  targets: { name: 'Layers that learn', help: 'More layers come closer and make a larger file.' },
  convRank: { name: 'Rank of convolutions', help: 'Width in the convolutions. 0 takes the rank.', unit: 'wide' },
  convAlpha: { name: 'Alpha of convolutions', help: 'The same as alpha for the convolutions. 0 takes alpha.' },
  learningRate: {
    name: 'Learning rate', help: 'Size of an update. Too high spoils the picture, too low learns nothing.',
    unit: 'per update',
  },
  textEncoderLearningRate: {
    name: 'Learning rate, text', help: 'For the part that reads the prompt. 0 leaves it as it is.', unit: 'per update',
  },
  newTokenLearningRate: { name: 'Learning rate, word', help: 'Size of an update of the new word.', unit: 'per update' },
  learningRateSchedule: { name: 'Schedule', help: 'How the learning rate goes after the warm-up.' },
  warmupSteps: { name: 'Warm-up', help: 'Over these the learning rate grows to its full size.', unit: 'updates' },
  trainingSteps: { name: 'Steps', help: 'Updates of the look. The slider sets this.', unit: 'updates' },
  batchSize: { name: 'Batch', help: 'Photos in one pass. More learns steadier and needs more memory.', unit: 'photos' },
  gradientAccumulationSteps: {
    name: 'Accumulation', help: 'Passes to one update. Works like a larger batch without its memory.', unit: 'passes',
  },
  maxGradientNorm: { name: 'Longest gradient', help: 'Longer ones are shortened to it. 0 leaves them.' },
  optimizer: { name: 'Optimiser', help: 'How an update is made of gradients.' },
  weightDecay: { name: 'Weight decay', help: 'Pulls what is learned towards zero.', unit: 'per update' },
  minSnrGamma: { name: 'Min-SNR gamma', help: 'Steps with little noise count less. 0 is off, 5 is usual.' },
  minTimestep: { name: 'Least noise', help: 'Time steps below it are left out: texture, not shape and colour.' },
  noiseOffset: { name: 'Noise offset', help: 'For darker darks and lighter lights. 0 is off, 0.05 is much.' },
  captionDropout: {
    name: 'Without caption',
    help: 'Share of the passes that leave the caption out, for guidance to keep working; the class’s, if that is kept.',
    unit: 'share',
  },
  captionTagDropout: {
    name: 'Name alone', help: 'Share of the passes whose caption says who it is and nothing else, as short prompts do.',
    unit: 'share',
  },
  resolutionPx: { name: 'Resolution', help: 'Edge of what it learns from, a multiple of 8.', unit: 'pixels' },
  useBuckets: { name: 'Whole photos', help: 'In groups of like shape, in place of square crops around the face.' },
  faceMaskWeight: {
    name: 'Face first', help: '0: both count alike. 1: the background does not count.', unit: 'share',
  },
  prior: { name: 'Keep the class intact', help: 'What keeps other people as they were.' },
  priorLossWeight: { name: 'Weight of the class', help: 'How much it counts beside the person.', unit: 'times' },
  priorImageCount: { name: 'Pictures of the class', help: 'Drawn once and kept for all subjects.', unit: 'pictures' },
  vectorCount: {
    name: 'Size of the word', help: 'More hold more of the face and take more room in the prompt.', unit: 'vectors',
  },
  newWord: { name: 'The word', help: 'One that does not exist yet.' },
  initializerWord: { name: 'It starts out as', help: 'A word that the model knows and that comes near.' },
  clipSkip: { name: 'Clip skip', help: 'Last layers of the text part that are left out.', unit: 'layers' },
  recompute: { name: 'Memory', help: 'Computing blocks twice is slower and needs much less memory.' },
  snapshotEverySteps: { name: 'Snapshot every', help: 'It can go on from each; the best is kept.', unit: 'steps' },
  previewCount: { name: 'Previews', help: 'Drawn at each snapshot. Likeness needs at least one.', unit: 'pictures' },
  seed: { name: 'Seed', help: 'The same seed, photos and settings teach the same look.' },
};

export const enChoices = {
  targets: {
    attention: 'Attention', transformer: 'Transformers', 'transformer-and-convolution': 'Transformers and convolutions',
  },
  learningRateSchedule: {
    constant: 'Stays as it is', linear: 'Falls in a line', cosine: 'Falls along a cosine',
    'cosine-with-restarts': 'Cosine, several times', polynomial: 'Falls along a polynomial',
  },
  optimizer: { adamw: 'AdamW', adafactor: 'Adafactor, light on memory' },
  recompute: { none: 'As fast as possible', blocks: 'Save memory' },
} as Record<string, Record<string, string>>;

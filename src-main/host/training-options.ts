// Every setting of teaching as an option, grouped in --help; what is left out takes the model's default for the method.

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { z } from 'zod';
import {
  type Method, type TrainingSettings, learningRateScheduleSchema, loraTargetsSchema, methodSchema, optimizerSchema,
  priorSchema, trainingSettingsSchema,
} from '../contract/settings.ts';
import { numberOf } from './options.ts';

const { shape } = trainingSettingsSchema.required();

type Setting = keyof TrainingSettings;

/** An option's flags with its value, and what it does. */
type Row = readonly [setting: Setting, flags: string, help: string];

const groups: readonly (readonly [heading: string, rows: readonly Row[]])[] = [
  ['What learns:', [
    ['rank', '--rank <number>', 'LoRA: width of the learned matrices; their alpha follows it unless told'],
    ['loraAlpha', '--lora-alpha <number>', 'LoRA: the update is scaled by alpha / rank'],
    ['targets', '--targets <which>', 'LoRA: layers of the UNet that learn'],
    ['convRank', '--conv-rank <number>', 'LoRA: rank of 3x3 convolutions; 0 takes --rank'],
    ['convAlpha', '--conv-alpha <number>', 'LoRA: alpha of 3x3 convolutions; 0 takes --lora-alpha'],
    ['vectorCount', '--vectors <number>', 'rows of a new word: textual inversion, or beside a LoRA; 0 is no new word'],
    ['newWord', '--new-word <word>', 'the new word, which the model must not know; one is made up when left out'],
    ['initializerWord', '--initializer-word <word>', 'what the new word starts from; by the model when left out'],
    ['clipSkip', '--clip-skip <number>', 'last layers of the text encoder that are left out'],
  ]],
  ['How it learns:', [
    ['trainingSteps', '--training-steps <number>', 'optimiser updates'],
    ['learningRate', '--learning-rate <number>', 'size of an update of the UNet'],
    ['textEncoderLearningRate', '--text-encoder-learning-rate <number>', 'of the text encoders; 0 leaves them alone'],
    ['newTokenLearningRate', '--new-token-learning-rate <number>', 'of the new word'],
    ['learningRateSchedule', '--learning-rate-schedule <name>', 'how the learning rate goes on after the warm-up'],
    ['warmupSteps', '--warmup-steps <number>', 'steps on which the learning rate grows'],
    ['batchSize', '--batch-size <number>', 'training images of one pass'],
    ['gradientAccumulationSteps', '--gradient-accumulation-steps <number>', 'passes of one update'],
    ['maxGradientNorm', '--max-gradient-norm <number>', 'longest gradient; 0 leaves all as they are'],
    ['optimizer', '--optimizer <name>', 'adamw, or adafactor for less memory'],
    ['weightDecay', '--weight-decay <number>', 'share of a weight that an update of learning rate 1 takes off'],
    ['minSnrGamma', '--min-snr-gamma <number>', 'steps with little noise count less; 0 is off, 5 is usual'],
    ['minTimestep', '--min-timestep <number>', 'timesteps below, of little noise, are not learned from; 0 is off'],
    ['noiseOffset', '--noise-offset <number>', 'moves whole channels of the noise; 0 is off'],
    ['recompute', '--recompute <which>', 'blocks: less memory, more time'],
  ]],
  ['What it learns from:', [
    ['resolutionPx', '--resolution <pixels>', 'edge of the training images'],
    ['useBuckets', '--buckets', 'whole photos in their own shape, in place of squares around the face'],
    ['captionDropout', '--caption-dropout <share>', 'share of the draws without a caption; of the class, if kept'],
    ['captionTagDropout', '--caption-tag-dropout <share>', 'share of the draws whose caption says who it is alone'],
    ['faceMaskWeight', '--face-mask-weight <share>', 'how much less the surroundings of the face count, 0 to 1'],
  ]],
  ['What keeps the class:', [
    ['prior', '--prior <kind>', 'pictures of the class, the base model\'s own prediction, or none'],
    ['priorLossWeight', '--prior-loss-weight <number>', 'how much the class counts beside the subject'],
    ['priorImageCount', '--prior-image-count <number>', 'pictures of the class; drawn once for each model'],
  ]],
  ['On the way:', [
    ['snapshotEverySteps', '--snapshot-every <number>', 'steps between snapshots; the best becomes the look'],
    ['previewCount', '--preview-count <number>', 'portraits drawn at each snapshot'],
    ['seed', '--training-seed <number>', 'seed of everything that teaching leaves to chance'],
  ]],
];

const choices: Partial<Record<Setting, readonly string[]>> = {
  targets: loraTargetsSchema.options, learningRateSchedule: learningRateScheduleSchema.options,
  optimizer: optimizerSchema.options, prior: priorSchema.options, recompute: ['none', 'blocks'],
};

export interface TrainingOptions {
  readonly method: Method;
}

/** Adds --method and every setting; `others` are methods that need no teaching. */
export function addTrainingOptions(command: Command, others: readonly string[] = []): Command {
  command.addOption(new Option('--method <name>', 'how the face is learned')
    .choices([...methodSchema.options, ...others]).default('lora').helpGroup('What learns:'));
  for (const [heading, rows] of groups) {
    for (const [setting, flags, help] of rows) command.addOption(optionOf(setting, flags, help).helpGroup(heading));
  }
  return command;
}

function optionOf(setting: Setting, flags: string, help: string): Option {
  const option = new Option(flags, help);
  const words = choices[setting];
  if (words) return option.choices(words);
  if (setting === 'useBuckets') return option;
  if (setting === 'newWord' || setting === 'initializerWord') return option.argParser(wordOf(shape[setting]));
  return option.argParser(numberOf(shape[setting] as z.ZodType<number>));
}

function wordOf(schema: z.ZodType<string>): (text: string) => string {
  return (text) => {
    const parsed = schema.safeParse(text);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError('One word of at most 40 letters.');
  };
}

/** The settings that were given; a rank without an alpha brings its own. */
export function trainingSettingsOf(options: object): TrainingSettings {
  const given = options as Readonly<Record<string, unknown>>;
  const settings = Object.fromEntries(groups.flatMap(([, rows]) => rows.flatMap(([setting, flags, help]) => {
    const value = given[optionOf(setting, flags, help).attributeName()];
    return value === undefined ? [] : [[setting, value]];
  })));
  const alpha = settings['rank'] !== undefined && settings['loraAlpha'] === undefined
    ? { loraAlpha: settings['rank'] } : {};
  return trainingSettingsSchema.parse({ ...settings, ...alpha });
}

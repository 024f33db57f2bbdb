// Options that several commands share, and how their words become numbers; a value that is none is wrong usage (2).

import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { classWordSchema } from '../contract/nouns.ts';
import {
  type GenerationSettings, generationSettingsSchema, providerChoiceSchema, samplerNameSchema, seedSchema,
} from '../contract/settings.ts';

/** A parser for commander: the number that the schema takes, or a usage error with the schema's words. */
export function numberOf(schema: z.ZodType<number>): (text: string) => number {
  return (text) => {
    const parsed = schema.safeParse(text.trim() === '' ? NaN : Number(text));
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(parsed.error.issues[0]?.message ?? 'Not a number that fits.');
  };
}

export function collect(text: string, before: readonly string[]): string[] {
  return [...before, text];
}

export interface CommonOptions {
  readonly json?: boolean;
  readonly library?: string;
}

export function addCommonOptions(command: Command): Command {
  return command
    .option('--library <folder>', 'library to use in place of your own')
    .option('--json', 'print one JSON document on standard output');
}

export interface ModelOptions {
  readonly pack: string;
  readonly provider: z.infer<typeof providerChoiceSchema>;
}

const { shape: generation } = generationSettingsSchema.required();

export function addModelOptions(command: Command): Command {
  return command
    .option('--pack <id-or-path>', 'base model: a pack of `likeness packs`, or the path of a checkpoint', 'starter')
    .addOption(new Option('--provider <name>', 'what does the arithmetic')
      .choices(providerChoiceSchema.options).default('auto'));
}

export interface HoldOutOptions {
  readonly holdOut?: number;
}

export function addHoldOutOption(command: Command): Command {
  return command.option(
    '--hold-out <number>', 'photos to measure against and not to learn from; one in five when left out',
    numberOf(z.int().min(0).max(1000)));
}

export interface GenerationOptions {
  readonly prompt: string[];
  readonly style: string[];
  readonly negative: string;
  readonly keepPrompts?: boolean;
  readonly image?: string;
  readonly denoisingStrength?: number;
  readonly everyChoice?: boolean;
  readonly count: number;
  readonly seed: number;
  readonly strength?: number;
  readonly samplingSteps?: number;
  readonly sampler?: z.infer<typeof samplerNameSchema>;
  readonly guidance?: number;
  readonly attentionGuidance?: number;
  readonly width?: number;
  readonly height?: number;
  readonly out?: string;
}

/** Much of a picture stays at this strength, and the face can still become another. */
export const usualDenoisingStrength = 0.6;

export function addGenerationOptions(command: Command): Command {
  return command
    .option('--prompt <text>', 'what to draw; {subject} stands for the person, {red|blue} for one of these, '
      + '(word:1.2) counts more (repeatable)', collect, [])
    .option('--every-choice', 'draw a prompt with every choice of {a|b}; one of them by the seed when left out')
    .option('--keep-prompts', 'draw prompts that do not name the person just as they are')
    .option('--image <name>', 'start from a picture (image to image): a photo by its file name, a portrait '
      + 'by its id; with --adapter the path of a picture')
    .option('--denoising-strength <number>',
      `how much of it is drawn anew, 0 to 1; ${usualDenoisingStrength} when left out`,
      numberOf(z.number().min(0).max(1)))
    .option('--style <id>', 'a ready-made style (repeatable)', collect, [])
    .option('--negative <text>', 'what should not be in it', '')
    .option('--count <number>', 'portraits of each prompt and style', numberOf(z.int().min(1).max(1000)), 4)
    .option('--seed <number>', 'seed of the first; the next ones follow', numberOf(seedSchema), 1)
    .option('--strength <number>', 'how much of the look: 0 none, 1 as learned', numberOf(generation.adapterStrength))
    .option('--sampling-steps <number>', 'steps of the sampler', numberOf(generation.samplingSteps))
    .addOption(new Option('--sampler <name>', 'how noise becomes a portrait').choices(samplerNameSchema.options))
    .option('--guidance <number>', 'how strictly the prompt is followed', numberOf(generation.guidanceScale))
    .option('--attention-guidance <number>', 'clearer shapes for half as much time again; 0 is none',
      numberOf(generation.attentionGuidanceScale))
    .option('--width <pixels>', 'width of a portrait', numberOf(generation.widthPx))
    .option('--height <pixels>', 'height of a portrait', numberOf(generation.heightPx))
    .option('--out <folder>', 'where the portraits go');
}

export function generationSettingsOf(options: GenerationOptions): GenerationSettings {
  return {
    adapterStrength: options.strength, samplingSteps: options.samplingSteps, sampler: options.sampler,
    guidanceScale: options.guidance, attentionGuidanceScale: options.attentionGuidance,
    widthPx: options.width, heightPx: options.height,
  };
}

export interface PersonOptions {
  readonly name?: string;
  readonly classWord: z.infer<typeof classWordSchema>;
}

export function addPersonOptions(command: Command): Command {
  return command
    .option('--name <name>', 'name of the person; the name of the photo folder when left out')
    .addOption(new Option('--class-word <word>', 'what the person is to the base model')
      .choices(classWordSchema.options).default('person'));
}

// `likeness generate`: portraits with looks of the library, or with a LoRA or embedding file.

import type { Command } from 'commander';
import type { Look } from '../../contract/nouns.ts';
import { generationSettingsSchema } from '../../contract/settings.ts';
import type { PortraitSize } from '../../generation/pose.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { type AddOnOptions, addAddOnOptions, addOnsOf, packOf } from '../add-ons.ts';
import {
  type SecondOptions, addFaceOptions, addFinishOptions, addSecondOptions, optionOfFace,
} from '../instant-options.ts';
import { bestFirst } from '../likeness-words.ts';
import { libraryFolderOf, withStudio, withTemporaryStudio } from '../open-host-studio.ts';
import {
  type CommonOptions, type ModelOptions, addCommonOptions, addGenerationOptions, addModelOptions, collect, numberOf,
} from '../options.ts';
import { type DrawingOptions, givenSettings, instantlyOf, portraitSize, secondOf } from '../people.ts';
import { outputFolder, portraitDocument, rankedLines, writeJob } from '../results.ts';
import { startOf } from '../start-picture.ts';
import { findSubject, waitFor } from '../steps.ts';
import { portraitsAre, progressDisplay } from '../terminal.ts';
import { drawWithFile } from '../draw-with-file.ts';
import { findLook } from './export.ts';
import { type Outcome, runCommand } from './run-command.ts';

export interface GenerateOptions extends CommonOptions, DrawingOptions, ModelOptions, SecondOptions, AddOnOptions {
  readonly instant?: boolean;
  readonly subject?: string;
  readonly look: string[];
  readonly size: PortraitSize[];
  readonly adapter?: string;
  readonly compare?: boolean;
}

export function addGenerateCommand(program: Command): void {
  const command = program.command('generate')
    .description('draw portraits with a look of the library, or with a LoRA or embedding file');
  addDrawingOptions(command);
  command.action((options: GenerateOptions) => {
    checkSource(command, options);
    return runCommand(options, () => generate(options));
  });
}

export function addDrawingOptions(command: Command): void {
  command
    .option('--subject <name>', 'a subject of the library')
    .option('--look <name>', 'which of its looks; the newest when left out (repeatable)', collect, [])
    .option('--size <WxH>', 'draw each in this size, in place of --width and --height (repeatable)', parseSize, [])
    .option('--adapter <file>', 'a LoRA or embedding file instead of a subject')
    .option('--instant', 'give the face from the photos without teaching (InstantID); --look may stand beside it')
    .option('--compare', 'draw each portrait by the base model alone as well');
  addModelOptions(command);
  addGenerationOptions(command);
  addAddOnOptions(command);
  addFinishOptions(command);
  addFaceOptions(command);
  addSecondOptions(command);
  addCommonOptions(command);
  command.addHelpText('after', `
--instant needs a model with InstantID (likeness packs says which) and photos of the subject; of four or more one in
five is kept to measure likeness with. Two people: --with, and {subject} and {subject2} where they go in a prompt.`);
}

function parseSize(text: string, before: readonly PortraitSize[]): PortraitSize[] {
  const [, width, height] = /^(\d+)x(\d+)$/i.exec(text) ?? [];
  const edge = numberOf(generationSettingsSchema.required().shape.widthPx);
  return [...before, { widthPx: edge(width ?? ''), heightPx: edge(height ?? '') }];
}

export function checkSource(command: Command, options: GenerateOptions): void {
  const { subject, adapter, instant } = options;
  if ((subject === undefined) === (adapter === undefined)) command.error('error: give either --subject or --adapter');
  if (adapter !== undefined && (instant || options.with !== undefined)) {
    command.error('error: --instant and --with go with --subject');
  }
  if (adapter !== undefined && options.look.length + options.size.length > 0) {
    command.error('error: --look and --size go with --subject');
  }
  if (!instant) checkNoFace(command, options, '--instant');
  if (options.with === undefined && (options.withLook ?? options.withPose ?? options.mask) !== undefined) {
    command.error('error: --with-look, --with-pose and --mask go with --with');
  }
}

/** What says something of a face that nobody gives is wrong usage. */
export function checkNoFace(command: Command, options: DrawingOptions, wanted: string): void {
  const option = optionOfFace(options);
  if (option === undefined) return;
  const hint = option === '--image-strength' ? ' (how much of --image is drawn anew is --denoising-strength)' : '';
  command.error(`error: ${option} goes with ${wanted}${hint}`);
}

export async function generate(options: GenerateOptions): Promise<Outcome> {
  if (options.adapter !== undefined) return await withTemporaryStudio((studio) => drawWithFile(studio, options));
  return await withStudio(libraryFolderOf(options.library), (studio) => generateInLibrary(studio, options));
}

async function generateInLibrary(studio: Studio, options: GenerateOptions): Promise<Outcome> {
  const display = progressDisplay(process.stderr);
  const isInstant = options.instant === true;
  await studio.run('settings.set', { provider: options.provider });
  const pack = await packOf(studio, options);
  const subject = await findSubject(studio, options.subject!);
  const looks = await looksOf(studio, options);
  const size = { ...portraitSize(pack, options, isInstant), ...options.size[0] };
  const hasWords = options.prompt.length + options.style.length > 0;
  const job = await waitFor(studio, await studio.run('portraits.create', {
    subjectId: subject.id, adapterId: looks[0]?.id ?? null, adapterIds: looks.map(({ id }) => id), packId: pack.id,
    sizes: options.size, everyChoice: options.everyChoice ?? false,
    prompts: hasWords ? options.prompt : ['photo of {subject}'], styleIds: options.style,
    negativePrompt: options.negative, count: options.count, seed: options.seed,
    compareWithout: options.compare ?? false, keepPrompts: options.keepPrompts ?? false,
    settings: givenSettings(options), start: await startOf(studio, subject.id, options),
    instantly: isInstant ? await instantlyOf(studio, subject, options, size) : null,
    second: await secondOf(studio, options, size, isInstant), addOns: await addOnsOf(studio, options),
  }), display);
  const out = outputFolder(subject, options.out);
  const { portraits, contactSheet, people } = await writeJob(studio, job, out);
  return {
    document: {
      subject: subject.name, look: looks[0]?.name ?? null, looks: looks.map(({ name }) => name),
      method: isInstant ? 'instantid' : looks[0]!.method,
      portraits: bestFirst(portraits).map((one) => portraitDocument(one, people)), contactSheet, folder: out,
    },
    text: [`${portraitsAre(portraits.length)} in ${out}, best first:`, ...rankedLines(portraits, people)].join('\n'),
  };
}

/** Those that are named; else the newest, or none where the face is given without teaching. */
async function looksOf(studio: Studio, { subject, look, instant }: GenerateOptions): Promise<Look[]> {
  if (look.length === 0) return instant ? [] : [await findLook(studio, subject!, undefined)];
  const looks: Look[] = [];
  for (const name of look) looks.push(await findLook(studio, subject!, name));
  return looks;
}

// `likeness generate` draws with a look of the library; `likeness batch` takes its prompts from a file as well.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../../contract/errors.ts';
import { findPack } from '../../packs/pack-shelf.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { libraryFolderOf, withStudio, withTemporaryStudio } from '../open-host-studio.ts';
import {
  type CommonOptions, type GenerationOptions, type ModelOptions, addCommonOptions, addGenerationOptions,
  addModelOptions, generationSettingsOf,
} from '../options.ts';
import { measuredOf } from '../likeness-report.ts';
import { startOf } from '../start-picture.ts';
import { findSubject, portraitFileName, waitFor, writeMedia } from '../steps.ts';
import { portraitsAre, progressDisplay } from '../terminal.ts';
import { drawWithFile } from '../draw-with-file.ts';
import { findLook } from './export.ts';
import { type Outcome, runCommand } from './run-command.ts';

export interface GenerateOptions extends CommonOptions, GenerationOptions, ModelOptions {
  readonly subject?: string;
  readonly look?: string;
  readonly adapter?: string;
  readonly compare?: boolean;
  readonly prompts?: string;
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

export function addBatchCommand(program: Command): void {
  const command = program.command('batch')
    .description('draw many prompts and styles on the same seeds')
    .option('--prompts <file>', 'a text file with one prompt a line; empty lines and lines with # are passed over');
  addDrawingOptions(command);
  command.action((options: GenerateOptions) => {
    checkSource(command, options);
    return runCommand(options, async () => {
      const more = options.prompts === undefined ? [] : await readPrompts(options.prompts);
      return await generate({ ...options, prompt: [...options.prompt, ...more] });
    });
  });
}

function addDrawingOptions(command: Command): void {
  command
    .option('--subject <name>', 'a subject of the library')
    .option('--look <name>', 'which of its looks; the newest when left out')
    .option('--adapter <file>', 'a LoRA or embedding file instead of a subject')
    .option('--compare', 'draw each portrait without the look as well');
  addModelOptions(command);
  addGenerationOptions(command);
  addCommonOptions(command);
}

function checkSource(command: Command, { subject, adapter }: GenerateOptions): void {
  if ((subject === undefined) === (adapter === undefined)) command.error('error: give either --subject or --adapter');
}

async function readPrompts(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UserError('prompts.unreadable', {
      what: `The prompts in ${path.basename(file)} cannot be read (${error.code ?? error.message}).`,
      safe: 'Nothing was drawn.',
      todo: 'Check the name of the file.',
    });
  });
  return text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
}

async function generate(options: GenerateOptions): Promise<Outcome> {
  if (options.adapter !== undefined) return await withTemporaryStudio((studio) => drawWithFile(studio, options));
  return await withStudio(libraryFolderOf(options.library), (studio) => generateInLibrary(studio, options));
}

async function generateInLibrary(studio: Studio, options: GenerateOptions): Promise<Outcome> {
  const display = progressDisplay(process.stderr);
  await studio.run('settings.set', { provider: options.provider });
  const pack = await findPack(studio.packs, options.pack);
  const subject = await findSubject(studio, options.subject!);
  const look = await findLook(studio, options.subject!, options.look);
  const hasWords = options.prompt.length + options.style.length > 0;
  const job = await waitFor(studio, await studio.run('portraits.create', {
    subjectId: subject.id, adapterId: look.id, packId: pack.id,
    prompts: hasWords ? options.prompt : ['photo of {subject}'], styleIds: options.style,
    negativePrompt: options.negative, count: options.count, seed: options.seed,
    compareWithout: options.compare ?? false, keepPrompts: options.keepPrompts ?? false,
    settings: generationSettingsOf(options), start: await startOf(studio, subject.id, options),
  }), display);
  const out = path.resolve(options.out ?? `portraits-${subject.name.replace(/[^\p{L}\p{N}]+/gu, '-')}`);
  const drawn = (await studio.run('portraits.list', { subjectId: subject.id })).filter((one) => one.jobId === job.id);
  const prompts = [...new Set([...drawn].reverse().map((portrait) => portrait.prompt))];
  const portraits = [];
  for (const portrait of [...drawn].reverse()) {
    const file = path.join(out, portraitFileName(portrait, prompts));
    await writeMedia(studio, 'portrait', portrait.id, file);
    portraits.push({ file, seed: portrait.seed, prompt: portrait.prompt, likeness: measuredOf(portrait),
      isWithLook: portrait.adapterId !== null });
  }
  const contactSheet = await writeMedia(studio, 'sheet', job.id, path.join(out, 'contact-sheet.png'));
  return {
    document: { subject: subject.name, look: look.name, portraits, contactSheet, folder: out },
    text: `${portraitsAre(portraits.length)} in ${out}`,
  };
}

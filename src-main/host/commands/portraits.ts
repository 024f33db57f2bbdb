// `likeness portraits`: the whole way in one command, from a folder of photos to portraits, a contact sheet and the
// LoRA as a file, with the likeness of every portrait beside that of its twin drawn without the LoRA.

import path from 'node:path';
import type { Command } from 'commander';
import type { Job, Look, LossPoint, Photo, Portrait, Snapshot, Subject } from '../../contract/nouns.ts';
import type { CommandResponse } from '../../contract/studio.ts';
import { findPack } from '../../packs/pack-shelf.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { meanOf, measuredOf, nearerCounts, pairsOf } from '../likeness-report.ts';
import { libraryFolderOf, withStudio, withTemporaryStudio } from '../open-host-studio.ts';
import {
  type CommonOptions, type GenerationOptions, type HoldOutOptions, type ModelOptions, type PersonOptions,
  addCommonOptions, addGenerationOptions, addHoldOutOption, addModelOptions, addPersonOptions, generationSettingsOf,
} from '../options.ts';
import {
  type Imported, heldOutPhotos, importFolder, portraitFileName, subjectFor, waitFor, writeExport, writeMedia,
} from '../steps.ts';
import { type TrainingOptions, addTrainingOptions, trainingSettingsOf } from '../training-options.ts';
import { startOf } from '../start-picture.ts';
import { type ProgressDisplay, progressDisplay } from '../terminal.ts';
import { waitOrPause } from '../wait-or-pause.ts';
import { type Outcome, runCommand } from './run-command.ts';

interface PortraitsOptions
  extends CommonOptions, PersonOptions, ModelOptions, TrainingOptions, GenerationOptions, HoldOutOptions {
  readonly photos: string;
}

export function addPortraitsCommand(program: Command): void {
  const command = program.command('portraits')
    .description('learn a face from a folder of photos and draw portraits of it')
    .requiredOption('--photos <folder>', 'photos of one person (JPEG, PNG or WebP); they are only read');
  addHoldOutOption(command);
  addPersonOptions(command);
  addModelOptions(command);
  addTrainingOptions(command);
  addGenerationOptions(command);
  addCommonOptions(command);
  command.addHelpText('after', `
Writes into --out (default: portraits-NAME in this folder): the portraits with the look, their twins without it on the
same seeds, contact-sheet.png, and what was learned as a file for ComfyUI, A1111 and others.
Works on a temporary library that is removed at the end; with --library FOLDER everything is kept there as well.
By giving this command you say that the photos show yourself or somebody who agreed to it.`);
  command.action((options: PortraitsOptions) => runCommand(options, () => portraits(options)));
}

async function portraits(options: PortraitsOptions): Promise<Outcome> {
  const display = progressDisplay(process.stderr);
  const work = (studio: Studio): Promise<Outcome> => wholeWay(studio, options, display);
  if (options.library === undefined) return await withTemporaryStudio(work);
  return await withStudio(libraryFolderOf(options.library), work);
}

async function wholeWay(studio: Studio, options: PortraitsOptions, display: ProgressDisplay): Promise<Outcome> {
  const startedMs = performance.now();
  await studio.run('settings.set', { provider: options.provider });
  const pack = await findPack(studio.packs, options.pack);
  const subject = await subjectFor(studio, options.photos, options);
  const imported = await importFolder(studio, options.photos, subject.id, display);
  const heldOut = heldOutPhotos(imported.photos, options.holdOut);
  const queued = await studio.run('looks.teach', {
    subjectId: subject.id, packId: pack.id, method: options.method, settings: trainingSettingsOf(options),
    heldOutPhotoIds: heldOut.map((photo) => photo.id),
  });
  // a temporary library is gone with the command, so there a pause would keep nothing
  const teaching = options.library === undefined
    ? await waitFor(studio, queued, display) : await waitOrPause(studio, queued, display, options);
  const look = (await studio.run('looks.list', { subjectId: subject.id })).find(({ id }) => id === teaching.adapterId);
  if (!look) throw new Error('The look that was just taught is not in the library.');
  const hasWords = options.prompt.length + options.style.length > 0;
  const drawing = await waitFor(studio, await studio.run('portraits.create', {
    subjectId: subject.id, adapterId: look.id, packId: pack.id,
    prompts: hasWords ? options.prompt : ['photo of {subject}'], styleIds: options.style,
    negativePrompt: options.negative, count: options.count, seed: options.seed, compareWithout: true,
    keepPrompts: options.keepPrompts ?? false, start: await startOf(studio, subject.id, options),
    referencePhotoIds: heldOut.length > 0 ? heldOut.map((photo) => photo.id) : undefined,
    settings: generationSettingsOf(options),
  }), display);
  const all = await studio.run('portraits.list', { subjectId: subject.id });
  const drawn = all.filter((portrait) => portrait.jobId === drawing.id);
  const out = path.resolve(options.out ?? `portraits-${subject.name.replace(/[^\p{L}\p{N}]+/gu, '-')}`);
  const files = await writeResults(studio, { look, drawing, drawn, out });
  const losses = await studio.run('looks.lossHistory', { jobId: teaching.id });
  const snapshots = await studio.run('looks.snapshots', { jobId: teaching.id });
  const durationSeconds = Math.round((performance.now() - startedMs) / 100) / 10;
  return reportOf({
    subject, imported, heldOut, look, drawn, files, losses, snapshots, out, durationSeconds, packId: pack.id,
  });
}

interface Results {
  readonly look: Look;
  readonly drawing: Job;
  readonly drawn: readonly Portrait[];
  readonly out: string;
}

interface ResultFiles {
  readonly portraits: ReadonlyMap<string, string>;
  readonly contactSheet: string;
  readonly exported: CommandResponse<'looks.export'> & { readonly file: string };
}

async function writeResults(studio: Studio, { look, drawing, drawn, out }: Results): Promise<ResultFiles> {
  const prompts = [...new Set([...drawn].reverse().map((portrait) => portrait.prompt))];
  const files = new Map<string, string>();
  for (const portrait of drawn) {
    const file = path.join(out, portraitFileName(portrait, prompts));
    files.set(portrait.id, await writeMedia(studio, 'portrait', portrait.id, file));
  }
  const contactSheet = await writeMedia(studio, 'sheet', drawing.id, path.join(out, 'contact-sheet.png'));
  const prepared = await studio.run('looks.export', { adapterId: look.id });
  const file = await writeExport(studio, prepared.exportId, path.join(out, prepared.fileName));
  return { portraits: files, contactSheet, exported: { ...prepared, file } };
}

interface Report {
  readonly subject: Subject;
  readonly imported: Imported;
  readonly heldOut: readonly Photo[];
  readonly look: Look;
  readonly drawn: readonly Portrait[];
  readonly files: ResultFiles;
  readonly losses: readonly LossPoint[];
  readonly snapshots: readonly Snapshot[];
  readonly out: string;
  readonly durationSeconds: number;
  readonly packId: string;
}

function reportOf(report: Report): Outcome {
  const { subject, imported, heldOut, look, drawn, files, losses, snapshots, out, durationSeconds, packId } = report;
  const { file, format, precision, sizeBytes, metadata } = files.exported;
  const pairs = pairsOf(drawn);
  const side = (portrait: Portrait) => ({ file: files.portraits.get(portrait.id), likeness: measuredOf(portrait) });
  const [withLook, withoutLook] = [pairs.map((pair) => pair.withLook), pairs.map((pair) => pair.withoutLook)];
  const likeness: Comparison = {
    withLook: meanOf(withLook), withoutLook: meanOf(withoutLook), nearerWithLook: nearerCounts(pairs),
  };
  const document = {
    subject: { name: subject.name, triggerWord: subject.triggerWord, classWord: subject.classWord },
    pack: packId,
    photos: imported.photos.map(({ fileName, isUsed, verdict }) => ({ file: fileName, isUsed, verdict })),
    heldOut: heldOut.map((photo) => photo.fileName),
    refused: imported.refused,
    training: {
      method: look.method, rank: look.rank, vectorCount: look.vectorCount, trainingSteps: look.trainingSteps,
      bestStep: look.bestStep, photoCount: look.photoCount, finalLoss: look.finalLoss, losses, snapshots,
    },
    portraits: pairs.map((pair) => ({
      seed: pair.seed, prompt: pair.prompt, withLook: side(pair.withLook), withoutLook: side(pair.withoutLook),
    })),
    likeness,
    look: { file, format, precision, sizeBytes, metadata },
    ...(look.method === 'lora' ? { lora: { file, sizeBytes, metadata } } : {}),
    contactSheet: files.contactSheet,
    folder: out,
    durationSeconds,
  };
  return { document, text: summary(document.likeness, pairs.length, out) };
}

interface Comparison {
  readonly withLook: ReturnType<typeof meanOf>;
  readonly withoutLook: ReturnType<typeof meanOf>;
  readonly nearerWithLook: ReturnType<typeof nearerCounts>;
}

function summary({ withLook, withoutLook, nearerWithLook }: Comparison, pairCount: number, out: string): string {
  const row = (title: string, key: 'faceCosine' | 'latentDistance'): string => {
    const shown = (value: number | null): string => value?.toFixed(3) ?? 'none';
    const { nearer, of } = nearerWithLook[key];
    return `${title} with ${shown(withLook[key])}, without ${shown(withoutLook[key])}, nearer on ${nearer} of ${of}`;
  };
  return [
    `${pairCount} portraits with the look and ${pairCount} without it are in ${out}`,
    row('Face likeness (cosine, higher is nearer):', 'faceCosine'),
    `Faces found: ${withLook.facesFound} of ${pairCount} with, ${withoutLook.facesFound} of ${pairCount} without`,
    row('Latent distance (lower is nearer):', 'latentDistance'),
  ].join('\n');
}

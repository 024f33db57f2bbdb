// `likeness train`: teaches a look to a subject of the library, or to new photos; goes on with one that was paused.

import type { Command } from 'commander';
import { UserError } from '../../contract/errors.ts';
import type { Subject } from '../../contract/nouns.ts';
import type { Job } from '../../contract/work.ts';
import { findPack } from '../../packs/pack-shelf.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { libraryFolderOf, withStudio } from '../open-host-studio.ts';
import {
  type CommonOptions, type HoldOutOptions, type ModelOptions, type PersonOptions, addCommonOptions, addHoldOutOption,
  addModelOptions, addPersonOptions,
} from '../options.ts';
import { findSubject, heldOutPhotos, importFolder, subjectFor } from '../steps.ts';
import { type ProgressDisplay, progressDisplay } from '../terminal.ts';
import { type TrainingOptions, addTrainingOptions, trainingSettingsOf } from '../training-options.ts';
import { waitOrPause } from '../wait-or-pause.ts';
import { findLook } from './export.ts';
import { type Outcome, runCommand } from './run-command.ts';

interface TrainOptions
  extends CommonOptions, PersonOptions, ModelOptions, TrainingOptions, HoldOutOptions {
  readonly photos?: string;
  readonly subject?: string;
  readonly resume?: string;
  readonly finish?: boolean;
  readonly startFrom?: string;
}

export function addTrainCommand(program: Command): void {
  const command = program.command('train')
    .description('teach a face: makes a look in the library')
    .option('--subject <name>', 'a subject of the library')
    .option('--photos <folder>', 'photos to bring into the library first')
    .option('--resume <job>', 'go on with a run that was paused or failed: its id, or "last"')
    .option('--finish', 'with --resume: take no more steps, and keep the best snapshot as the look')
    .option('--start-from <look>', 'a look of the same method and model to start from');
  addHoldOutOption(command);
  addPersonOptions(command);
  addModelOptions(command);
  addTrainingOptions(command);
  addCommonOptions(command);
  command.addHelpText('after', `
Ctrl+C pauses: what was learned is kept, and "likeness train --resume JOB" goes on exactly where it was.`);
  command.action((options: TrainOptions) => {
    const sources = [options.photos, options.subject, options.resume].filter((source) => source !== undefined);
    if (sources.length !== 1) command.error('error: give one of --photos, --subject and --resume');
    return runCommand(options, () => withStudio(libraryFolderOf(options.library), (studio) => train(studio, options)));
  });
}

async function train(studio: Studio, options: TrainOptions): Promise<Outcome> {
  const display = progressDisplay(process.stderr);
  await studio.run('settings.set', { provider: options.provider });
  const queued = options.resume === undefined
    ? await teach(studio, options, display)
    : await goOn(studio, options.resume, options.finish === true);
  const job = await waitOrPause(studio, queued, display, options);
  const subjects = await studio.run('subjects.list', {});
  const subject = subjects.find(({ id }) => id === job.subjectId)!;
  const look = (await studio.run('looks.list', { subjectId: subject.id })).find(({ id }) => id === job.adapterId);
  const losses = await studio.run('looks.lossHistory', { jobId: job.id });
  const snapshots = await studio.run('looks.snapshots', { jobId: job.id });
  return {
    document: { job: job.id, look, losses, snapshots },
    text: `"${look?.name}" has learned the face of ${subject.name} (best at step ${look?.bestStep} of `
      + `${look?.trainingSteps}, loss ${look?.finalLoss.toFixed(4)}).`,
  };
}

async function teach(studio: Studio, options: TrainOptions, display: ProgressDisplay): Promise<Job> {
  const pack = await findPack(studio.packs, options.pack);
  const subject: Subject = options.subject === undefined
    ? await subjectFor(studio, options.photos!, options)
    : await findSubject(studio, options.subject);
  if (options.photos !== undefined) await importFolder(studio, options.photos, subject.id, display);
  const photos = await studio.run('photos.list', { subjectId: subject.id });
  const earlier = options.startFrom === undefined
    ? undefined : await findLook(studio, subject.id, options.startFrom);
  return await studio.run('looks.teach', {
    subjectId: subject.id, packId: pack.id, method: options.method, settings: trainingSettingsOf(options),
    heldOutPhotoIds: heldOutPhotos(photos, options.holdOut).map((photo) => photo.id),
    warmStartAdapterId: earlier?.id ?? null,
  });
}

/** Puts a run back into the queue; one that waits or runs already is left as it is. */
async function goOn(studio: Studio, wanted: string, isFinish: boolean): Promise<Job> {
  const jobs = (await studio.run('jobs.list', {})).filter(({ kind }) => kind === 'teach');
  const job = wanted === 'last' ? jobs.find(({ state }) => state !== 'done') : jobs.find(({ id }) => id === wanted);
  if (!job) throw unknownRun(wanted, jobs);
  if (isFinish) return await studio.run('jobs.finish', { jobId: job.id });
  if (job.state === 'paused') return await studio.run('jobs.resume', { jobId: job.id });
  return await studio.run('jobs.retry', { jobId: job.id });
}

function unknownRun(wanted: string, jobs: readonly Job[]): UserError {
  const open = jobs.filter(({ state }) => state !== 'done').map(({ id, title, state }) => `${id} (${title}, ${state})`);
  return new UserError('jobs.unknown', {
    what: wanted === 'last' ? 'There is no run to go on with.' : `There is no run "${wanted}".`,
    safe: 'Nothing was changed.',
    todo: open.length > 0 ? `Choose one of ${open.join(', ')}.` : 'Start one: likeness train --photos FOLDER.',
  }, { job: wanted });
}

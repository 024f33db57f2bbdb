// `likeness train`: teaches a look to a subject of the library, or to new photos.

import type { Command } from 'commander';
import { findPack } from '../../packs/pack-shelf.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { libraryFolderOf, withStudio } from '../open-host-studio.ts';
import {
  type CommonOptions, type PersonOptions, type TrainingOptions, addCommonOptions, addModelOptions, addPersonOptions,
  addTrainingOptions, trainingSettingsOf,
} from '../options.ts';
import { findSubject, importFolder, subjectFor, waitFor } from '../steps.ts';
import { progressDisplay } from '../terminal.ts';
import { type Outcome, runCommand } from './run-command.ts';

type TrainOptions = CommonOptions & PersonOptions & TrainingOptions & {
  readonly photos?: string;
  readonly subject?: string;
};

export function addTrainCommand(program: Command): void {
  const command = program.command('train')
    .description('teach a face: makes a look (a LoRA) in the library')
    .option('--subject <name>', 'a subject of the library')
    .option('--photos <folder>', 'photos to bring into the library first');
  addPersonOptions(command);
  addModelOptions(command);
  addTrainingOptions(command);
  addCommonOptions(command);
  command.action((options: TrainOptions) => {
    if ((options.photos === undefined) === (options.subject === undefined)) {
      command.error('error: give either --photos or --subject');
    }
    return runCommand(options, () => withStudio(libraryFolderOf(options.library), (studio) => train(studio, options)));
  });
}

async function train(studio: Studio, options: TrainOptions): Promise<Outcome> {
  const display = progressDisplay(process.stderr);
  await studio.run('settings.set', { provider: options.provider });
  const pack = await findPack(studio.packs, options.pack);
  const subject = options.subject === undefined
    ? await subjectFor(studio, options.photos!, options)
    : await findSubject(studio, options.subject);
  if (options.photos !== undefined) await importFolder(studio, options.photos, subject.id, display);
  const job = await waitFor(studio, await studio.run('looks.teach', {
    subjectId: subject.id, packId: pack.id, method: options.method, settings: trainingSettingsOf(options),
  }), display);
  const look = (await studio.run('looks.list', { subjectId: subject.id })).find(({ id }) => id === job.adapterId);
  const losses = await studio.run('looks.lossHistory', { jobId: job.id });
  return {
    document: { look, losses },
    text: `"${look?.name}" has learned the face of ${subject.name} (loss ${look?.finalLoss.toFixed(4)}).`,
  };
}

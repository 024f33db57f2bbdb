// `likeness import` keeps photos in the library; `likeness analyze` says of photos what it would use, and keeps none.

import type { Command } from 'commander';
import type { Photo } from '../../contract/nouns.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { libraryFolderOf, withStudio, withTemporaryStudio } from '../open-host-studio.ts';
import { type CommonOptions, type PersonOptions, addCommonOptions, addPersonOptions } from '../options.ts';
import { photoDocument, photoTable } from '../photo-report.ts';
import { type Imported, findSubject, importFolder, subjectFor } from '../steps.ts';
import { progressDisplay } from '../terminal.ts';
import { type Outcome, runCommand } from './run-command.ts';

export function addImportCommand(program: Command): void {
  const command = program.command('import')
    .description('copy photos of one person into the library and find the faces')
    .requiredOption('--photos <folder>', 'photos of one person (JPEG, PNG or WebP); they are only read');
  addPersonOptions(command);
  addCommonOptions(command);
  command.action((options: CommonOptions & PersonOptions & { photos: string }) => runCommand(options, () =>
    withStudio(libraryFolderOf(options.library), async (studio) => {
      const subject = await subjectFor(studio, options.photos, options);
      const display = progressDisplay(process.stderr);
      return outcomeOf(subject.name, await importFolder(studio, options.photos, subject.id, display));
    })));
}

interface AnalyzeOptions extends CommonOptions {
  readonly photos?: string;
  readonly subject?: string;
}

export function addAnalyzeCommand(program: Command): void {
  const command = program.command('analyze')
    .description('say which photos would be used, why the others not, and what to do about it')
    .argument('[folder]', 'photos to look at, as with --photos')
    .option('--photos <folder>', 'photos to look at; nothing of them is kept')
    .option('--subject <name>', 'a subject of the library instead');
  addCommonOptions(command);
  command.action((folder: string | undefined, options: AnalyzeOptions) => {
    const given = [folder, options.photos, options.subject].filter((one) => one !== undefined);
    if (given.length !== 1) command.error('error: give either a folder of photos or --subject');
    return runCommand(options, () => analyze({ ...options, photos: folder ?? options.photos }));
  });
}

async function analyze({ photos, subject, library }: AnalyzeOptions): Promise<Outcome> {
  if (subject !== undefined) {
    return await withStudio(libraryFolderOf(library), async (studio) => {
      const found = await findSubject(studio, subject);
      return outcomeOf(found.name, { photos: await listOf(studio, found.id), refused: [] });
    });
  }
  return await withTemporaryStudio(async (studio) => {
    const stranger = await studio.run('subjects.create', { name: 'Photos', hasConsent: false });
    return outcomeOf('Photos', await importFolder(studio, photos!, stranger.id, progressDisplay(process.stderr)));
  });
}

function listOf(studio: Studio, subjectId: Photo['subjectId']): Promise<Photo[]> {
  return studio.run('photos.list', { subjectId });
}

function outcomeOf(name: string, imported: Imported): Outcome {
  return {
    document: { subject: name, photos: photoDocument(imported.photos), refused: imported.refused },
    text: photoTable(imported),
  };
}

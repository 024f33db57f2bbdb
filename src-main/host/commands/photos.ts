// `likeness import` keeps photos in the library; `likeness analyze` says of photos what it would use, and keeps none.

import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import type { Photo } from '../../contract/nouns.ts';
import { findPhotos, listPhotos } from '../../photos/list-photos.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { libraryFolderOf, withStudio, withTemporaryStudio } from '../open-host-studio.ts';
import { type CommonOptions, type PersonOptions, addCommonOptions, addPersonOptions, collect } from '../options.ts';
import { photoDocument, photoTable } from '../photo-report.ts';
import { type Imported, findSubject, importFolder, importPlaces, subjectFor } from '../steps.ts';
import { progressDisplay } from '../terminal.ts';
import { type Outcome, runCommand } from './run-command.ts';

interface ImportOptions extends CommonOptions, PersonOptions {
  readonly photos: string[];
  readonly subfolders?: boolean;
}

export function addImportCommand(program: Command): void {
  const command = program.command('import')
    .description('copy photos of one person into the library and find the faces')
    .argument('[places...]', 'photos (JPEG, PNG or WebP) and folders with photos; they are only read')
    .option('--photos <folder>', 'the same as naming it (repeatable)', collect, [])
    .option('--subfolders', 'also what is in the folders inside');
  addPersonOptions(command);
  addCommonOptions(command);
  command.action((places: string[], options: ImportOptions) => {
    const all = [...places, ...options.photos];
    if (all.length === 0) command.error('error: name photos or a folder with photos');
    return runCommand(options, () => withStudio(libraryFolderOf(options.library), async (studio) => {
      // told before a subject is made of a slip of the hand
      const chosen = options.subfolders ? await findPhotos(all) : await photosOf(all);
      const subject = await subjectFor(studio, await folderOf(all[0]!), options);
      return outcomeOf(subject.name, await importPlaces(studio, chosen, subject.id, progressDisplay(process.stderr)));
    }));
  });
}

/** Files as they are, and of folders the pictures that are directly in them. */
async function photosOf(places: readonly string[]): Promise<string[]> {
  const isFile = (place: string): Promise<boolean> => stat(place).then((entry) => !entry.isDirectory(), () => false);
  const found = await Promise.all(places.map(async (place) => (await isFile(place) ? [place] : listPhotos(place))));
  return found.flat();
}

/** The folder whose name the subject gets unless told otherwise. */
async function folderOf(place: string): Promise<string> {
  return (await stat(place)).isDirectory() ? place : path.dirname(path.resolve(place));
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
    const display = progressDisplay(process.stderr);
    // nothing is kept, so nothing was added
    const { photos: found, refused } = await importFolder(studio, photos!, stranger.id, display);
    return outcomeOf('Photos', { photos: found, refused });
  });
}

function listOf(studio: Studio, subjectId: Photo['subjectId']): Promise<Photo[]> {
  return studio.run('photos.list', { subjectId });
}

function outcomeOf(name: string, imported: Imported): Outcome {
  const { photos, refused, added, known } = imported;
  const counts = added === undefined ? {} : { added, known };
  return {
    document: { subject: name, photos: photoDocument(photos), refused, ...counts },
    text: [photoTable(imported), ...(added === undefined ? [] : [`${added} added, ${known} known before`])].join('\n'),
  };
}

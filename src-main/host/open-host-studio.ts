// Opens the studio for the command line and the browser host: finds the project's own files, and a library folder
// that is the user's, the one they name, or a temporary one that goes when the command ends.

import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { UserError } from '../contract/errors.ts';
import { readKnownModels } from '../library/known-models.ts';
import { openLibrary } from '../library/library.ts';
import { placeOfLibrary } from '../library/library-place.ts';
import { finishMove } from '../library/move-library.ts';
import { type Machine, cudaFolderOf, defaultLibraryFolder } from '../studio/library-folder.ts';
import { recoveryText } from './recovery-text.ts';
import { type Studio, openStudio } from '../studio/open-studio.ts';

const root = path.join(import.meta.dirname, '..', '..');

/** The built page. */
export const pageFolder = path.join(root, 'dist', 'renderer');

/** Where the user's library lies unless it was moved. */
export function defaultFolder(): string {
  return defaultLibraryFolder(machine());
}

const machine = (): Machine => (
  { platform: process.platform, homeFolder: homedir(), environment: process.env });

/** The folder that was named, or the user's own library, wherever it was moved. Throws 'library.place-missing'. */
export function libraryFolderOf(named: string | undefined): string {
  return named === undefined ? placeOfLibrary(defaultFolder()) : path.resolve(named);
}

/** What a command needs of the studio. */
export interface StudioUse {
  /** Looks at the library and starts nothing of its queue. */
  readonly isIdle?: boolean;
}

export async function openHostStudio(libraryFolder: string, { isIdle = false }: StudioUse = {}): Promise<Studio> {
  await finishMove(defaultFolder());
  return await openStudio({
    libraryFolder, isIdle,
    resourcesFolder: path.join(root, 'resources'),
    nodeFile: process.execPath,
    engineFile: path.join(root, 'src-main', 'compute', 'engine.ts'),
    version: await readVersion(),
    cuda: { folder: cudaFolderOf(machine()), environment: process.env },
    onLog: process.env['LIKENESS_LOG'] ? (line) => process.stderr.write(`${line}\n`) : undefined,
  });
}

export async function readVersion(): Promise<string> {
  const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}

/** Runs `work` with a studio and closes it, however the work ends; also when the user presses Ctrl+C. */
export async function withStudio<T>(
  libraryFolder: string, work: (studio: Studio) => Promise<T>, use: StudioUse = {},
): Promise<T> {
  const studio = await openHostStudio(libraryFolder, use);
  const recovery = studio.library.facts.recovery();
  if (recovery) process.stderr.write(`${recoveryText(recovery)}\n`);
  return await closingAfter(() => studio.close(), () => work(studio));
}

/** The same on a library that is removed afterwards; it knows the networks that the user's own one knows. */
export async function withTemporaryStudio<T>(work: (studio: Studio) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'likeness-'));
  return await closingAfter(() => rm(folder, { recursive: true, force: true }), async () => {
    await lendModels(folder);
    return await withStudio(folder, work);
  });
}

/**
 * With what the user's library knows, unless there is none yet or another Likeness has it open; throws 'library.in-use'
 * then where somebody in it is needed. Nothing of its queue is started.
 */
export async function withLibraryIfThere<T>(
  named: string | undefined, work: (studio: Studio) => Promise<T>, { isNeeded = false } = {},
): Promise<T> {
  const folder = libraryFolderOf(named);
  if (!existsSync(path.join(folder, 'library.db'))) return await withTemporaryStudio(work);
  try {
    return await withStudio(folder, work, { isIdle: true });
  } catch (error) {
    if (isNeeded || !(error instanceof UserError) || error.code !== 'library.in-use') throw error;
    return await withTemporaryStudio(work);
  }
}

/** Nothing is copied but where InstantID and the like lie, and which licences the user has agreed to. */
async function lendModels(folder: string): Promise<void> {
  const known = readKnownModels(libraryFolderOf(undefined));
  if (known === 'in-use') process.stderr.write('Your library is open: networks that were added to it are not used.\n');
  if (known === undefined || known === 'in-use') return;
  const library = await openLibrary(folder);
  for (const { path: file, ...hash } of known.hashes) library.companions.setHash(file, hash);
  for (const { kind, path: place } of known.companions) library.companions.set(kind, place, Date.now());
  library.settings.set(known.settings);
  library.close();
}

async function closingAfter<T>(close: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  const stop = (): void => {
    // 130 = 128 + SIGINT, as shells expect
    void close().finally(() => process.exit(130));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
  try {
    return await work();
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, stop);
    await close();
  }
}

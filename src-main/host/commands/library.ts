// `likeness library`: where the library lies and what it holds, backups, checks, restoring, rebuilding and moving it,
// and the text of a report.

import { Argument, type Command } from 'commander';
import { UserError } from '../../contract/errors.ts';
import type { LibraryState } from '../../contract/keeping.ts';
import { placeOfLibrary } from '../../library/library-place.ts';
import { moveLibrary } from '../../library/move-library.ts';
import { rebuildLibrary, restoreBackup } from '../../library/restore.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { defaultFolder, libraryFolderOf, withStudio } from '../open-host-studio.ts';
import { type CommonOptions, addCommonOptions } from '../options.ts';
import { recoveryText } from '../recovery-text.ts';
import { progressDisplay } from '../terminal.ts';
import { type Outcome, runCommand } from './run-command.ts';

const actions = ['state', 'backup', 'check', 'restore', 'rebuild', 'move', 'diagnostics'] as const;
type Action = (typeof actions)[number];

/** What stands behind the action; null for nothing. */
const words: Readonly<Record<Action, string | null>> = {
  state: null, backup: null, check: null, restore: 'BACKUP', rebuild: null, move: 'FOLDER', diagnostics: null,
};

export function addLibraryCommand(program: Command): void {
  const command = program.command('library')
    .description('look after the library: backups, checks, restoring, moving')
    .addArgument(new Argument('[action]', 'what to do').choices(actions).default('state'))
    .argument('[word]', 'a backup, or a folder');
  addCommonOptions(command);
  command.addHelpText('after', `
state              where it lies, what it holds, its backups
backup             copy the database and verify the copy; one a day is made by itself
check              read every kept file again, check the database, make again what can be made
restore BACKUP     go back to a backup; what is there now is backed up first
rebuild            make the database anew from the files and the notes beside them
move FOLDER        copy it there, verify it, and use it there from now on
diagnostics        what a report of a problem would hold: no names, no paths, no pictures`);
  command.action((action: Action, word: string | undefined, options: CommonOptions) => {
    const wanted = words[action];
    if ((word === undefined) !== (wanted === null)) {
      command.error(`error: "library ${action}" takes ${wanted ?? 'no word'}`);
    }
    return runCommand(options, () => acts[action](options, word!));
  });
}

type Act = (options: CommonOptions, word: string) => Promise<Outcome>;

const acts: Readonly<Record<Action, Act>> = {
  state: (options) => idle(options, async (studio) => {
    const state = await studio.run('library.state', {});
    return { document: state, text: stateText(state) };
  }),
  backup: (options) => idle(options, async (studio) => {
    const backup = await studio.run('library.backUp', {});
    return { document: { backup }, text: `Backup ${backup.id}, ${megabytes(backup.sizeBytes)}, verified.` };
  }),
  check: (options) => idle(options, async (studio) => {
    const check = await studio.run('library.check', {});
    const { filesChecked, missing, damaged, mended, swept, isDatabaseSound } = check;
    const text = [
      `${filesChecked} files: ${missing} missing, ${damaged} damaged, ${mended} made again, ${swept} swept.`,
      isDatabaseSound ? 'The database is sound.' : 'The database is damaged: likeness library rebuild.',
    ];
    return { document: check, text: text.join('\n') };
  }),
  async restore({ library }, id) {
    await restoreBackup(libraryFolderOf(library), id);
    return { document: { restored: id }, text: `The library is as it was at backup ${id}.` };
  },
  async rebuild({ library }) {
    const folder = libraryFolderOf(library);
    if (!(await rebuildLibrary(folder))) throw nothingToRebuild();
    return await idle({ library }, async (studio) => {
      const state = await studio.run('library.state', {});
      return { document: state, text: stateText(state) };
    });
  },
  move: ({ library }, folder) => move(library, folder),
  diagnostics: (options) => idle(options, async (studio) => {
    const report = await studio.run('library.diagnostics', {});
    return { document: report, text: report.text };
  }),
};

function idle(
  { library }: Pick<CommonOptions, 'library'>, work: (studio: Studio) => Promise<Outcome>,
): Promise<Outcome> {
  return withStudio(libraryFolderOf(library), work, { isIdle: true });
}

/** A library that was named is moved; only the user's own one is looked for at its new place from now on. */
async function move(library: string | undefined, to: string): Promise<Outcome> {
  const display = progressDisplay(process.stderr);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal);
  try {
    const from = libraryFolderOf(library);
    const isOwn = from === placeOfLibrary(defaultFolder());
    const place = await moveLibrary(from, to, {
      ...(isOwn ? { defaultFolder: defaultFolder() } : {}), signal: stop.signal,
      onProgress: ({ files, filesDone }) =>
        display.show({ phase: 'saving', step: filesDone, steps: files, loss: null, etaSeconds: null }),
    });
    return { document: { place }, text: `The library is at ${place} now.` };
  } finally {
    process.off('SIGINT', onSignal);
    display.end();
  }
}

function stateText(state: LibraryState): string {
  const { place, sizeBytes, freeBytes, subjects, photos, looks, portraits, backups, lastCheck, recovery } = state;
  return [
    `${place}, ${megabytes(sizeBytes)}${freeBytes === null ? '' : `, ${megabytes(freeBytes)} free on its disk`}`,
    `${subjects} subjects, ${photos} photos, ${looks} looks, ${portraits} portraits`,
    ...(recovery ? [recoveryText(recovery)] : []),
    lastCheck ? `Checked on ${day(lastCheck.atMs)}: ${lastCheck.missing} missing, ${lastCheck.damaged} damaged.`
      : 'Not checked yet.',
    ...(backups.length === 0 ? ['No backup yet.'] : ['Backups:']),
    ...backups.map((backup) =>
      `  ${backup.id.padEnd(26)} ${megabytes(backup.sizeBytes).padStart(10)}  ${backup.reason}`),
  ].join('\n');
}

function nothingToRebuild(): UserError {
  return new UserError('library.nothing-to-rebuild', {
    what: 'There are no notes in this folder to make a database of.',
    safe: 'Nothing was changed.',
    todo: 'Open the library once, so that its notes are written.',
  });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function day(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

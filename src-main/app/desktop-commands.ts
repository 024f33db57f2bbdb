// The desktop's commands: dialogs, folders, links, the library's move. Parsed like the studio's and answered as data.
// What the system does stands behind DesktopSystem, so that a test can play it.

import { copyFile, rm } from 'node:fs/promises';
import { extname, join } from 'node:path';
import {
  type DesktopCommandName, type DesktopResponse, type ParsedDesktopRequest, desktopCommands, type linkNames,
} from '../contract/desktop.ts';
import { errorDataOf } from '../contract/error-data.ts';
import { UserError } from '../contract/errors.ts';
import type { Answer } from '../contract/studio.ts';
import { modelHandlers } from './model-commands.ts';
import { placeWords } from './place-words.ts';
import type { StudioHolder } from './studio-holder.ts';
import { openTickets } from './tickets.ts';
import type { DesktopWords } from './words.ts';

export type LinkName = (typeof linkNames)[number];

/** What the user is asked for in a dialog of the system's. */
export interface Question {
  readonly title: string;
  readonly button: string;
  readonly what: 'files' | 'folder' | 'both';
  /** For files: what may be chosen, by the ends of their names. */
  readonly filters?: readonly { readonly name: string; readonly extensions: string[] }[];
}

export interface DesktopSystem {
  readonly platform: NodeJS.Platform;
  readonly isPackaged: boolean;
  /** Absolute paths; none where the user closed the dialog. */
  ask(question: Question): Promise<readonly string[]>;
  /** Shows a file in its folder. */
  showFile(path: string): void;
  /** Opens a folder, or a file in the program for it. */
  open(path: string): Promise<void>;
  /** Opens a page in the user's browser. */
  openAddress(address: string): Promise<void>;
}

export interface DesktopParts {
  readonly system: DesktopSystem;
  readonly holder: StudioHolder;
  readonly words: () => DesktopWords;
  /** Moves a whole library into or below a folder, and remembers where it lies then, which it answers. */
  readonly moveLibrary: (from: string, to: string) => Promise<string>;
  /** A file to open, or an https address; undefined where this copy of Likeness names none. */
  readonly linkOf: (link: LinkName) => string | undefined;
}

export type DesktopHandlers = {
  readonly [N in DesktopCommandName]: (request: ParsedDesktopRequest<N>) => Promise<DesktopResponse<N>>;
};

export type AnswerDesktop = (command: DesktopCommandName, request: unknown) => Promise<Answer>;

/** Answers desktop commands; never throws. */
export function desktopAnswers(parts: DesktopParts): AnswerDesktop {
  const handlers = desktopHandlers(parts);
  return async (command, request) => {
    try {
      const parsed = desktopCommands[command].request.safeParse(request);
      if (!parsed.success) throw misunderstood(command);
      const result = await handlers[command](parsed.data as never);
      return { ok: true, result: desktopCommands[command].response.parse(result) };
    } catch (error) {
      return { ok: false, error: errorDataOf(error) };
    }
  };
}

const photoEndings = ['jpg', 'jpeg', 'jpe', 'jfif', 'png', 'webp'];

function desktopHandlers(parts: DesktopParts): DesktopHandlers {
  const { system, holder, linkOf } = parts;
  return {
    'desktop.state': async () => {
      const { platform, isPackaged } = system;
      return { platform: platform === 'darwin' || platform === 'win32' ? platform : 'linux', isPackaged };
    },
    'desktop.choosePhotos': (request) => choosePhotos(parts, request),
    ...folderHandlers(parts),
    ...modelHandlers(parts),
    'desktop.showLibrary': async () => {
      await system.open(holder.studio().library.folder);
      return {};
    },
    'desktop.openLink': async ({ link }) => {
      const target = linkOf(link);
      if (target === undefined) throw noLink();
      await (target.startsWith('https://') ? system.openAddress(target) : system.open(target));
      return {};
    },
  };
}

async function choosePhotos(
  { system, holder, words }: DesktopParts, { subjectId, what }: ParsedDesktopRequest<'desktop.choosePhotos'>,
): Promise<DesktopResponse<'desktop.choosePhotos'>> {
  const { dialog } = words();
  const title = what === 'folder' ? dialog.chooseFolderOfPhotos : dialog.choosePhotos;
  const filters = [
    { name: dialog.photos, extensions: photoEndings }, { name: dialog.allFiles, extensions: ['*'] },
  ];
  const asked = system.platform === 'darwin' ? 'both' : what;
  const paths = await system.ask({ title, button: dialog.import, what: asked, filters });
  return { job: paths.length === 0 ? null : await holder.studio().queueImport(subjectId, paths) };
}

/** What works on a folder that was chosen before. */
function folderHandlers({ system, holder, words, moveLibrary }: DesktopParts): Pick<
  DesktopHandlers, 'desktop.chooseFolder' | 'desktop.saveExport' | 'desktop.moveLibrary'> {
  const tickets = openTickets<'library' | 'export'>();
  return {
    'desktop.chooseFolder': async ({ purpose }) => {
      const { dialog } = words();
      const title = purpose === 'library' ? dialog.chooseLibrary : dialog.chooseExport;
      const [path] = await system.ask({ title, button: dialog.chooseHere, what: 'folder' });
      return path === undefined ? null : { ticket: tickets.issue(purpose, path), place: placeWords(path) };
    },
    'desktop.saveExport': async ({ exportId, ticket }) => {
      const folder = tickets.pathOf('export', ticket);
      const found = holder.openExport(exportId);
      if (!found) throw exportGone();
      const file = await copyInto(folder, found.file, found.downloadName);
      system.showFile(file);
      return { place: placeWords(file), files: 1 };
    },
    'desktop.moveLibrary': async ({ ticket }) => {
      const to = tickets.pathOf('library', ticket);
      await holder.move((from) => moveLibrary(from, to));
      return { place: placeWords(holder.studio().library.folder) };
    },
  };
}

/** Copies without ever writing over a file: 'a.png', then 'a (2).png'. Returns the copy's path. */
async function copyInto(folder: string, file: string, name: string): Promise<string> {
  const plainName = name.replace(/[/\\:*?"<>|\0]/g, '_').replace(/^\.+/, '_');
  const ending = extname(plainName);
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? '' : ` (${number})`;
    const target = join(folder, `${plainName.slice(0, plainName.length - ending.length)}${suffix}${ending}`);
    try {
      // EXCL: fails where a file of this name is
      await copyFile(file, target, 1);
      return target;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') continue;
      await rm(target, { force: true }).catch(() => undefined);
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOENT') throw folderRefused();
      throw error;
    }
  }
}

function misunderstood(command: string): UserError {
  return new UserError('studio.request-misunderstood', {
    what: `The request "${command}" could not be read.`,
    safe: 'Nothing was changed.',
    todo: 'Reload the page; if it happens again, page and studio are of different versions.',
  }, { command });
}

function exportGone(): UserError {
  return new UserError('desktop.export-gone', {
    what: 'What was to be saved is no longer ready.', safe: 'Your portraits and looks are untouched.',
    todo: 'Save them again.',
  });
}

function folderRefused(): UserError {
  return new UserError('desktop.folder-refused', {
    what: 'Nothing can be written to that folder.', safe: 'Nothing was changed.', todo: 'Choose another folder.',
  });
}

function noLink(): UserError {
  return new UserError('desktop.no-link', {
    what: 'This copy of Likeness does not say where that page is.', safe: 'Nothing was changed.',
    todo: 'Look where you got Likeness from.',
  });
}

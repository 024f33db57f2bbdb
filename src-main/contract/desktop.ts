// What only the desktop app can do: dialogs, folders, notifications, dragging files out. Its commands travel
// through the same gate as the studio's; the browser host answers them with 'desktop.only'. The page still sees no
// path: what a dialog chose is a ticket, which only the main process can read.

import { z } from 'zod';
import { exportIdSchema, jobIdSchema, portraitIdSchema, subjectIdSchema } from './ids.ts';
import { modelFolderSchema } from './models.ts';
import { jobSchema } from './work.ts';

const none = z.object({});
const ticket = z.string().regex(/^[0-9a-f]{32}$/);

/** Pages elsewhere that the app may open in the user's browser, and nothing else. */
export const linkNames = ['source', 'licenses', 'report'] as const;

export const desktopCommands = {
  'desktop.state': {
    request: none,
    response: z.object({ platform: z.enum(['linux', 'darwin', 'win32']), isPackaged: z.boolean() }),
  },
  /** Asks for files or folders and queues their import; null where the user closed the dialog. */
  'desktop.choosePhotos': {
    request: z.object({
      subjectId: subjectIdSchema,
      /** One dialog chooses either on Windows and Linux, and both on a Mac. */
      what: z.enum(['files', 'folder']).default('files'),
    }),
    response: z.object({ job: jobSchema.nullable() }),
  },
  /** Asks for a folder; `place` is for reading only, with the home folder as ~. */
  'desktop.chooseFolder': {
    request: z.object({ purpose: z.enum(['library', 'export']) }),
    response: z.object({ ticket, place: z.string() }).nullable(),
  },
  /** Writes what looks.export or portraits.export prepared into a folder that was chosen, and shows it there. */
  'desktop.saveExport': {
    request: z.object({ exportId: exportIdSchema, ticket }),
    response: z.object({ place: z.string(), files: z.int() }),
  },
  /** Moves the library into a chosen folder and opens it from there. */
  'desktop.moveLibrary': { request: z.object({ ticket }), response: z.object({ place: z.string() }) },
  'desktop.showLibrary': { request: none, response: none },
  /** Asks for a folder of models, or a model's file, and names it: models.folders tells what was found. */
  'desktop.chooseModels': {
    request: z.object({ what: z.enum(['file', 'folder']).default('folder') }),
    response: z.object({ folders: z.array(modelFolderSchema) }).nullable(),
  },
  /** Asks for another place for downloads; what is there already is taken over, nothing is copied. */
  'desktop.chooseModelStore': { request: none, response: z.object({ place: z.string() }).nullable() },
  /** Opens a licence's text in the user's browser. */
  'desktop.openLicense': { request: z.object({ licenseId: z.string().max(80) }), response: none },
  'desktop.openLink': { request: z.object({ link: z.enum(linkNames) }), response: none },
} as const;

export type DesktopCommandName = keyof typeof desktopCommands;
export const desktopCommandNames = Object.keys(desktopCommands) as DesktopCommandName[];
export type DesktopRequest<N extends DesktopCommandName> = z.input<(typeof desktopCommands)[N]['request']>;
export type ParsedDesktopRequest<N extends DesktopCommandName> = z.output<(typeof desktopCommands)[N]['request']>;
export type DesktopResponse<N extends DesktopCommandName> = z.output<(typeof desktopCommands)[N]['response']>;

/**
 * What a menu item or a notification asks of the page. 'undo' and 'redo' in a text field are done already when the
 * page hears 'undo': it passes over it while one has the focus.
 */
export const menuActionSchema = z.enum([
  'new-subject', 'import-photos', 'import-folder', 'teach', 'create', 'export', 'undo', 'settings', 'shortcuts',
  'toggle-sidebar', 'toggle-inspector', 'toggle-queue',
]);
export type MenuAction = z.infer<typeof menuActionSchema>;

export const desktopEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('menu'), action: menuActionSchema }),
  /** A notification was clicked. */
  z.object({ type: z.literal('show-job'), jobId: jobIdSchema }),
]);
export type DesktopEvent = z.infer<typeof desktopEventSchema>;

/** What is dragged out of the window; answered with a file the system can drop. */
export const dragOutSchema = z.object({ portraitIds: z.array(portraitIdSchema).min(1).max(100) });

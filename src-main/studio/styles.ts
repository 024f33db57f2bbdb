// Commands over styles: list those there are, keep and remove the user's own, say where their files lie and what is
// wrong with them. The page is told when the folder changes under it.

import { watch } from 'node:fs';
import { errorDataOf } from '../contract/error-data.ts';
import { homedir } from 'node:os';
import { stylesFor } from '../packs/styles.ts';
import type { StyleShelf } from '../packs/style-shelf.ts';
import type { Handlers, StudioContext } from './context.ts';

/** Writing a file takes several changes; they are told as one. */
const quietMs = 200;

export function styleCommands(context: StudioContext): Handlers<
  'styles.list' | 'styles.save' | 'styles.remove' | 'styles.folder'> {
  const { library, packs, styleShelf, emit } = context;
  const language = () => library.settings.get().language;
  return {
    'styles.list': ({ packId }) => {
      const pack = packId === null ? packs.list()[0] : packs.get(packId);
      return stylesFor(styleShelf.list(), pack, language());
    },
    'styles.save': async ({ styleId, ...own }) => {
      const saved = await styleShelf.save(styleId, own);
      emit({ type: 'styles-changed' });
      return stylesFor([saved], packs.list()[0], language())[0]!;
    },
    'styles.remove': async ({ styleId }) => {
      await styleShelf.remove(styleId);
      emit({ type: 'styles-changed' });
      return {};
    },
    'styles.folder': () => ({
      place: shownPlace(styleShelf.folder), problems: styleShelf.problems().map(errorDataOf),
    }),
  };
}

/** For reading: the home folder as ~. */
function shownPlace(folder: string): string {
  const home = homedir();
  return home.length > 1 && folder.startsWith(home) ? `~${folder.slice(home.length)}` : folder;
}

/** Calls back when a file of the folder has changed. Returns what ends it. */
export function watchStyles({ folder }: StyleShelf, onChange: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  try {
    const watcher = watch(folder, { persistent: false }, () => {
      clearTimeout(timer);
      timer = setTimeout(onChange, quietMs).unref();
    });
    // a folder that goes, or a system without watches: the list is read when it is asked for, all the same
    watcher.on('error', () => watcher.close());
    return () => {
      clearTimeout(timer);
      watcher.close();
    };
  } catch {
    return () => undefined;
  }
}

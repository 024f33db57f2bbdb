// The desktop's commands over models: dialogs for folders, files and the place of downloads, and licences that open in
// the user's browser.

import { UserError } from '../contract/errors.ts';
import type { DesktopHandlers, DesktopParts } from './desktop-commands.ts';
import { placeWords } from './place-words.ts';

const modelEndings = ['safetensors', 'sft', 'ckpt', 'pt', 'pth', 'bin'];

export function modelHandlers({ system, holder, words }: DesktopParts): Pick<
  DesktopHandlers, 'desktop.chooseModels' | 'desktop.chooseModelStore' | 'desktop.openLicense'> {
  return {
    'desktop.chooseModels': async ({ what }) => {
      const { dialog } = words();
      const filters = [
        { name: dialog.models, extensions: modelEndings }, { name: dialog.allFiles, extensions: ['*'] },
      ];
      const title = what === 'file' ? dialog.chooseModelFile : dialog.chooseModelFolder;
      const paths = await system.ask({
        title, button: dialog.chooseHere, what: what === 'file' ? 'files' : 'folder', filters,
      });
      if (paths.length === 0) return null;
      const { modelFolders } = holder.studio();
      for (const path of paths) await modelFolders.add(path);
      return { folders: modelFolders.list() };
    },
    'desktop.chooseModelStore': async () => {
      const { dialog } = words();
      const [path] = await system.ask({ title: dialog.chooseModelStore, button: dialog.chooseHere, what: 'folder' });
      if (path === undefined) return null;
      await holder.studio().setModelStore(path);
      return { place: placeWords(path) };
    },
    'desktop.openLicense': async ({ licenseId }) => {
      const studio = holder.studio();
      const { entries } = await studio.run('models.list', {});
      const { licenses } = await studio.run('machine.cudaLibraries', {});
      const license = [...entries.map((entry) => entry.license), ...licenses].find(({ id }) => id === licenseId);
      // only addresses of the catalogue, and only encrypted ones
      if (!license?.url.startsWith('https://')) throw unknownLicense();
      await system.openAddress(license.url);
      return {};
    },
  };
}

function unknownLicense(): UserError {
  return new UserError('desktop.no-license', {
    what: 'This licence has no page that could be opened.', safe: 'Nothing was changed.',
    todo: 'Look where the model is published.',
  });
}

// `likeness styles`: the styles there are, and the user's own as files that can be copied, changed by hand and removed.

import path from 'node:path';
import { Argument, type Command } from 'commander';
import { errorDataOf } from '../../contract/error-data.ts';
import { type StyleId, styleIdSchema } from '../../contract/ids.ts';
import type { ShelvedStyle } from '../../packs/own-styles.ts';
import { unknownStyle } from '../../packs/styles.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { libraryFolderOf, withStudio } from '../open-host-studio.ts';
import { type CommonOptions, addCommonOptions } from '../options.ts';
import { type Outcome, runCommand } from './run-command.ts';

const actions = ['list', 'copy', 'remove', 'folder'] as const;
type Action = (typeof actions)[number];

interface StylesOptions extends CommonOptions {
  readonly name?: string;
}

export function addStylesCommand(program: Command): void {
  const command = program.command('styles')
    .description('list the portrait styles; copy one to change it, or remove one of your own')
    .addArgument(new Argument('[action]', 'what to do').choices(actions).default('list'))
    .argument('[id]', 'a style, as the list names it')
    .option('--name <name>', 'with copy: what the new style is called');
  addCommonOptions(command);
  command.addHelpText('after', `
list         all styles by group; your own are marked, and files that cannot be used are named with the reason
copy ID      writes a file of your own with everything the style has, for you to change in any editor
remove ID    removes one of your own
folder       where the files of your own styles lie; what you put there is used at once`);
  command.action((action: Action, id: string | undefined, options: StylesOptions) => {
    const needsId = action === 'copy' || action === 'remove';
    if (needsId !== (id !== undefined)) {
      command.error(`error: "styles ${action}" takes ${needsId ? 'the id of a style' : 'no id'}`);
    }
    return runCommand(options, () => withStudio(
      libraryFolderOf(options.library), (studio) => act(studio, action, id ?? '', options), { isIdle: true }));
  });
}

async function act(studio: Studio, action: Action, id: string, { name }: StylesOptions): Promise<Outcome> {
  const { styleShelf } = studio;
  switch (action) {
    case 'list': return listOf(studio);
    case 'folder': return { document: { folder: styleShelf.folder }, text: styleShelf.folder };
    case 'copy': {
      const style = await styleShelf.copy(idOf(studio, id), name ?? null);
      const file = path.join(styleShelf.folder, styleShelf.fileOf(style.id)!);
      const text = `"${style.name.en}" is in ${file}\nChange it there.`;
      return { document: { style: described(style), file }, text };
    }
    case 'remove': {
      await studio.run('styles.remove', { styleId: idOf(studio, id) });
      return { document: { removed: id }, text: `"${id}" was removed. Portraits that were drawn with it stay.` };
    }
  }
}

/** What is no id at all is a style that is not there. */
function idOf({ styles }: Studio, text: string): StyleId {
  const parsed = styleIdSchema.safeParse(text);
  if (!parsed.success) throw unknownStyle(styles, text);
  return parsed.data;
}

function described({ id, name, group, starter, general, isBuiltIn }: ShelvedStyle): object {
  return { id, name, group, isBuiltIn, starter, general };
}

function listOf({ styleShelf, library }: Studio): Outcome {
  const all = styleShelf.list();
  const problems = styleShelf.problems().map(errorDataOf);
  const { language } = library.settings.get();
  const width = Math.max(...all.map(({ id }) => id.length));
  const line = ({ id, name, isBuiltIn }: ShelvedStyle): string => (
    `  ${id.padEnd(width)}  ${name[language]}${isBuiltIn ? '' : '  (yours)'}`);
  const groups = [...new Set(all.map(({ group }) => group[language]))];
  const lines = groups.flatMap((group) => [group, ...all.filter((one) => one.group[language] === group).map(line)]);
  return {
    document: { styles: all.map(described), folder: styleShelf.folder, problems },
    text: [...lines, ...problems.map(({ what, todo }) => `\n${what} ${todo}`)].join('\n'),
  };
}

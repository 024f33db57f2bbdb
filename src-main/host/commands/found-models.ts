// `likeness models folders|scan|found|forget`: the user's own models where they lie, for ComfyUI, A1111, Hugging Face's
// cache and folders of any kind.

import type { Command } from 'commander';
import type { FoundModel, ModelFolder } from '../../contract/models.ts';
import { sizeInWords } from '../../packs/instant-needs.ts';
import { unknownModel } from '../../packs/model-errors.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { libraryFolderOf, withStudio } from '../open-host-studio.ts';
import { type CommonOptions, addCommonOptions } from '../options.ts';
import { type Outcome, runCommand } from './run-command.ts';

/** Adds the actions to `likeness models`. */
export function addFoundModelActions(program: Command): void {
  const models = program.commands.find((command) => command.name() === 'models');
  if (!models) throw new Error('There is no command "models" to add to.');
  action(models, 'folders', 'list the folders of your own models', foldersOf);
  action(models, 'found', 'list what was found in them: checkpoints, LoRAs, embeddings, VAEs, and what is refused', (
    studio) => foundOf(studio));
  action(models, 'scan', 'look through a folder or file and remember it; without one, all again', scan, '[path]');
  action(models, 'forget', 'forget a folder or file; nothing in it is touched', forget, '<path-or-id>');
}

type Action = (studio: Studio, place: string | undefined) => Promise<Outcome>;

function action(models: Command, name: string, description: string, work: Action, place?: string): void {
  const command = models.command(name).description(description);
  if (place !== undefined) command.argument(place);
  addCommonOptions(command);
  command.exitOverride().showHelpAfterError('(see --help)');
  command.action(() => {
    const options: CommonOptions = command.optsWithGlobals();
    return runCommand(options, () => withStudio(
      libraryFolderOf(options.library), (studio) => work(studio, command.args[0])));
  });
}

async function foldersOf(studio: Studio): Promise<Outcome> {
  const folders = await studio.run('models.folders', {});
  const text = folders.length === 0
    ? 'No folders of models yet: likeness models scan PATH' : folders.map(folderLines).join('\n');
  return { document: { folders }, text };
}

async function scan(studio: Studio, place: string | undefined): Promise<Outcome> {
  if (place === undefined) await studio.run('models.rescan', {});
  const folder = place === undefined ? undefined : await studio.modelFolders.add(place);
  const folders = await studio.run('models.folders', {});
  const all = await studio.run('models.found', {});
  const found = folder ? all.filter(({ folderId }) => folderId === folder.id) : all;
  return {
    document: { folders: folder ? [folder] : folders, found },
    text: [...(folder ? [folder] : folders).map(folderLines), ...found.map(foundLines)].join('\n'),
  };
}

async function foundOf(studio: Studio): Promise<Outcome> {
  const found = await studio.run('models.found', {});
  const text = found.length === 0
    ? 'Nothing was found yet: likeness models scan PATH' : found.map(foundLines).join('\n');
  return { document: { found }, text };
}

async function forget(studio: Studio, named: string | undefined): Promise<Outcome> {
  const folder = named === undefined ? undefined : studio.modelFolders.named(named);
  if (!folder) throw unknownModel('folder');
  const folders = await studio.run('models.forgetFolder', { folderId: folder.id });
  return { document: { folders }, text: `${folder.place} is forgotten; nothing in it was touched.` };
}

function folderLines({ id, kind, place, state, note, counts }: ModelFolder): string {
  const { checkpoints, loras, embeddings, others } = counts;
  const held = `${checkpoints} checkpoints, ${loras} LoRAs, ${embeddings} embeddings, ${others} others`;
  return [`${id}  ${place} (${kind}, ${state}): ${held}`, ...(note ? [`    ${note}`] : [])].join('\n');
}

const families = { sd15: 'SD 1.5', sd2: 'SD 2', sdxl: 'SDXL' };

function foundLines(model: FoundModel): string {
  const { id, kind, within, fileName, sizeBytes, architecture, predictionType, missing, state, note, packId } = model;
  const family = architecture === null ? '' : `, ${families[architecture]}`;
  const prediction = predictionType === 'v_prediction' ? ', v-prediction' : '';
  const place = within === '' ? fileName : `${within}/${fileName}`;
  const now = state === 'ready' ? '' : `, ${state}`;
  return [
    `${packId ?? id}  ${kind}${family}${prediction}: ${place}, ${sizeInWords(sizeBytes)}${now}`,
    ...[...missing, note].filter(Boolean).map((sentence) => `    ${sentence}`),
    ...(model.words.length > 0 && state === 'ready' ? [`    called by: ${model.words.join(', ')}`] : []),
  ].join('\n');
}

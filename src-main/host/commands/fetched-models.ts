// `likeness models list|get|pause|cancel|remove|verify|mirror|store`: models from their publishers, fetched when asked.

import path from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { reviveError } from '../../contract/error-data.ts';
import { mirrorSchema } from '../../contract/mirror.ts';
import type { CatalogueEntry, ModelStore } from '../../contract/models.ts';
import { sizeInWords } from '../../packs/instant-needs.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { libraryFolderOf, withStudio } from '../open-host-studio.ts';
import { type CommonOptions, addCommonOptions } from '../options.ts';
import { durationWords } from '../terminal.ts';
import { type Outcome, runCommand } from './run-command.ts';

interface FetchOptions extends CommonOptions {
  readonly acceptLicense?: string[];
}

/** Adds the actions to `likeness models`. */
export function addFetchedModelActions(program: Command): void {
  const models = program.commands.find((command) => command.name() === 'models');
  if (!models) throw new Error('There is no command "models" to add to.');
  action(models, 'list', 'list what can be fetched, with size, licence and state', list);
  const get = action(models, 'get', 'fetch models and what they need, and wait; Ctrl+C pauses', fetchAll, '<id...>');
  get.option('--accept-license <id>', 'you have read this licence and agree to it (repeatable)', collect);
  action(models, 'pause', 'stop fetching; what has come is kept', each('models.pause'), '<id...>');
  action(models, 'cancel', 'stop fetching and give back what has come', each('models.cancel'), '<id...>');
  action(models, 'remove', 'remove fetched models; your own files are never touched', each('models.remove'), '<id...>');
  action(models, 'verify', 'read every file of fetched models again', each('models.verify'), '<id...>');
  const hosts = mirrorSchema.shape.from.options.join(', ');
  const mirror = action(
    models, 'mirror', `ask HOST (${hosts}) at another address; "none" goes back`, setMirror, '<host> <address>');
  mirror.hook('preAction', (_command, { args: [from, to] }) => {
    if (to === 'none' || mirrorSchema.safeParse({ from, to }).success) return;
    mirror.error(`error: a mirror is one of ${hosts}, and an address that begins with https://`);
  });
  action(models, 'store', 'say where downloads are kept, or keep them in FOLDER from now on', store, '[folder]');
}

type Action = (studio: Studio, words: readonly string[], options: FetchOptions) => Promise<Outcome>;

function action(models: Command, name: string, description: string, work: Action, places = ''): Command {
  const command = models.command(name).description(description);
  if (places) command.arguments(places);
  addCommonOptions(command);
  command.exitOverride().showHelpAfterError('(see --help)');
  command.action(() => {
    const options: FetchOptions = command.optsWithGlobals();
    return runCommand(options, () => withStudio(
      libraryFolderOf(options.library), (studio) => work(studio, command.args, options)));
  });
  return command;
}

function collect(value: string, all: string[] = []): string[] {
  if (!value) throw new InvalidArgumentError('It is empty.');
  return [...all, value];
}

async function list(studio: Studio): Promise<Outcome> {
  const view = await studio.run('models.list', {});
  return { document: view, text: [...view.entries.map(entryLines), storeLine(view)].join('\n') };
}

async function fetchAll(studio: Studio, ids: readonly string[], options: FetchOptions): Promise<Outcome> {
  for (const licenseId of options.acceptLicense ?? []) await studio.run('licenses.accept', { licenseId });
  const { entries } = await studio.run('models.list', {});
  const wanted = withNeeds(ids, entries);
  const isPaused = pausesOnInterrupt(studio, wanted);
  const endProgress = showProgress(studio);
  try {
    for (const modelId of wanted) await studio.run('models.get', { modelId });
    const after = await Promise.all(wanted.map((id) => studio.models.settled(id)));
    const failed = after.find(({ download }) => download?.error);
    if (failed?.download?.error) throw reviveError(failed.download.error);
    const text = after.map(entryLines).join('\n');
    return { document: { models: after }, text: isPaused() ? `${text}\nPaused: the same command goes on.` : text };
  } finally {
    endProgress();
  }
}

/** With what they are of no use without, unless the user has it. */
function withNeeds(ids: readonly string[], entries: readonly CatalogueEntry[]): string[] {
  const all = ids.flatMap((id) => [
    ...(entries.find((entry) => entry.id === id)?.needs ?? []).filter((need) => (
      !['installed', 'elsewhere'].includes(entries.find((entry) => entry.id === need)?.state ?? ''))), id]);
  return [...new Set(all)];
}

/** Ctrl+C keeps what has come; a second one ends the program. */
function pausesOnInterrupt(studio: Studio, ids: readonly string[]): () => boolean {
  let isPaused = false;
  process.once('SIGINT', () => {
    isPaused = true;
    for (const modelId of ids) void studio.run('models.pause', { modelId });
  });
  return () => isPaused;
}

function showProgress(studio: Studio): () => void {
  const isTerminal = process.stderr.isTTY;
  let toldAtMs = -Infinity;
  const end = studio.subscribe((event) => {
    if (event.type !== 'model-changed' || !event.model.download) return;
    const nowMs = performance.now();
    if (!isTerminal && nowMs - toldAtMs < 10_000) return;
    toldAtMs = nowMs;
    process.stderr.write(isTerminal ? `\r\u001b[2K${progressOf(event.model)}` : `${progressOf(event.model)}\n`);
  });
  return () => {
    end();
    if (isTerminal) process.stderr.write('\r\u001b[2K');
  };
}

function progressOf({ name, sizeBytes, download }: CatalogueEntry): string {
  const { state, bytesDone, bytesPerSecond, etaSeconds } = download!;
  const share = sizeBytes > 0 ? ` ${Math.floor((100 * bytesDone) / sizeBytes)} %` : '';
  const pace = bytesPerSecond === null ? '' : `, ${sizeInWords(bytesPerSecond)} a second`;
  const left = etaSeconds === null ? '' : `, ${durationWords(etaSeconds)} left`;
  return `${name}: ${state}${share} of ${sizeInWords(sizeBytes)}${pace}${left}`;
}

function each(command: 'models.pause' | 'models.cancel' | 'models.remove' | 'models.verify'): Action {
  return async (studio, ids) => {
    const models = [];
    for (const modelId of ids) models.push(await studio.run(command, { modelId }));
    return { document: { models }, text: models.map(entryLines).join('\n') };
  };
}

async function setMirror(studio: Studio, [host, address]: readonly string[]): Promise<Outcome> {
  const { mirrors } = (await studio.run('studio.state', {})).settings;
  const others = mirrors.filter(({ from }) => from !== host);
  const wanted = address === 'none' ? others : [...others, mirrorSchema.parse({ from: host, to: address })];
  await studio.run('models.setMirrors', { mirrors: wanted });
  const lines = wanted.map(({ from, to }) => `${from} is asked at ${to}`);
  return { document: { mirrors: wanted }, text: lines.join('\n') || 'No mirrors: publishers are asked themselves.' };
}

async function store(studio: Studio, [folder]: readonly string[]): Promise<Outcome> {
  if (folder !== undefined) await studio.setModelStore(path.resolve(folder));
  const view = await studio.run('models.list', {});
  const { place, note, freeBytes, usedBytes } = view;
  return { document: { place, note, freeBytes, usedBytes }, text: storeLine(view) };
}

function storeLine({ place, note, freeBytes, usedBytes }: ModelStore): string {
  const free = freeBytes === null ? '' : `, ${sizeInWords(freeBytes)} free`;
  const now = note === '' ? `${sizeInWords(usedBytes)} used${free}` : note;
  return `downloads are kept in ${place}: ${now}`;
}

function entryLines(entry: CatalogueEntry): string {
  const { id, name, sizeBytes, state, download, license, source, place, packId } = entry;
  const stands = download ? progressOf(entry).slice(name.length + 2) : `${state}, ${sizeInWords(sizeBytes)}`;
  const limit = license.isCommercialUseAllowed ? '' : ', not for commercial use';
  const agreement = license.isAccepted ? '' : ` (not accepted: --accept-license ${license.id})`;
  return [
    `${id}  ${name}: ${stands}`,
    `    ${license.name}${limit}${agreement}`,
    `    ${place ? `in ${place}` : `from ${source}`}`,
    ...(packId === null ? [] : [`    --pack ${packId}`]),
  ].join('\n');
}

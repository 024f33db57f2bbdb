// `likeness models`: base models and the networks beside them, what is there and what their licences allow; adds the
// user's own by path, takes the agreement to a licence, and chooses who finds faces.

import path from 'node:path';
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { type FaceEngineId, faceEngineIdSchema } from '../../contract/faces.ts';
import type { FaceEngine } from '../../contract/faces.ts';
import type { Pack } from '../../contract/nouns.ts';
import type { Companion } from '../../packs/companions.ts';
import { sizeInWords } from '../../packs/instant-needs.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { libraryFolderOf, withStudio } from '../open-host-studio.ts';
import { type CommonOptions, addCommonOptions } from '../options.ts';
import { type Outcome, runCommand } from './run-command.ts';

interface ModelsOptions extends CommonOptions {
  readonly acceptLicense: string[];
  readonly faceEngine?: FaceEngineId;
}

export function addModelsCommand(program: Command): void {
  const command = program.command('models')
    .description('list the base models and the networks beside them, with size, state and licence; add your own')
    .addArgument(new Argument('[action]', 'add: remember what lies at PATH').choices(['add']))
    .argument('[path]', 'a file or folder: antelopev2, InstantID, an LCM-LoRA; it stays where it is')
    .option('--accept-license <id>', 'you have read this licence and agree to it (repeatable)', collect, [])
    .addOption(new Option('--face-engine <name>', 'who finds and compares faces').choices(faceEngineIdSchema.options));
  addCommonOptions(command);
  command.addHelpText('after', `
What is added stays where it is; nothing is copied, and only "likeness models get" fetches anything. An .onnx file is
used only if it is, byte for byte, the one that was published; other editions of InstantID's weights are used and said
to be such.`);
  command.action((action: string | undefined, place: string | undefined, options: ModelsOptions) => {
    if ((action === undefined) !== (place === undefined)) command.error('error: "models add" needs a path');
    return runCommand(options, () =>
      withStudio(libraryFolderOf(options.library), (studio) => runModels(studio, place, options)));
  });
}

function collect(value: string, all: string[]): string[] {
  if (!value) throw new InvalidArgumentError('It is empty.');
  return [...all, value];
}

async function runModels(studio: Studio, place: string | undefined, options: ModelsOptions): Promise<Outcome> {
  const added = place === undefined ? [] : await studio.companions.add(path.resolve(place));
  for (const licenseId of options.acceptLicense) await studio.run('licenses.accept', { licenseId });
  if (options.faceEngine) await studio.run('settings.set', { faceEngine: options.faceEngine });
  const { packs, faceEngines, settings } = await studio.run('studio.state', {});
  const companions = studio.companions.list();
  const { faceEngine, acceptedLicenses } = settings;
  const isAdded = ({ kind }: Companion): boolean => added.some((one) => one.kind === kind);
  const lines = place === undefined
    ? [...packs.map(packLine), '', ...companions.map(companionLines), '', ...faceEngineLines(faceEngines, faceEngine)]
    : companions.filter(isAdded).map(companionLines);
  return {
    document: { packs, companions, faceEngines, faceEngine, acceptedLicenses, added: added.map(({ kind }) => kind) },
    text: lines.join('\n'),
  };
}

function packLine({ id, name, sizeBytes, license, instantly }: Pack): string {
  const missing = instantly?.missing.join(' ') ?? '';
  const ways = instantly?.isReady ? 'draws faces without teaching' : `without teaching: ${missing}`;
  return `${id}  ${name}, ${sizeInWords(sizeBytes)}, ${license}\n    ${ways}`;
}

const stateWords: Readonly<Record<Companion['state'], string>> = {
  missing: 'not added', ready: 'ready', gone: 'gone', changed: 'changed',
};

function companionLines(companion: Companion): string {
  const { kind, name, state, sizeBytes, license, licenseId, isLicenseAccepted, note, path: place, source } = companion;
  const agreement = isLicenseAccepted ? '' : ` (not accepted: --accept-license ${licenseId})`;
  return [
    `${kind}  ${name}: ${stateWords[state]}, ${sizeInWords(sizeBytes)}`,
    `    ${license}${agreement}`,
    `    ${place === null ? `from ${source}` : `in ${place}`}`,
    ...(note ? [`    ${note}`] : []),
  ].join('\n');
}

/** One line an engine; the one in use is marked. */
export function faceEngineLines(engines: readonly FaceEngine[], chosen: FaceEngineId): string[] {
  return engines.map(({ id, name, reason, license }) => {
    const state = reason || (id === chosen ? 'in use' : 'ready');
    return `faces    ${name}: ${state}${reason ? '' : ` (${license})`}`;
  });
}

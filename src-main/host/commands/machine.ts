// `likeness packs` lists the base models; `likeness doctor` says what this machine computes with.

import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../../contract/errors.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { libraryFolderOf, withStudio, withTemporaryStudio } from '../open-host-studio.ts';
import { type CommonOptions, addCommonOptions } from '../options.ts';
import { faceEngineLines } from './models.ts';
import { type Outcome, runCommand } from './run-command.ts';

export function addPacksCommand(program: Command): void {
  const command = program.command('packs')
    .description('list the base models that come with Likeness')
    .option('--json', 'print one JSON document on standard output');
  command.addHelpText('after', `
Any Stable Diffusion 1.5, 2.x or SDXL checkpoint can be used by its path: likeness portraits --pack PATH ...
A face is drawn without teaching by a model that says so, and by SDXL checkpoints with InstantID beside them: see
likeness models.`);
  command.action((options: { json?: boolean }) => runCommand(options, () => withTemporaryStudio(listPacks)));
}

async function listPacks(studio: Studio): Promise<Outcome> {
  const { packs } = await studio.run('studio.state', {});
  const lines = packs.map(({ id, name, resolutionPx, sizeBytes, license, description, instantly }) => [
    `${id}  ${name}, ${resolutionPx} px, ${(sizeBytes / 1e6).toFixed(0)} MB, ${license}`,
    `    ${description}`,
    ...(instantly?.isReady ? ['    Draws a face without teaching (--instant, --method instantid).'] : []),
  ].join('\n'));
  return { document: { packs }, text: lines.join('\n') || 'No model is installed.' };
}

export function addDoctorCommand(program: Command): void {
  const command = program.command('doctor')
    .description('try the providers of this machine and say what works');
  addCommonOptions(command);
  command.action((options: CommonOptions) => runCommand(options, () => examineWith(options)));
}

/** With what the user's library knows of face engines, unless there is none yet or another Likeness has it open. */
async function examineWith(options: CommonOptions): Promise<Outcome> {
  const folder = libraryFolderOf(options.library);
  if (!existsSync(path.join(folder, 'library.db'))) return await withTemporaryStudio(examine);
  try {
    return await withStudio(folder, examine);
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'library.in-use') throw error;
    return await withTemporaryStudio(examine);
  }
}

async function examine(studio: Studio): Promise<Outcome> {
  const result = await studio.engine.run({ kind: 'doctor' }, new AbortController().signal);
  if (result.kind !== 'doctor') throw new Error('The engine answered a doctor request with something else.');
  const { kind: _kind, ...machine } = result;
  const { faceEngines, settings: { faceEngine } } = await studio.run('studio.state', {});
  const providers = result.providers.map(({ name, works, reason, durationMs }) =>
    `${name.padEnd(8)}${works ? `works (${durationMs.toFixed(1)} ms for the trial)` : `does not work: ${reason}`}`);
  return {
    document: { ...machine, faceEngines, faceEngine },
    text: [
      ...providers,
      ...faceEngineLines(faceEngines, faceEngine),
      `${result.processorCores} processor cores, ${(result.memoryBytes / 2 ** 30).toFixed(1)} GiB memory`,
      `Node ${result.nodeVersion}, ONNX Runtime ${result.onnxRuntimeVersion}`,
    ].join('\n'),
  };
}

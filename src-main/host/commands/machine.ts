// `likeness packs` lists the base models; `likeness doctor` says what this machine computes with.

import type { Command } from 'commander';
import type { Studio } from '../../studio/open-studio.ts';
import { withLibraryIfThere, withTemporaryStudio } from '../open-host-studio.ts';
import { type CommonOptions, addCommonOptions } from '../options.ts';
import { faceEngineLines } from './models.ts';
import { machineLines } from '../machine-lines.ts';
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

type DoctorOptions = CommonOptions & { readonly anew?: boolean; readonly operators?: boolean };

export function addDoctorCommand(program: Command): void {
  const command = program.command('doctor')
    .description('try what this machine can compute with, operator by operator, and say what is used and why')
    .option('--anew', 'try everything again, also where nothing has changed since')
    .option('--operators', 'list every operator, not only those that are not right');
  addCommonOptions(command);
  command.addHelpText('after', `
Each provider is tried in a process of its own, because a graphics driver can end it: every operator that Likeness's
networks are made of, in float32 and in float16, against a reference. "refused" is no fault: ONNX Runtime computes that
one on the processor. What was found is kept until the system, a driver or Likeness itself is another.`);
  command.action((options: DoctorOptions) => runCommand(options, () => (
    withLibraryIfThere(options.library, (studio) => examine(studio, options)))));
}

async function examine(studio: Studio, { anew = false, operators = false }: DoctorOptions): Promise<Outcome> {
  const machine = await studio.run('machine.examine', { isAnew: anew });
  const cuda = await studio.run('machine.cudaLibraries', {});
  const { faceEngines, settings: { faceEngine } } = await studio.run('studio.state', {});
  return {
    document: { ...machine, cuda, faceEngines, faceEngine },
    text: [
      ...machineLines(machine, operators),
      ...(cuda.state === 'not-needed' ? [] : [`CUDA libraries: ${cuda.state}. ${cuda.note}`]),
      ...faceEngineLines(faceEngines, faceEngine),
    ].join('\n'),
  };
}

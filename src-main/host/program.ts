// The command line's words: every command with its options, and what wrong usage ends with.

import { Command, CommanderError } from 'commander';
import { addExportCommand } from './commands/export.ts';
import { addBatchCommand } from './commands/batch.ts';
import { addMachineCommand } from './commands/cuda.ts';
import { addFetchedModelActions } from './commands/fetched-models.ts';
import { addFoundModelActions } from './commands/found-models.ts';
import { addGenerateCommand } from './commands/generate.ts';
import { addDoctorCommand, addPacksCommand } from './commands/machine.ts';
import { addJobsCommand } from './commands/jobs.ts';
import { addLibraryCommand } from './commands/library.ts';
import { addModelsCommand } from './commands/models.ts';
import { addAnalyzeCommand, addImportCommand } from './commands/photos.ts';
import { addPortraitsCommand } from './commands/portraits.ts';
import { addPlanCommand } from './commands/plan.ts';
import { addAgainCommand } from './commands/portraits-again.ts';
import { addServeCommand } from './commands/serve.ts';
import { addStylesCommand } from './commands/styles.ts';
import { addSubjectsCommand } from './commands/subjects.ts';
import { addTrainCommand } from './commands/train.ts';

const wrongUsage = 2;

export function likenessProgram(version: string): Command {
  const program = new Command('likeness')
    .description('Personal AI portraits: learns a face on your own machine. Nothing leaves it.')
    .version(version)
    .showHelpAfterError('(see --help)')
    .exitOverride();
  const addCommands = [
    addPortraitsCommand, addImportCommand, addAnalyzeCommand, addTrainCommand, addGenerateCommand, addBatchCommand,
    addAgainCommand, addExportCommand, addJobsCommand, addSubjectsCommand, addLibraryCommand, addStylesCommand,
    addPacksCommand, addModelsCommand, addPlanCommand, addDoctorCommand, addMachineCommand,
    addServeCommand,
  ];
  for (const addCommand of addCommands) addCommand(program);
  addFoundModelActions(program);
  addFetchedModelActions(program);
  for (const command of program.commands) command.exitOverride().showHelpAfterError('(see --help)');
  return program;
}

/** Runs what the words say. Returns 2 for wrong usage; a command that fails sets the process's exit code itself. */
export async function runProgram(program: Command, words: readonly string[]): Promise<number> {
  try {
    await program.parseAsync(words, { from: 'user' });
    return 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // help and version end with 0; every other end of commander's is wrong usage
    return error.exitCode === 0 ? 0 : wrongUsage;
  }
}

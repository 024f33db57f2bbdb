#!/usr/bin/env node
// The command line: `likeness <command>`. Results go to standard output, everything else to standard error;
// exit code 0 done, 1 failed with what happened, what is safe and what to do, 2 wrong usage.

import { Command, CommanderError } from 'commander';
import { addExportCommand } from './commands/export.ts';
import { addBatchCommand, addGenerateCommand } from './commands/generate.ts';
import { addDoctorCommand, addPacksCommand } from './commands/machine.ts';
import { addAnalyzeCommand, addImportCommand } from './commands/photos.ts';
import { addPortraitsCommand } from './commands/portraits.ts';
import { addServeCommand } from './commands/serve.ts';
import { addTrainCommand } from './commands/train.ts';
import { readVersion } from './open-host-studio.ts';

const wrongUsage = 2;

async function main(): Promise<void> {
  const program = new Command('likeness')
    .description('Personal AI portraits: learns a face on your own machine. Nothing leaves it.')
    .version(await readVersion())
    .showHelpAfterError('(see --help)')
    .exitOverride();
  const addCommands = [
    addPortraitsCommand, addImportCommand, addAnalyzeCommand, addTrainCommand, addGenerateCommand, addBatchCommand,
    addExportCommand, addPacksCommand, addDoctorCommand, addServeCommand,
  ];
  for (const addCommand of addCommands) addCommand(program);
  for (const command of program.commands) command.exitOverride().showHelpAfterError('(see --help)');
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // help and version end with 0; every other end of commander's is wrong usage
    process.exitCode = error.exitCode === 0 ? 0 : wrongUsage;
  }
}

await main();

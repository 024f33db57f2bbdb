// `likeness serve`: the studio in a browser on this machine, until it is ended with Ctrl+C.

import type { Command } from 'commander';
import { z } from 'zod';
import { errorText } from '../terminal.ts';
import { libraryFolderOf, pageFolder, withStudio } from '../open-host-studio.ts';
import { type CommonOptions, addCommonOptions, numberOf } from '../options.ts';
import { serveStudio } from '../serve.ts';

export function addServeCommand(program: Command): void {
  const command = program.command('serve')
    .description('open the studio in a browser on this machine')
    .option('--port <number>', 'port of 127.0.0.1; a free one when left out', numberOf(z.int().min(0).max(65_535)), 0);
  addCommonOptions(command);
  command.addHelpText('after', `
Prints an address whose token lets one browser in, once. Nothing but this machine can reach it. Ctrl+C ends it.`);
  command.action((options: CommonOptions & { readonly port: number }) => serve(options));
}

async function serve({ library, port, json }: CommonOptions & { readonly port: number }): Promise<void> {
  try {
    await withStudio(libraryFolderOf(library), async (studio) => {
      const { url } = await serveStudio(studio, pageFolder, port);
      process.stdout.write(json ? `${JSON.stringify({ url })}\n` : `Likeness is at ${url}\n`);
      // withStudio ends the process on Ctrl+C
      await new Promise(() => undefined);
    });
  } catch (error) {
    if (json) process.stdout.write(errorText(error, true));
    process.stderr.write(errorText(error, false));
    process.exitCode = 1;
  }
}

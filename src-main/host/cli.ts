#!/usr/bin/env node
// The command line: `likeness <command>`. Results go to standard output, everything else to standard error;
// exit code 0 done, 1 failed with what happened, what is safe and what to do, 2 wrong usage.

import { readVersion } from './open-host-studio.ts';
import { likenessProgram, runProgram } from './program.ts';

// a reader that has seen enough, such as `head`, closes the pipe: that is no failure
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});
const code = await runProgram(likenessProgram(await readVersion()), process.argv.slice(2));
if (code !== 0) process.exitCode = code;

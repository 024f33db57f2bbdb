// How every command ends: its document or text on standard output and exit code 0, or what went wrong and exit code 1.

import { UserError } from '../../contract/errors.ts';
import { errorText } from '../terminal.ts';

export interface Outcome {
  /** What --json prints. */
  readonly document: unknown;
  /** What is printed without it. */
  readonly text: string;
}

// 128 + SIGINT, as shells expect
const interrupted = 130;

/** Whether the user stopped it with Ctrl+C. */
function isInterrupted(error: unknown): boolean {
  return error instanceof UserError && error.code === 'jobs.paused';
}

/** Runs a command's work, prints how it ended and sets the exit code. */
export async function runCommand(options: { readonly json?: boolean }, work: () => Promise<Outcome>): Promise<void> {
  try {
    const { document, text } = await work();
    process.stdout.write(options.json ? `${JSON.stringify(document, null, 2)}\n` : `${text}\n`);
  } catch (error) {
    const asJson = options.json === true;
    if (asJson) process.stdout.write(errorText(error, true));
    process.stderr.write(errorText(error, false));
    process.exitCode = isInterrupted(error) ? interrupted : 1;
  }
}

// The real program on the command line, with a temporary folder and a library of its own, and what it said when it
// ended.

import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

const root = join(import.meta.dirname, '..', '..');

/** `folder`: where it is started; temporary files go to `tmp` in it and the library to `data`. */
export async function runProgram(folder: string, parameters: readonly string[]): Promise<Ended> {
  const program = join(root, 'src-main', 'host', 'cli.ts');
  const [temporary, data] = [join(folder, 'tmp'), join(folder, 'data')];
  await mkdir(temporary, { recursive: true });
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...parameters], {
    cwd: folder, env: { ...process.env, TMPDIR: temporary, XDG_DATA_HOME: data }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  child.stderr.on('data', (chunk: Buffer) => { errors += chunk.toString(); });
  return await new Promise((resolve) => child.on('close', (code) => resolve({ code, output, errors })));
}

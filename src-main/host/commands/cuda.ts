// `likeness machine cuda`: the libraries that CUDA needs on Linux; says how they stand, fetches them, gives them back.

import { Argument, type Command, InvalidArgumentError } from 'commander';
import type { CudaLibraries } from '../../contract/cuda.ts';
import { reviveError } from '../../contract/error-data.ts';
import { sizeInWords } from '../../packs/instant-needs.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { libraryFolderOf, withStudio } from '../open-host-studio.ts';
import { type CommonOptions, addCommonOptions } from '../options.ts';
import { type Outcome, runCommand } from './run-command.ts';

interface CudaOptions extends CommonOptions {
  readonly get?: boolean;
  readonly remove?: boolean;
  readonly acceptLicense: string[];
}

export function addMachineCommand(program: Command): void {
  const command = program.command('machine')
    .description('what NVIDIA’s graphics cards need on Linux: say whether it is here, fetch and try it, or remove it')
    .addArgument(new Argument('<what>', 'cuda: ONNX Runtime’s CUDA provider and NVIDIA’s libraries').choices(['cuda']))
    .option('--get', 'fetch them from NuGet and PyPI, or go on, and wait; Ctrl+C pauses')
    .option('--remove', 'stop fetching, and remove all that was fetched')
    .option('--accept-license <id>', 'you have read this licence and agree to it (repeatable)', collect, []);
  addCommonOptions(command);
  command.action((_what: string, options: CudaOptions) => {
    if (options.get && options.remove) command.error('error: either --get or --remove');
    return runCommand(options, () => withStudio(
      libraryFolderOf(options.library), (studio) => runCuda(studio, options),
      // that it goes on with is said by --get
      { isIdle: true }));
  });
}

function collect(value: string, all: string[]): string[] {
  if (!value) throw new InvalidArgumentError('It is empty.');
  return [...all, value];
}

async function runCuda(studio: Studio, { get, remove, acceptLicense }: CudaOptions): Promise<Outcome> {
  for (const licenseId of acceptLicense) await studio.run('licenses.accept', { licenseId });
  if (remove) return outcomeOf(await studio.run('machine.removeCudaLibraries', {}));
  return get ? await fetchThem(studio) : outcomeOf(await studio.run('machine.cudaLibraries', {}));
}

async function fetchThem(studio: Studio): Promise<Outcome> {
  process.once('SIGINT', () => void studio.run('machine.pauseCudaLibraries', {}));
  const endProgress = showProgress(studio);
  try {
    await studio.run('machine.getCudaLibraries', {});
    const cuda = await studio.cuda.settled();
    if (cuda.error) throw reviveError(cuda.error);
    return outcomeOf(cuda);
  } finally {
    endProgress();
  }
}

function showProgress(studio: Studio): () => void {
  const isTerminal = process.stderr.isTTY;
  let toldAtMs = -Infinity;
  const end = studio.subscribe((event) => {
    if (event.type !== 'cuda-libraries' || !/^(fetching|checking)$/.test(event.libraries.state)) return;
    const nowMs = performance.now();
    if (!isTerminal && nowMs - toldAtMs < 10_000) return;
    toldAtMs = nowMs;
    process.stderr.write(isTerminal ? `\r\u001b[2K${lineOf(event.libraries)}` : `${lineOf(event.libraries)}\n`);
  });
  return () => {
    end();
    if (isTerminal) process.stderr.write('\r\u001b[2K');
  };
}

function lineOf({ state, bytesDone, sizeBytes }: CudaLibraries): string {
  const isSome = bytesDone > 0 && bytesDone < sizeBytes;
  const size = isSome ? `${sizeInWords(bytesDone)} of ${sizeInWords(sizeBytes)}` : sizeInWords(sizeBytes);
  return `CUDA libraries: ${state}${sizeBytes > 0 ? `, ${size}` : ''}`;
}

const licenseLine = ({ id, name, url }: CudaLibraries['licenses'][number]): string => (
  `    ${name}, ${url} (not accepted: --accept-license ${id})`);

function outcomeOf(cuda: CudaLibraries): Outcome {
  const { state, note, place, isFetched, licenses, error } = cuda;
  const open = licenses.filter(({ isAccepted }) => !isAccepted);
  const isOffered = state !== 'ready' && state !== 'not-needed';
  return {
    document: { cuda },
    text: [
      lineOf(cuda),
      ...(note ? [`    ${note}`] : []), ...(error ? [`    ${error.what} ${error.todo}`] : []),
      ...(isFetched ? [`    in ${place}`] : []),
      ...(isOffered ? open.map(licenseLine) : []),
      ...(state === 'paused' ? ['    --get goes on.'] : []),
    ].join('\n'),
  };
}

// Tries CUDA for real, in an engine of its own that may die of it: ONNX Runtime loads its provider with all that this
// needs, computes a small piece of the real work on the card, and compares. What the system's loader or NVIDIA's driver
// says where it fails is told in words, with what to do.

import { spawn } from 'node:child_process';

export interface CudaTrial {
  readonly works: boolean;
  /** What was found, with what to do; one or two sentences. */
  readonly note: string;
}

export interface TrialProgram {
  /** A plain Node 24 binary. */
  readonly nodeFile: string;
  readonly engineFile: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Ends the trial; what it says then counts for nothing. */
  readonly signal: AbortSignal;
}

/** The first use compiles what the driver has no ready kernels for. */
const timeLimitMs = 180_000;
const mostText = 100_000;

export async function tryCuda({ nodeFile, engineFile, environment, signal }: TrialProgram): Promise<CudaTrial> {
  const { text, said, ended } = await new Promise<{ text: string; said: string; ended: string }>((resolve) => {
    const options = ['--disable-warning=ExperimentalWarning', engineFile, '--try', 'cuda'];
    const child = spawn(nodeFile, options, {
      env: environment, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeLimitMs, signal, killSignal: 'SIGKILL',
    });
    let [text, said] = ['', ''];
    child.stdout.on('data', (some: Buffer) => { text += some.toString(); });
    child.stderr.on('data', (some: Buffer) => { if (said.length < mostText) said += some.toString(); });
    child.on('error', (error) => resolve({ text, said: error.message, ended: 'could not be started' }));
    child.on('close', (code, killedBy) => resolve({ text, said, ended: String(killedBy ?? code) }));
  });
  const answer = readAnswer(text);
  if (answer?.works) return { works: true, note: 'CUDA was tried and computes right.' };
  if (!answer) return { works: false, note: noteFor(said) ?? died(ended) };
  return { works: false, note: noteFor(`${said}\n${answer.reason}`) ?? otherwise(answer.reason) };
}

const died = (ended: string): string => (
  `NVIDIA’s driver ended the trial (${ended}). Start the machine again, install the newest driver, and try again.`);

const otherwise = (reason: string): string => (
  `CUDA does not work here: ${reason}. Install the newest driver from your distribution or NVIDIA, and try again.`);

const findings: readonly [RegExp, (found: string) => string][] = [
  [/\b(libcuda\.so\.1): cannot open shared object file/, (name) =>
    `NVIDIA’s driver is here without its part for computing (${name}). Install that part (Debian: libcuda1; Ubuntu: `
    + 'libnvidia-compute of the driver’s number), and try again.'],
  [/\b(lib[\w.+-]+): cannot open shared object file/, (name) =>
    `The library ${name} is not there. Install it from your distribution, or remove what was fetched and get it again.`,
  ],
  [/version `((?:GLIBC|GLIBCXX|CXXABI)_[\d.]+)' not found/, (name) =>
    `ONNX Runtime’s CUDA provider needs a newer system than this one (${name}). WebGPU does the work meanwhile.`],
  [/symbol lookup error|(undefined symbol: \w+)/, (name) =>
    `The libraries do not fit each other (${name}). Remove what was fetched and get it again.`],
  [/CUDA driver version is insufficient|(?:CUDA )?failure (35|803)\b/i, () =>
    'NVIDIA’s driver is too old for this CUDA. Install a newer driver, start the machine again, and try again.'],
  [/no CUDA-capable device|(?:CUDA )?failure (100|101)\b/i, () =>
    'NVIDIA’s driver finds no card that can compute. Check that the card is seen by nvidia-smi, and try again.'],
  [/no kernel image is available|(?:CUDA )?failure (209)\b/i, () =>
    'This card is older than ONNX Runtime’s CUDA provider is made for. WebGPU does the work meanwhile.'],
  [/out of memory|(?:CUDA )?failure (2)\b/i, () =>
    'Other programs have taken the card’s memory. Close them, and try again.'],
];

/** The first that fits. What the loader says comes before what follows from it. */
function noteFor(said: string): string | undefined {
  for (const [pattern, note] of findings) {
    const found = pattern.exec(said);
    if (found) return note(found[1] ?? '');
  }
  return undefined;
}

function readAnswer(text: string): { works: boolean; reason: string } | undefined {
  try {
    const answer = JSON.parse(text.trim().split('\n').at(-1)!) as { works?: unknown; reason?: unknown };
    if (typeof answer.works !== 'boolean') return undefined;
    return { works: answer.works, reason: String(answer.reason ?? '') };
  } catch {
    return undefined;
  }
}

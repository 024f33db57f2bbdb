// Tries every operator of a provider in a process of its own. Where the driver takes that process down, or hangs in it,
// the operator is marked and another process goes on behind it.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type OperatorTrial, type ProviderName, operatorTrialSchema } from '../contract/machine.ts';
import { operatorTolerances, tryOperator, wantedTrials } from '../runtime/operator-trials.ts';

/** A driver that compiles a shader for longer than this hangs. */
const patienceMs = 20_000;
/** A driver that dies this often is not tried further: what is left counts as crashed. */
const mostDeaths = 8;

/** What starts a process that says one trial a line, from trial `first` on. */
export type StartTrials = (first: number) => ReturnType<typeof spawn>;

/** In the child: one line of JSON a trial, from trial `first` on. */
export async function sayOperatorTrials(provider: ProviderName, first: number): Promise<void> {
  for (const wanted of wantedTrials(provider).slice(first)) {
    process.stdout.write(`${JSON.stringify(await tryOperator(provider, wanted))}\n`);
  }
}

/** In the parent: all trials, in their order. */
export async function operatorTrialsApart(
  provider: ProviderName, start: StartTrials = startSelf(provider), waitMs = patienceMs,
): Promise<OperatorTrial[]> {
  const wanted = wantedTrials(provider);
  const trials: OperatorTrial[] = [];
  for (let deaths = 0; trials.length < wanted.length;) {
    if (deaths < mostDeaths) trials.push(...await trialsOf(start(trials.length), waitMs));
    deaths++;
    const fatal = wanted[trials.length];
    if (!fatal) break;
    const { operatorCase: { operator }, precision } = fatal;
    trials.push({ operator, precision, outcome: 'crashed', error: null, tolerance: operatorTolerances[precision] });
  }
  return trials;
}

function startSelf(provider: ProviderName): StartTrials {
  return (first) => spawn(
    process.execPath, [...process.execArgv, process.argv[1]!, '--try-operators', provider, String(first)],
    { stdio: ['ignore', 'pipe', 'ignore'], windowsHide: true });
}

/** What a child says before it ends, dies, or says nothing for too long. */
async function trialsOf(child: ReturnType<typeof spawn>, waitMs: number): Promise<OperatorTrial[]> {
  const trials: OperatorTrial[] = [];
  let timer: NodeJS.Timeout | undefined;
  const watch = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => child.kill('SIGKILL'), waitMs);
  };
  watch();
  createInterface({ input: child.stdout! }).on('line', (line) => {
    watch();
    const parsed = operatorTrialSchema.safeParse(readJson(line));
    if (parsed.success) trials.push(parsed.data);
  });
  await new Promise((resolve) => {
    child.once('error', resolve);
    child.once('close', resolve);
  });
  clearTimeout(timer);
  return trials;
}

function readJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

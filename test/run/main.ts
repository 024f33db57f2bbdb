// Runs all tests, or with `--only check` the quick checks, and ends with one line: passed, failed, skipped.
// Two lanes side by side, because two cores are the least that a machine has. Exit code 1 if anything failed.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { add, nothing, summaryLine } from './counts.ts';
import type { Counts } from './counts.ts';
import { allSteps } from './steps.ts';
import type { Outcome, Step } from './steps.ts';

const root = join(import.meta.dirname, '..', '..');

async function runStep(step: Step): Promise<Counts> {
  if (step.whySkipped !== undefined) {
    console.log(`── ${step.name}: skipped, because: ${step.whySkipped}`);
    return { ...nothing, skipped: 1 };
  }
  const startMs = performance.now();
  console.log(`── ${step.name} …`);
  const outcome = await prepareAndRun(step);
  const counts = step.count(outcome);
  if (!step.isShown && counts.failed > 0) console.log(outcome.output.trimEnd());
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  console.log(`── ${step.name}: ${summaryLine(counts)} in ${seconds} s`);
  return counts;
}

async function prepareAndRun(step: Step): Promise<Outcome> {
  try {
    await step.prepare?.();
  } catch (error) {
    console.log(error);
    return { exitCode: 1, output: '' };
  }
  return runNode(step);
}

function runNode({ name, parameters, limitMs, isShown }: Step): Promise<Outcome> {
  const flags = ['--disable-warning=ExperimentalWarning'];
  // hundreds of engines and command lines are started: what was compiled for one serves the next
  const env = { ...process.env, NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'node') };
  const child = spawn(process.execPath, [...flags, ...parameters], {
    cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'],
  });
  const parts: Buffer[] = [];
  const take = (chunk: Buffer): void => {
    parts.push(chunk);
    if (isShown) process.stdout.write(chunk);
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const timer = setTimeout(() => {
    take(Buffer.from(`\n${name} was stopped: it ran longer than ${limitMs / 60_000} minutes.\n`));
    child.kill('SIGKILL');
  }, limitMs);
  return new Promise((resolve) => {
    const end = (exitCode: number): void => {
      clearTimeout(timer);
      resolve({ exitCode, output: Buffer.concat(parts).toString('utf8') });
    };
    child.on('error', () => end(1));
    child.on('close', (code) => end(code ?? 1));
  });
}

async function runLane(steps: readonly Step[]): Promise<Counts> {
  let total = nothing;
  for (const step of steps) total = add(total, await runStep(step));
  return total;
}

const onlyChecks = process.argv.includes('--only') && process.argv.includes('check');
const scratch = mkdtempSync(join(tmpdir(), 'likeness-test-'));
const steps = allSteps(root, scratch).filter((step) => step.isCheck || !onlyChecks);
const lanes = (['checks', 'tests'] as const).map((lane) => runLane(steps.filter((step) => step.lane === lane)));
const total = (await Promise.all(lanes)).reduce(add);
rmSync(scratch, { recursive: true });
console.log(summaryLine(total));
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

// An engine process for tests: requests in, reports out, killed when a test says so.

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  type EngineControl, type EngineReport, type EngineRequest, type EngineResult, type TakenSnapshot, engineReportSchema,
} from '../../src-main/contract/engine.ts';
import type { ErrorData, LossPoint } from '../../src-main/contract/nouns.ts';

export const root = join(import.meta.dirname, '..', '..');

export interface EngineRun {
  readonly losses: LossPoint[];
  readonly snapshots: TakenSnapshot[];
  readonly notes: string[];
  /** Absent where the engine was killed or the request failed. */
  readonly result?: EngineResult;
  readonly error?: ErrorData;
}

export interface RunOptions {
  /** Told every report; may kill the engine or ask something of it. */
  readonly onReport?: (report: EngineReport, engine: Controls) => void;
  /** Command and its words in front of the engine's own, e.g. a shell that sets a limit. */
  readonly through?: readonly [command: string, ...words: string[]];
}

export interface Controls {
  kill(): void;
  ask(control: EngineControl['control']): void;
}

/** Starts an engine, gives it one request and waits until it is answered or the engine is dead. */
export async function runEngine(request: EngineRequest, { onReport, through }: RunOptions = {}): Promise<EngineRun> {
  const child = start(through);
  const run: { -readonly [K in keyof EngineRun]: EngineRun[K] } = { losses: [], snapshots: [], notes: [] };
  const controls: Controls = {
    kill: () => void child.kill('SIGKILL'),
    ask: (control) => void child.stdin!.write(`${JSON.stringify({ id: 1, control })}\n`),
  };
  const ended = new Promise((resolve) => child.once('close', resolve));
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const report = engineReportSchema.parse(JSON.parse(line));
    if (report.type === 'progress') run.losses.push(...report.lossPoints);
    if (report.type === 'item' && report.item.kind === 'snapshot') run.snapshots.push(report.item);
    if (report.type === 'note') run.notes.push(report.sentence);
    if (report.type === 'done') run.result = report.result;
    if (report.type === 'failed') run.error = report.error;
    if (report.type === 'done' || report.type === 'failed') child.stdin!.end();
    onReport?.(report, controls);
  });
  child.stdin!.on('error', () => undefined);
  child.stdin!.write(`${JSON.stringify({ id: 1, request })}\n`);
  await ended;
  return run;
}

function start(through: RunOptions['through']): ChildProcess {
  const engine = [
    process.execPath, '--disable-warning=ExperimentalWarning', join(root, 'src-main', 'compute', 'engine.ts'),
    join(root, 'resources'),
  ];
  const [command, ...words] = [...through ?? [], ...engine];
  return spawn(command!, words, { stdio: ['pipe', 'pipe', 'ignore'] });
}

// Entry of the engine's own Node process: requests as JSON lines on standard input, reports on standard output.
// It keeps nothing: whatever it is in the middle of may be lost by killing it, and that is how work is cancelled.

import { createInterface } from 'node:readline';
import { errorDataOf } from '../contract/error-data.ts';
import {
  type EngineCall, type EngineControl, type NewEngineReport, type EngineRequest, engineMessageSchema,
} from '../contract/engine.ts';
import { providerNameSchema } from '../contract/machine.ts';
import { analyze } from './analyze.ts';
import { create } from './create.ts';
import { doctor } from './doctor.ts';
import type { EngineParts } from './engine-parts.ts';
import { exportLook } from './export-look.ts';
import { planMemory } from './memory-plan.ts';
import { sayOperatorTrials } from './operator-trials-apart.ts';
import { openProviderChooser } from './provider-choice.ts';
import { tryProvider } from './provider-trial.ts';
import { type Reporter, reporterFor } from './reporter.ts';
import { type Asked, teach } from './teach.ts';

/** Runs one request; its result and every step on the way go to the reporter. */
async function handle(
  request: EngineRequest, reporter: Reporter, parts: EngineParts, asked: Asked,
): Promise<void> {
  switch (request.kind) {
    case 'doctor': return reporter.done(await doctor(request, parts.chooser));
    case 'analyze': return reporter.done(await analyze(request, reporter, parts));
    case 'teach': return reporter.done(await teach(request, reporter, parts, asked));
    case 'create': return reporter.done(await create(request, reporter, parts));
    case 'export': return reporter.done(await exportLook(request, parts));
    case 'plan': return reporter.done({ kind: 'plan', plan: await planMemory(request) });
  }
}

function say(report: NewEngineReport): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

function parseMessage(line: string): EngineCall | EngineControl | undefined {
  try {
    return engineMessageSchema.parse(JSON.parse(line));
  } catch (error) {
    process.stderr.write(`The engine was sent what it cannot read: ${String(error)}\n`);
    return undefined;
  }
}

async function answer({ id, request }: EngineCall, parts: EngineParts, asked: Asked): Promise<void> {
  try {
    await handle(request, reporterFor(id, say), parts, asked);
  } catch (error) {
    say({ type: 'failed', id, error: errorDataOf(error), stack: error instanceof Error ? error.stack ?? '' : '' });
  }
}

/** Takes requests one after the other until whoever started the engine is gone. */
function serve(parts: EngineParts): void {
  let last: Promise<void> = Promise.resolve();
  const controls = new Map<number, EngineControl['control']>();
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const message = parseMessage(line);
    if (!message) return;
    if ('control' in message) controls.set(message.id, message.control);
    else last = last.then(() => answer(message, parts, () => controls.get(message.id)));
  });
  lines.on('close', () => process.exit(0));
  say({ type: 'ready' });
}

// Ctrl+C is for whoever started the engine; it ends when its input does.
process.on('SIGINT', () => undefined);

// Standard output carries messages only; a library that prints must not break into them.
console.log = console.error;
console.info = console.error;

const [first, second, third] = process.argv.slice(2);
if (first === '--try') {
  process.stdout.write(`${JSON.stringify(await tryProvider(providerNameSchema.parse(second)))}\n`);
} else if (first === '--try-operators') {
  await sayOperatorTrials(providerNameSchema.parse(second), Number(third ?? 0));
} else if (first === undefined) {
  process.stderr.write('The engine is started by Likeness itself: engine.ts RESOURCES_FOLDER\n');
  process.exitCode = 2;
} else {
  serve({ resourcesFolder: first, chooser: openProviderChooser() });
}

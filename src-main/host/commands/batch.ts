// `likeness batch`: a whole plan of portraits from a file, or many prompts and styles of one subject from the command
// line and a file of prompts.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../../contract/errors.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { type ReadPlan, readBatchPlan } from '../batch-plan.ts';
import { batchesOf, type SubjectBatch } from '../batch-requests.ts';
import { bestFirst } from '../likeness-words.ts';
import { libraryFolderOf, withStudio } from '../open-host-studio.ts';
import { portraitDocument, rankedLines } from '../results.ts';
import { type BatchOutput, type DrawnBatch, runBatch } from '../run-batch.ts';
import { durationWords, portraitsAre, progressDisplay } from '../terminal.ts';
import { type GenerateOptions, addDrawingOptions, checkSource, generate } from './generate.ts';
import { type Outcome, runCommand } from './run-command.ts';

interface BatchOptions extends GenerateOptions {
  readonly prompts?: string;
  readonly dryRun?: boolean;
}

const planHelp = `
A plan is a JSON file; of its fields only subjects must be there:
  {
    "pack": "starter",
    "subjects": ["Ada", { "name": "Bo", "looks": ["Bo", null], "prompts": ["{subject} as a knight"] }],
    "looks": ["newest"], "instant": false,
    "styles": ["business", "winter"],
    "prompts": ["photo of {subject}, {red|blue} background"], "negative": "hat",
    "sizes": ["512x768", "768x512"],
    "seed": 1, "count": 4,
    "everyChoice": false, "compare": false, "keepPrompts": false,
    "settings": { "samplingSteps": 30, "guidanceScale": 6 },
    "out": "portraits", "names": "{subject}/{number}-{style}-seed-{seed}.png"
  }
Every subject is drawn with every look (null: the model alone) in every style, prompt and size on every seed; what a
subject says of itself stands for it. "seeds": [3, 7] takes these in place of seed and count. "everyChoice" draws all of
{a|b}; else the seed chooses. Names may have {number} {rank} {subject} {look} {style} {prompt} {seed} {size} {likeness}
{date}. Paths are from the plan's folder. When it is interrupted, the same command goes on where it stopped.`;

export function addBatchCommand(program: Command): void {
  const command = program.command('batch')
    .description('draw a plan of subjects, looks, styles, sizes and seeds; or many prompts and styles of one subject')
    .argument('[plan]', 'a JSON file, described below; beside it only --out, --dry-run, --library and --json count')
    .option('--dry-run', 'with a plan: check all of it, say what would be drawn, and draw nothing')
    .option('--prompts <file>', 'a text file with one prompt a line; empty lines and lines with # are passed over');
  addDrawingOptions(command);
  command.addHelpText('after', planHelp);
  command.action((plan: string | undefined, options: BatchOptions) => {
    if (plan !== undefined) {
      if (options.subject !== undefined || options.adapter !== undefined) {
        command.error('error: give either a plan, or --subject or --adapter');
      }
      return runCommand(options, () => drawPlan(plan, options));
    }
    if (options.dryRun) command.error('error: --dry-run goes with a plan');
    checkSource(command, options);
    return runCommand(options, async () => {
      const more = options.prompts === undefined ? [] : await readPrompts(options.prompts);
      return await generate({ ...options, prompt: [...options.prompt, ...more] });
    });
  });
}

async function readPrompts(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UserError('prompts.unreadable', {
      what: `The prompts in ${path.basename(file)} cannot be read (${error.code ?? error.message}).`,
      safe: 'Nothing was drawn.',
      todo: 'Check the name of the file.',
    });
  });
  return text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
}

async function drawPlan(file: string, options: BatchOptions): Promise<Outcome> {
  const read = await readBatchPlan(file);
  const output = { folder: outFolder(read, options.out), names: read.plan.names };
  return await withStudio(libraryFolderOf(options.library), async (studio) => {
    if (options.provider !== 'auto') await studio.run('settings.set', { provider: options.provider });
    const batches = await batchesOf(studio, read);
    return options.dryRun ? planned(batches, output) : await drawn(studio, batches, output);
  }, { isIdle: options.dryRun === true });
}

function outFolder({ plan, folder }: ReadPlan, named: string | undefined): string {
  return named === undefined ? path.resolve(folder, plan.out) : path.resolve(named);
}

function planned(batches: readonly SubjectBatch[], { folder, names }: BatchOutput): Outcome {
  const total = batches.reduce((sum, { planned: { items } }) => sum + items, 0);
  const subjects = batches.map(({ subject, looks, request, planned: { items, prompts, etaSeconds, cutOff } }) => ({
    subject: subject.name, looks: looks.map((look) => look?.name ?? null), instant: request.instantly !== null,
    portraits: items, prompts, etaSeconds, cutOff,
    styles: request.styleIds ?? [], sizes: request.sizes ?? [],
  }));
  const lines = subjects.flatMap(({ subject, looks, instant, portraits, prompts, etaSeconds, cutOff }) => [
    `  ${subject}: ${portraits}, with ${looks.map((look) => lookWords(look, instant)).join(' and ')}`
      + (etaSeconds === null ? '' : `; about ${durationWords(etaSeconds)}`),
    ...prompts.map((prompt) => `    ${prompt}`),
    ...cutOff.map((words) => `    The model has no room for: ${words}`),
  ]);
  const what = `${total} ${total === 1 ? 'portrait' : 'portraits'} would be drawn into ${folder} as ${names}:`;
  return {
    document: { portraits: total, folder, names, subjects }, text: [what, ...lines].join('\n'),
  };
}

function lookWords(name: string | null, isInstant: boolean): string {
  if (isInstant) return name === null ? 'the face of the photos' : `"${name}" and the face of the photos`;
  return name === null ? 'the model alone' : `"${name}"`;
}

async function drawn(studio: Studio, batches: readonly SubjectBatch[], output: BatchOutput): Promise<Outcome> {
  const display = progressDisplay(process.stderr);
  const done = await runBatch(studio, batches, output, display);
  const total = done.reduce((sum, { portraits }) => sum + portraits.length, 0);
  return {
    document: { portraits: total, folder: output.folder, subjects: done.map(documentOf) },
    text: [`${portraitsAre(total)} in ${output.folder}, best first:`, ...done.flatMap(linesOf)].join('\n'),
  };
}

function documentOf({ batch: { subject, looks }, portraits, contactSheet }: DrawnBatch): object {
  const people = { first: subject, second: null };
  const nameOf = new Map(looks.flatMap((look) => (look ? [[look.id, look.name] as const] : [])));
  return {
    subject: subject.name, contactSheet,
    portraits: bestFirst(portraits).map((one) => ({
      ...portraitDocument(one, people), style: one.portrait.styleId,
      look: one.portrait.adapterId && (nameOf.get(one.portrait.adapterId) ?? null),
    })),
  };
}

function linesOf({ batch: { subject }, portraits }: DrawnBatch): string[] {
  return [`${subject.name}:`, ...rankedLines(portraits, { first: subject, second: null })];
}

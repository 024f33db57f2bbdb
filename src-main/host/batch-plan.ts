// The file of `likeness batch plan.json`: who is drawn with which looks, in which styles and sizes, on which seeds, and
// where the portraits go. Whatever is wrong in it is named with its line.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { UserError } from '../contract/errors.ts';
import { generationSettingsSchema, seedSchema } from '../contract/settings.ts';
import { type JsonPath, pathWords, placeInJson, placeOf } from './json-places.ts';
import { namePatternProblem, usualNames } from './portrait-names.ts';

const edge = z.int().min(64).max(2048).multipleOf(8);

/** '512x768' or { "width": 512, "height": 768 }. */
const sizeSchema = z.preprocess((given) => {
  const [, width, height] = /^\s*(\d+)\s*[x×*]\s*(\d+)\s*$/iu.exec(typeof given === 'string' ? given : '') ?? [];
  return height === undefined ? given : { width: Number(width), height: Number(height) };
}, z.strictObject({ width: edge, height: edge }, { error: 'write a size as "512x768"' }));

/** What may stand for all subjects or for one of them. */
const wishes = {
  /** By name or id; 'newest', and null for the model alone. Left out: the newest, or none with `instant`. */
  looks: z.array(z.string().min(1).nullable()).min(1).max(20).optional(),
  /** The face is given without teaching. */
  instant: z.boolean().optional(),
  styles: z.array(z.string().min(1)).max(50).optional(),
  prompts: z.array(z.string().trim().min(1).max(2000)).max(50).optional(),
  negative: z.string().max(2000).optional(),
  sizes: z.array(sizeSchema).min(1).max(10).optional(),
  /** These, or `count` from `seed` on. */
  seeds: z.array(seedSchema).min(1).max(1000).optional(),
  seed: seedSchema.optional(),
  count: z.int().min(1).max(1000).optional(),
  everyChoice: z.boolean().optional(),
  /** Also by the model alone, on the same seeds. */
  compare: z.boolean().optional(),
  keepPrompts: z.boolean().optional(),
  /** 'path', 'path:0.8' from this file's folder, or the name of one that was found. */
  loras: z.array(z.string().min(1)).max(8).optional(),
  embeddings: z.array(z.string().min(1)).max(8).optional(),
  settings: z.strictObject(generationSettingsSchema.shape).optional(),
};

export type Wishes = { -readonly [K in keyof typeof wishes]?: z.infer<(typeof wishes)[K]> };

const subjectSchema = z.preprocess(
  (given) => (typeof given === 'string' ? { name: given } : given),
  z.strictObject({ name: z.string().trim().min(1), ...wishes }));

const planSchema = z.strictObject({
  $schema: z.string().optional(),
  /** A pack's id, or the path of a checkpoint from this file's folder. */
  pack: z.string().min(1).default('starter'),
  /** A VAE for that model in the place of its own. */
  vae: z.string().min(1).optional(),
  subjects: z.array(subjectSchema).min(1).max(200),
  ...wishes,
  /** From this file's folder. */
  out: z.string().min(1).default('portraits'),
  names: z.string().min(1).max(200).default(usualNames),
});

export type BatchPlan = z.infer<typeof planSchema>;

/** A plan, and how to speak of places in it. */
export interface ReadPlan {
  readonly plan: BatchPlan;
  /** Absolute. */
  readonly folder: string;
  readonly text: string;
  /** The same mistake, with its place in the file in front. */
  at(path: JsonPath, error: unknown): unknown;
}

/** Fields that seeds exclude: one of the two would go unheeded. */
const excludedBySeeds = ['seed', 'count'] as const;

/** Reads a plan. Throws batch.plan-unreadable, batch.plan-no-json and batch.plan-wrong, which names every mistake. */
export async function readBatchPlan(file: string): Promise<ReadPlan> {
  const name = path.basename(file);
  const text = (await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw unreadable(name, error.code ?? error.message);
  })).replace(/^\uFEFF/, '');
  const parsed = planSchema.safeParse(parseJson(name, text));
  const problems = parsed.success
    ? otherProblems(parsed.data) : parsed.error.issues.map((issue) => problemOf(issue));
  if (problems.length > 0) throw wrong(name, text, problems);
  return {
    plan: parsed.data!, folder: path.dirname(path.resolve(file)), text,
    at: (where, error) => atPlace(name, text, where, error),
  };
}

interface Problem {
  readonly path: JsonPath;
  readonly isKey?: boolean;
  readonly words: string;
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw noJson(name, text, (error as Error).message);
  }
}

function problemOf({ path: where, message, ...issue }: z.core.$ZodIssue): Problem {
  const place = where as JsonPath;
  if (issue.code !== 'unrecognized_keys') return { path: place, words: lowerFirst(message) };
  const [key] = issue.keys;
  const known = Object.keys(place.length === 0 ? planSchema.omit({ $schema: true }).shape : place.at(-1) === 'settings'
    ? generationSettingsSchema.shape : { name: 0, ...wishes });
  return { path: [...place, key!], isKey: true, words: `there is no such field; known are ${known.join(', ')}` };
}

/** What a schema cannot say. */
function otherProblems(plan: BatchPlan): Problem[] {
  const pattern = namePatternProblem(plan.names);
  const all = [{ at: [] as JsonPath, wish: plan as Wishes },
    ...plan.subjects.map((wish, index) => ({ at: ['subjects', index] as JsonPath, wish: wish as Wishes }))];
  const seeds = all.flatMap(({ at, wish }) => excludedBySeeds
    .filter((field) => wish.seeds !== undefined && wish[field] !== undefined)
    .map((field) => ({ path: [...at, field], isKey: true, words: 'give either seeds, or seed and count' })));
  return [...seeds, ...(pattern === undefined ? [] : [{ path: ['names'], words: pattern }])];
}

const safe = 'Nothing was drawn.';
/** More would not be read. */
const mostProblems = 8;

function wordsAt(text: string, { path: where, isKey = false, words }: Problem): string {
  const { line, column } = placeInJson(text, where, isKey);
  return `line ${line}, column ${column}${where.length > 0 ? ` (${pathWords(where)})` : ''}: ${words}`;
}

function wrong(name: string, text: string, problems: readonly Problem[]): UserError {
  const lines = problems.slice(0, mostProblems).map((problem) => wordsAt(text, problem)).join('\n  ');
  return new UserError('batch.plan-wrong', {
    what: `The plan ${name} cannot be used:\n  ${lines}`, safe,
    todo: 'Correct the file; likeness batch --help shows what a plan may say.',
  }, { file: name, count: problems.length });
}

function noJson(name: string, text: string, message: string): UserError {
  const [, offset] = /position (\d+)/.exec(message) ?? [];
  const { line, column } = placeOf(text, offset === undefined ? text.length : Number(offset));
  const reason = message.replace(/ in JSON.*$/s, '');
  return new UserError('batch.plan-no-json', {
    what: `The plan ${name} is not JSON: line ${line}, column ${column}: ${lowerFirst(reason)}.`, safe,
    todo: 'Correct the file there; a missing comma or quotation mark in the line before is the usual cause.',
  }, { file: name, line, column });
}

function unreadable(name: string, reason: string): UserError {
  return new UserError('batch.plan-unreadable', {
    what: `The plan ${name} cannot be read (${reason}).`, safe, todo: 'Check the name of the file.',
  }, { file: name });
}

function atPlace(name: string, text: string, where: JsonPath, error: unknown): unknown {
  if (!(error instanceof UserError)) return error;
  const { what, safe: kept, todo } = error.text;
  const place = placeInJson(text, where);
  const words = `${name}, line ${place.line}, column ${place.column} (${pathWords(where)}): ${what}`;
  return new UserError(error.code, { what: words, safe: kept, todo }, error.parameters);
}

function lowerFirst(words: string): string {
  return words.charAt(0).toLowerCase() + words.slice(1);
}

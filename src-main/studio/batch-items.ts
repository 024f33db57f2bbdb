// The portraits of a batch: every prompt and style with every look, in every size, on every seed, each once.

import { randomInt } from 'node:crypto';
import type { AdapterId } from '../contract/ids.ts';
import type { Subject } from '../contract/nouns.ts';
import type { ParsedRequest } from '../contract/studio.ts';
import type { CreateItem } from '../jobs/job-parameters.ts';
import type { StudioContext } from './context.ts';
import { peopleInPrompts, templatesOf, wordingsOf, type Template } from './portrait-prompts.ts';
import { tooMany } from './portrait-refusals.ts';

type CreateRequest = ParsedRequest<'portraits.create'>;

/** An item with its seed. */
export interface BatchItem extends CreateItem {
  readonly seed: number;
}

export const seedCount = 2 ** 32;
/** More than this in one batch is a slip of the hand. */
export const maximumItems = 10_000;

/** Looks that the batch is drawn with, each once; null is the model alone. */
export function looksOf({ adapterIds, adapterId }: Pick<CreateRequest, 'adapterIds' | 'adapterId'>) {
  return unique(adapterIds.length > 0 ? adapterIds : [adapterId]);
}

export function seedsOf({ seed, seeds, count }: Pick<CreateRequest, 'seed' | 'seeds' | 'count'>): number[] {
  if (seeds.length > 0) return unique(seeds);
  const first = seed ?? randomInt(seedCount);
  return Array.from({ length: count }, (_, index) => (first + index) % seedCount);
}

/**
 * The items in the order they are drawn: seed by seed, so that each kind is seen early. With `compareWithout` each
 * wording is also drawn by the base model alone, once for all looks. What would be the same portrait twice is drawn
 * once. Throws portraits.too-many, and what the prompts throw.
 */
export function batchItems(context: StudioContext, subject: Subject, request: CreateRequest): BatchItem[] {
  const templates = templatesOf(context, request);
  const looks = looksOf(request).map((adapterId) => lookIn(context, subject, request, adapterId));
  const seeds = seedsOf(request);
  refuseTooMany(request, templates, { looks: looks.length, seeds: seeds.length });
  const items = new Map<string, BatchItem>();
  for (const seed of seeds) {
    for (const template of templates) {
      for (const item of itemsOf(request, template, looks, seed)) items.set(JSON.stringify(item), item);
    }
  }
  return [...items.values()];
}

interface LookIn {
  readonly adapterId: AdapterId | null;
  /** Puts the words of people into a prompt. */
  readonly people: (prompt: string) => string;
}

function lookIn(
  context: StudioContext, subject: Subject, request: CreateRequest, adapterId: AdapterId | null,
): LookIn {
  return { adapterId, people: peopleInPrompts(context, subject, request, adapterId) };
}

function itemsOf(
  { instantly, sizes, compareWithout }: CreateRequest, template: Template, looks: readonly LookIn[],
  seed: number,
): BatchItem[] {
  const usesFace = instantly !== null;
  const isDrawn = ({ adapterId }: LookIn): boolean => adapterId !== null || usesFace;
  // drawn alone anyway where one of the looks is none
  const needsTwin = compareWithout && looks.every(isDrawn);
  return (sizes.length > 0 ? sizes : [{}]).flatMap((settings) => {
    const common = { seed, settings, variation: null, origin: null };
    const withLooks = looks.flatMap(({ adapterId, people }) => wordingsOf(template, seed, people)
      .map((wording) => ({
        ...wording, ...common, usesAdapter: adapterId !== null, usesFace, ...(adapterId === null ? {} : { adapterId }),
      })));
    const twins = needsTwin ? wordingsOf(template, seed, looks[0]!.people) : [];
    return [...withLooks, ...twins.map((wording) => (
      { ...wording, ...common, usesAdapter: false, usesFace: false }))];
  });
}

/** Counted before any is made: a few choices with all their combinations are soon millions. */
function refuseTooMany(
  { sizes, compareWithout }: CreateRequest, templates: readonly Template[],
  { looks, seeds }: { readonly looks: number; readonly seeds: number },
): void {
  const wordings = templates.reduce((sum, { count }) => sum + count, 0);
  const found = wordings * (looks + (compareWithout ? 1 : 0)) * Math.max(1, sizes.length) * seeds;
  if (found > maximumItems) throw tooMany(found, maximumItems);
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

// A plan's subjects, looks, styles and sizes as requests to the studio: one for each subject. What the library does not
// have is named with its place in the plan.

import path from 'node:path';
import type { AddOn } from '../contract/add-ons.ts';
import type { Look, Subject } from '../contract/nouns.ts';
import type { CommandRequest, CommandResponse } from '../contract/studio.ts';
import type { ShelvedPack } from '../packs/pack-shelf.ts';
import { findStyle, stylesFor } from '../packs/styles.ts';
import type { Studio } from '../studio/open-studio.ts';
import { addOnsOf, packOf } from './add-ons.ts';
import type { ReadPlan, Wishes } from './batch-plan.ts';
import { findLook } from './commands/export.ts';
import type { JsonPath } from './json-places.ts';
import { findSubject } from './steps.ts';

type CreateRequest = CommandRequest<'portraits.create'>;

/** One subject's part of a plan. */
export interface SubjectBatch {
  readonly subject: Subject;
  readonly looks: readonly (Look | null)[];
  readonly request: CreateRequest;
  readonly planned: CommandResponse<'portraits.plan'>;
}

/** Small numbers that a plan need not say. */
const usual = { seed: 1, count: 4 } as const;

/** Resolves and checks all of a plan before anything is queued. Throws UserErrors that name the place. */
export async function batchesOf(studio: Studio, read: ReadPlan): Promise<SubjectBatch[]> {
  const pack = await at(read, ['pack'], () => packOf(
    studio, { pack: packPath(read), ...(read.plan.vae === undefined ? {} : { vae: read.plan.vae }) }, read.folder));
  const batches: SubjectBatch[] = [];
  for (const index of read.plan.subjects.keys()) batches.push(await batchOf(studio, read, pack, index));
  return batches;
}

/** An id of the shelf, or a path from the plan's folder. */
function packPath({ plan: { pack }, folder }: ReadPlan): string {
  return /[\\/.]/.test(pack) ? path.resolve(folder, pack) : pack;
}

async function batchOf(studio: Studio, read: ReadPlan, pack: ShelvedPack, index: number): Promise<SubjectBatch> {
  const own = read.plan.subjects[index]!;
  const here: JsonPath = ['subjects', index];
  const whereIs = (field: keyof Wishes): JsonPath => (own[field] === undefined ? [field] : [...here, field]);
  const wishes: Wishes = { ...read.plan, ...own, settings: { ...read.plan.settings, ...own.settings } };
  // seeds of one place stand against seed and count of the other
  if (own.seeds === undefined && (own.seed ?? own.count) !== undefined) delete wishes.seeds;
  const subject = await at(read, [...here, 'name'], () => findSubject(studio, own.name));
  const looks = await looksOf(studio, read, { subject, wishes, where: [...here, 'name'], named: whereIs('looks') });
  const styles = stylesFor(studio.styles, pack);
  for (const [i, id] of (wishes.styles ?? []).entries()) {
    await at(read, [...whereIs('styles'), i], () => findStyle(styles, id));
  }
  const addOns = await addOnsIn(studio, read, wishes, whereIs);
  const request = { ...requestOf(pack, subject, looks, wishes), addOns };
  const planned = await at(read, here, () => studio.run('portraits.plan', request));
  return { subject, looks, request, planned };
}

async function addOnsIn(
  studio: Studio, read: ReadPlan, { loras = [], embeddings = [] }: Wishes, whereIs: (field: keyof Wishes) => JsonPath,
): Promise<AddOn[]> {
  const { folder } = read;
  return [
    ...await at(read, whereIs('loras'), () => addOnsOf(studio, { lora: loras }, folder)),
    ...await at(read, whereIs('embeddings'), () => addOnsOf(studio, { embedding: embeddings }, folder)),
  ];
}

interface WantedLooks {
  readonly subject: Subject;
  readonly wishes: Wishes;
  /** The subject's name: where no look is named, it is the subject that has none. */
  readonly where: JsonPath;
  readonly named: JsonPath;
}

async function looksOf(
  studio: Studio, read: ReadPlan, { subject, wishes, where, named }: WantedLooks,
): Promise<(Look | null)[]> {
  const names = wishes.looks ?? (wishes.instant ? [null] : ['newest']);
  const looks: (Look | null)[] = [];
  for (const [index, name] of names.entries()) {
    const place = wishes.looks === undefined ? where : [...named, index];
    looks.push(name === null ? null : await at(read, place, () => (
      findLook(studio, subject.id, name === 'newest' ? undefined : name))));
  }
  return looks;
}

function requestOf(
  pack: ShelvedPack, subject: Subject, looks: readonly (Look | null)[], wishes: Wishes,
): CreateRequest {
  const { styles = [], prompts = [], seeds, seed = usual.seed, count = usual.count } = wishes;
  const hasWords = styles.length + prompts.length > 0;
  return {
    subjectId: subject.id, packId: pack.id, adapterId: null, adapterIds: looks.map((look) => look?.id ?? null),
    styleIds: styles, prompts: hasWords ? prompts : ['photo of {subject}'], negativePrompt: wishes.negative ?? '',
    sizes: (wishes.sizes ?? []).map(({ width, height }) => ({ widthPx: width, heightPx: height })),
    ...(seeds ? { seeds, count: 1 } : { seed, count }),
    everyChoice: wishes.everyChoice ?? false, compareWithout: wishes.compare ?? false,
    keepPrompts: wishes.keepPrompts ?? false, instantly: wishes.instant ? {} : null, settings: wishes.settings,
  };
}

async function at<T>(read: ReadPlan, where: JsonPath, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw read.at(where, error);
  }
}

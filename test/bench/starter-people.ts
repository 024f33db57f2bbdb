// People of the renderer whom no network has met, as the judge knows them, and who of many a portrait comes nearest to.

import type { ContactSheetTile } from '../../src-main/generation/contact-sheet.ts';
import type { RgbPicture } from '../../src-main/photos/pixels.ts';
import type { Judged } from '../../src-main/starter/judge.ts';
import type { RenderedPortrait } from '../../src-main/starter/portrait-renderer.ts';
import { renderSubjectPhotos } from '../../src-main/starter/subject.ts';
import { cosineOf, meanEmbedding } from '../../src-main/starter/verification.ts';
import { mean, pictureOf, type StarterBench } from './starter-bench.ts';

/** Renders that say who somebody is. */
const references = 6;

export interface KnownPerson {
  readonly photos: readonly RenderedPortrait[];
  /** The mean of what the judge says of the first of them. */
  readonly judged: Float32Array;
}

/** The person of a seed in `references` photos and `further` ones. */
export async function knownPerson({ judge }: StarterBench, seed: number, further = 0): Promise<KnownPerson> {
  const photos = await renderSubjectPhotos(seed, references + further);
  const judged = await judge.judge(photos.slice(0, references).map(pictureOf));
  return { photos, judged: meanEmbedding(judged.map(({ embedding }) => embedding)) };
}

export const furtherOf = ({ photos }: KnownPerson): RenderedPortrait[] => photos.slice(references);

export interface Nearness {
  /** Share of the portraits that are nearer to the person than to every other. */
  readonly nearest: number;
  readonly own: number;
  /** Cosine to the nearest of the others. */
  readonly other: number;
}

interface OnePortrait {
  readonly isNearest: boolean;
  readonly own: number;
  readonly other: number;
}

const nearnessOf = ({ embedding }: Judged, person: KnownPerson, others: readonly KnownPerson[]): OnePortrait => {
  const own = cosineOf(embedding, person.judged);
  const other = Math.max(...others.map(({ judged }) => cosineOf(embedding, judged)));
  return { own, other, isNearest: own > other };
};

/** How near portraits come to a person, and each of them as a tile. */
export async function nearness(
  { judge }: StarterBench, pictures: readonly RgbPicture[], person: KnownPerson, others: readonly KnownPerson[],
): Promise<Nearness & { tiles: ContactSheetTile[] }> {
  const each = (await judge.judge(pictures)).map((judged) => nearnessOf(judged, person, others));
  return {
    nearest: mean(each.map(({ isNearest }) => (isNearest ? 1 : 0))), own: mean(each.map(({ own }) => own)),
    other: mean(each.map(({ other }) => other)),
    tiles: pictures.map((picture, i) => (
      { picture, label: each[i]!.own.toFixed(2), more: each[i]!.isNearest ? '' : 'another is nearer' })),
  };
}

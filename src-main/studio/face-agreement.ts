// Whose face a set of photos is about, by agreement: the person who is in the most photos. Says for each photo which of
// its faces that is, and where somebody else is shown. Where the photos do not agree, it says so instead of guessing.

import { type PersonMetric, distanceTable } from './person-distance.ts';

/** A photo's faces as they were embedded, the largest first. */
export interface SetPhoto {
  readonly embeddings: readonly (Float32Array | null)[];
  /** The face that the user chose. */
  readonly chosenIndex: number | null;
  /** False where the user has left it out: it has no say in whom the set is about. */
  readonly isAsked: boolean;
}

export type FaceSaying =
  /** Its one face, or the chosen one, is the person, or nothing speaks against it. */
  | 'fits'
  /** One of several faces, and the other photos tell which. */
  | 'agreed'
  /** One of several faces, and nothing tells which: the largest. */
  | 'undecided'
  /** Somebody else; and the same where too few photos say so. */
  | 'another-person' | 'perhaps-another-person';

export interface PhotoSaying {
  /** The face to learn; null where there is none. */
  readonly faceIndex: number | null;
  readonly saying: FaceSaying;
}

/** Photos that are asked whom the set is about; more would say the same. */
const mostAsked = 120;
/** Of a crowd only so many are asked. */
const mostFacesAsked = 6;
/** Distances in units of what tells one person from two. */
const stranger = 1.15;
/** A rival with this share of the agreement makes it none. */
const rivalShare = 0.9;
/** The face must be so much nearer to the person than the next one; with a single other photo nearer still. */
const clearly = { withMany: 0.85, withOne: 0.75 } as const;
/** So many photos of the person must there be to call somebody else another. */
const fewestForAnother = 3;

interface Member {
  readonly photo: number;
  readonly embedding: Float32Array;
}

/** For each photo, in the same order. A photo without faces has faceIndex null. */
export function agreeOnFaces(photos: readonly SetPhoto[], metric: PersonMetric): PhotoSaying[] {
  const { members, isAmbiguous } = findPerson(photos, metric);
  const sayings = photos.map((photo, index) => {
    const others = members.filter((member) => member.photo !== index);
    const own = sayingOf(photo, others, metric);
    return isAmbiguous && own.saying === 'agreed' ? { faceIndex: 0, saying: 'undecided' as const } : own;
  });
  const strangers = sayings.filter(({ saying }) => saying === 'another-person').length;
  const isSure = members.length >= fewestForAnother && members.length >= 2 * strangers;
  return isSure ? sayings : sayings.map((one) =>
    (one.saying === 'another-person' ? { ...one, saying: 'perhaps-another-person' } : one));
}

function sayingOf({ embeddings, chosenIndex }: SetPhoto, others: readonly Member[], metric: PersonMetric): PhotoSaying {
  if (chosenIndex !== null) return { faceIndex: chosenIndex, saying: 'fits' };
  if (embeddings.length === 0) return { faceIndex: null, saying: 'fits' };
  const several = embeddings.length > 1;
  const unknown = { faceIndex: 0, saying: several ? 'undecided' : 'fits' } as const;
  if (others.length === 0) return unknown;
  const distances = embeddings.map((embedding) => (embedding ? towards(embedding, others, metric) : undefined));
  const means = distances.map((one) => one?.mean ?? Infinity);
  const faceIndex = means.indexOf(Math.min(...means));
  const best = distances[faceIndex];
  if (!best) return unknown;
  if (best.mean > stranger && best.nearest > 1) return { faceIndex: 0, saying: 'another-person' };
  if (!several) return unknown;
  const next = Math.min(...means.filter((_, index) => index !== faceIndex));
  const isClear = best.mean <= next * (others.length > 1 ? clearly.withMany : clearly.withOne);
  return isClear ? { faceIndex, saying: 'agreed' } : unknown;
}

function towards(
  embedding: Float32Array, others: readonly Member[], metric: PersonMetric,
): { readonly mean: number; readonly nearest: number } {
  const all = others.map((other) => metric(embedding, other.embedding));
  return { mean: all.reduce((sum, one) => sum + one, 0) / all.length, nearest: Math.min(...all) };
}

interface Person {
  /** One face a photo, of those that show the person. */
  readonly members: readonly Member[];
  /** Somebody who is in photos together with others has about as many photos that show them. */
  readonly isAmbiguous: boolean;
}

/** Photos spread evenly over the set, with their faces that may be the person's. */
function asked(photos: readonly SetPhoto[]): Member[] {
  const willing = photos.flatMap(({ isAsked }, photo) => (isAsked ? [photo] : []));
  const every = Math.max(1, willing.length / mostAsked);
  const count = Math.min(willing.length, mostAsked);
  return Array.from({ length: count }, (_, i) => willing[Math.floor(i * every)]!).flatMap((photo) => {
    const { embeddings, chosenIndex } = photos[photo]!;
    const some = chosenIndex === null ? embeddings.slice(0, mostFacesAsked) : [embeddings[chosenIndex] ?? null];
    return some.flatMap((embedding) => (embedding ? [{ photo, embedding }] : []));
  });
}

function findPerson(photos: readonly SetPhoto[], metric: PersonMetric): Person {
  const faces = asked(photos);
  if (faces.length === 0) return { members: [], isAmbiguous: false };
  const { between } = distanceTable(faces.map(({ embedding }) => embedding), metric);
  const chosen = faces.flatMap(({ photo }, i) => (photos[photo]!.chosenIndex === null ? [] : [i]));
  const support = faces.map((_, i) => supportOf(i, faces, between));
  const seed = (chosen.length > 0 ? chosen : faces.map((_, i) => i))
    .reduce((best, i) => (support[i]! > support[best]! ? i : best));
  const members = gather(seed, faces, between);
  const isRival = (i: number): boolean => !members.includes(i) && photos[faces[i]!.photo]!.embeddings.length > 1;
  const rival = Math.max(0, ...support.filter((_, i) => isRival(i)));
  return {
    members: members.map((i) => faces[i]!),
    isAmbiguous: chosen.length === 0 && rival > 0 && rival >= rivalShare * support[seed]!,
  };
}

type Between = (a: number, b: number) => number;

/** How much the other photos have of a face: for each the nearest of its faces, 0 where that is a stranger's. */
function supportOf(face: number, faces: readonly Member[], between: Between): number {
  const nearest = new Map<number, number>();
  faces.forEach(({ photo }, i) => {
    if (photo === faces[face]!.photo) return;
    nearest.set(photo, Math.min(nearest.get(photo) ?? Infinity, between(face, i)));
  });
  return [...nearest.values()].reduce((sum, distance) => sum + Math.max(0, stranger - distance), 0);
}

/** One face a photo, the nearest to those that are gathered, as long as it is no farther than one person's. */
function gather(seed: number, faces: readonly Member[], between: Between): number[] {
  let members = [seed];
  for (let round = 0; round < 3; round++) {
    const best = new Map<number, { readonly face: number; readonly distance: number }>();
    faces.forEach(({ photo }, i) => {
      const others = members.filter((member) => faces[member]!.photo !== photo);
      const distance = i === seed || others.length === 0 ? (i === seed ? 0 : Infinity)
        : others.reduce((sum, member) => sum + between(i, member), 0) / others.length;
      if (distance < (best.get(photo)?.distance ?? 1)) best.set(photo, { face: i, distance });
    });
    members = [...best.values()].map(({ face }) => face);
  }
  return members;
}

// Pictures of people, rendered once on worker threads: the pictures, crops of their heads with a margin, and their key
// points' pictures, each in one raw file. A finished set is found again by its name.

import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { FacePoints } from '../faces/face.ts';
import { headCrop } from '../faces/head-crop.ts';
import { keyPointPictureFor } from '../faces/key-point-picture.ts';
import { trainedHeadEdgePx } from '../models/face-encoder.ts';
import { rgbPicture } from '../photos/pixels.ts';
import { runDrawingThread } from './drawing-thread.ts';
import { identityNumberCount, identityNumbers } from './identity-numbers.ts';
import { trainingIdentity } from './people.ts';
import type { RenderedPortrait } from './portrait-renderer.ts';
import type { StarterRecipe } from './recipe.ts';
import { rendererVersion } from './rendered-dataset.ts';

/** Pixels kept around a crop, so that a batch can move it. */
export const cropMarginPx = 6;
export const storedCropPx = trainedHeadEdgePx + 2 * cropMarginPx;

/** Pictures lie person by person. */
export interface PeopleSet {
  readonly people: number;
  /** Of each person. */
  readonly pictures: number;
  readonly count: number;
  readonly resolutionPx: number;
  /** count x resolution x resolution x 3, 8-bit RGB. */
  readonly pixels: Uint8Array;
  /** count x storedCropPx x storedCropPx x 3, 8-bit RGB. */
  readonly crops: Uint8Array;
  /** count x 3 x resolution x resolution: planes, as IdentityNet is shown them. */
  readonly keyPoints: Uint8Array;
  readonly captions: readonly string[];
  /** In the order of labelNames. */
  readonly labels: readonly (readonly number[])[];
  readonly points: readonly FacePoints[];
  /** people x identityNumberCount. */
  readonly identities: Float32Array;
}

/** Kinds of file and the bytes of one picture in each. */
export const peopleFiles = (resolutionPx: number) => ({
  pixels: resolutionPx ** 2 * 3, crops: storedCropPx ** 2 * 3, keyPoints: resolutionPx ** 2 * 3,
}) as const;
export type PeopleFile = keyof ReturnType<typeof peopleFiles>;

/** What each file holds of a picture. */
export function personBytes({ rgb, width, points }: RenderedPortrait): Record<PeopleFile, Uint8Array> {
  const picture = rgbPicture(width, width, rgb);
  const crop = headCrop(picture, points, storedCropPx, storedCropPx / trainedHeadEdgePx);
  // key points' pictures have pixel centres at whole numbers
  const drawn = keyPointPictureFor(
    points.map(({ x, y }) => ({ x: x - 0.5, y: y - 0.5 })) as unknown as FacePoints, width, width);
  const planes = new Uint8Array(drawn.data.length);
  const area = width * width;
  for (let i = 0; i < area; i++) for (let c = 0; c < 3; c++) planes[c * area + i] = drawn.data[i * 3 + c]!;
  return { pixels: rgb, crops: Uint8Array.from(crop, (value) => Math.round(value)), keyPoints: planes };
}

export interface PeopleTask {
  readonly recipe: StarterRecipe;
  readonly stem: string;
  readonly firstPerson: number;
  readonly people: number;
}

export interface PeopleAnswer {
  readonly captions: string[];
  readonly labels: number[][];
  readonly points: FacePoints[];
}

const runWorker = (task: PeopleTask): Promise<PeopleAnswer> => (
  runDrawingThread(new URL('./people-worker.ts', import.meta.url), task));

export const partialFile = (stem: string, kind: PeopleFile) => `${stem}.${kind}.partial`;

async function renderFiles(recipe: StarterRecipe, stem: string, workers: number): Promise<void> {
  const kinds = Object.keys(peopleFiles(recipe.resolutionPx)) as PeopleFile[];
  for (const kind of kinds) await (await open(partialFile(stem, kind), 'w')).close();
  const { count } = recipe.people;
  const share = Math.ceil(count / workers);
  const tasks = Array.from({ length: workers }, (_, i) => ({
    recipe, stem, firstPerson: i * share, people: Math.max(0, Math.min(share, count - i * share)),
  }));
  const answers = await Promise.all(tasks.map(runWorker));
  for (const kind of kinds) await rename(partialFile(stem, kind), `${stem}.${kind}`);
  const all: PeopleAnswer = {
    captions: answers.flatMap((a) => a.captions), labels: answers.flatMap((a) => a.labels),
    points: answers.flatMap((a) => a.points),
  };
  await writeFile(`${stem}.json.partial`, JSON.stringify(all));
  await rename(`${stem}.json.partial`, `${stem}.json`);
}

/** The people of a recipe; rendered now unless they are in `folder` already. */
export async function peopleSet(recipe: StarterRecipe, folder: string, workers: number): Promise<PeopleSet> {
  const { resolutionPx, people: { count: people, pictures } } = recipe;
  const stem = path.join(folder, `people-r${rendererVersion}-${people}x${pictures}-${resolutionPx}px`);
  await mkdir(folder, { recursive: true });
  if (!existsSync(`${stem}.json`)) await renderFiles(recipe, stem, workers);
  const count = people * pictures;
  const read = async (kind: PeopleFile) => {
    const bytes = await readFile(`${stem}.${kind}`);
    if (bytes.length !== count * peopleFiles(resolutionPx)[kind]) {
      throw new Error(`The pictures in ${stem}.${kind} are not complete; delete ${stem}.json and start again.`);
    }
    return bytes;
  };
  const identities = new Float32Array(people * identityNumberCount);
  for (let i = 0; i < people; i++) identities.set(identityNumbers(trainingIdentity(i)), i * identityNumberCount);
  const answer = JSON.parse(await readFile(`${stem}.json`, 'utf8')) as PeopleAnswer;
  return {
    people, pictures, count, resolutionPx, identities, ...answer,
    pixels: await read('pixels'), crops: await read('crops'), keyPoints: await read('keyPoints'),
  };
}

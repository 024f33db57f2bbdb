// The judge's pictures, rendered once on worker threads into one raw file, with what each shows beside it.

import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { FacePoints } from '../faces/face.ts';
import { runDrawingThread } from './drawing-thread.ts';
import { identityNumberCount, identityNumbers } from './identity-numbers.ts';
import { judgedIdentity, judgedPictures } from './judge-people.ts';
import { rendererVersion } from './rendered-dataset.ts';

/** Pictures lie person by person. */
export interface JudgeSet {
  readonly people: number;
  /** Of each person. */
  readonly pictures: number;
  readonly resolutionPx: number;
  /** people x pictures x resolution x resolution x 3, 8-bit RGB. */
  readonly pixels: Uint8Array;
  /** Of each picture, in the order of labelNames: the place of the value, -1 where it is not to be seen. */
  readonly labels: readonly (readonly number[])[];
  /** Of each picture, in pixels, centres at .5. */
  readonly points: readonly FacePoints[];
  /** people x identityNumberCount. */
  readonly identities: Float32Array;
}

export interface JudgeAnswer {
  readonly labels: number[][];
  readonly points: FacePoints[];
}

/** What a thread draws; `place` is the row of its first person in the file. */
export interface JudgeTask {
  readonly file: string;
  readonly firstPerson: number;
  readonly people: number;
  readonly place: number;
  readonly resolutionPx: number;
}

export interface JudgeSetRequest {
  readonly folder: string;
  readonly firstPerson: number;
  readonly people: number;
  readonly resolutionPx: number;
  readonly workers: number;
}

const runWorker = (task: JudgeTask): Promise<JudgeAnswer> => (
  runDrawingThread(new URL('./judge-worker.ts', import.meta.url), task));

async function renderFiles(request: JudgeSetRequest, stem: string): Promise<void> {
  const { firstPerson, people, resolutionPx, workers } = request;
  const file = `${stem}.partial`;
  await (await open(file, 'w')).close();
  const share = Math.ceil(people / workers);
  const answers = await Promise.all(Array.from({ length: workers }, (_, i) => runWorker({
    file, place: i * share, firstPerson: firstPerson + i * share, resolutionPx,
    people: Math.max(0, Math.min(share, people - i * share)),
  })));
  const all: JudgeAnswer = { labels: answers.flatMap((a) => a.labels), points: answers.flatMap((a) => a.points) };
  await writeFile(`${stem}.json.partial`, JSON.stringify(all));
  await rename(`${stem}.json.partial`, `${stem}.json`);
  await rename(file, `${stem}.rgb`);
}

/** The pictures of people firstPerson..firstPerson+people-1; rendered now unless they are in `folder` already. */
export async function judgeSet(request: JudgeSetRequest): Promise<JudgeSet> {
  const { folder, firstPerson, people, resolutionPx } = request;
  const name = `judge-r${rendererVersion}-${firstPerson}-${people}x${judgedPictures}-${resolutionPx}px`;
  const stem = path.join(folder, name);
  await mkdir(folder, { recursive: true });
  if (!existsSync(`${stem}.rgb`)) await renderFiles(request, stem);
  const pixels = await readFile(`${stem}.rgb`);
  if (pixels.length !== people * judgedPictures * resolutionPx ** 2 * 3) {
    throw new Error(`The pictures in ${stem}.rgb are not complete; delete the file and start again.`);
  }
  const identities = new Float32Array(people * identityNumberCount);
  for (let i = 0; i < people; i++) {
    identities.set(identityNumbers(judgedIdentity(firstPerson + i)), i * identityNumberCount);
  }
  const answer = JSON.parse(await readFile(`${stem}.json`, 'utf8')) as JudgeAnswer;
  return { people, pictures: judgedPictures, resolutionPx, pixels, identities, ...answer };
}

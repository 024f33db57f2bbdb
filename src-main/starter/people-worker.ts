// A rendering thread for people: draws its share, writes pictures, crops and key points at their places and answers
// with captions and points.

import { type FileHandle, open } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { FacePoints } from '../faces/face.ts';
import { headCrop } from '../faces/head-crop.ts';
import { keyPointPictureFor } from '../faces/key-point-picture.ts';
import { trainedHeadEdgePx } from '../models/face-encoder.ts';
import { rgbPicture } from '../photos/pixels.ts';
import { labelIndices } from './labels.ts';
import { renderPersonPicture } from './people.ts';
import {
  partialFile, type PeopleAnswer, type PeopleFile, peopleFiles, type PeopleTask, storedCropPx,
} from './people-dataset.ts';
import type { RenderedPortrait } from './portrait-renderer.ts';

/** What each file holds of a picture. */
function bytesOf({ rgb, width, points }: RenderedPortrait): Record<PeopleFile, Uint8Array> {
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

async function renderShare({ recipe, stem, firstPerson, people }: PeopleTask): Promise<PeopleAnswer> {
  const sizes = peopleFiles(recipe.resolutionPx);
  const kinds = Object.keys(sizes) as PeopleFile[];
  const handles = new Map<PeopleFile, FileHandle>();
  for (const kind of kinds) handles.set(kind, await open(partialFile(stem, kind), 'r+'));
  const answer: PeopleAnswer = { captions: [], labels: [], points: [] };
  const { pictures } = recipe.people;
  try {
    for (let person = firstPerson; person < firstPerson + people; person++) {
      const drawn = [];
      for (let i = 0; i < pictures; i++) drawn.push(await renderPersonPicture(recipe, person, i));
      const parts = drawn.map(bytesOf);
      for (const kind of kinds) {
        const block = Buffer.concat(parts.map((part) => part[kind]));
        await handles.get(kind)!.write(block, 0, block.length, person * pictures * sizes[kind]);
      }
      answer.captions.push(...drawn.map(({ caption }) => caption));
      answer.labels.push(...drawn.map(({ labels }) => labelIndices(labels)));
      answer.points.push(...drawn.map(({ points }) => points));
    }
  } finally {
    for (const handle of handles.values()) await handle.close();
  }
  return answer;
}

parentPort!.postMessage(await renderShare(workerData as PeopleTask));

// A rendering thread for people: draws its share, writes pictures, crops and key points at their places and answers
// with captions and points.

import { type FileHandle, open } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { labelIndices } from './labels.ts';
import { renderPersonPicture } from './people.ts';
import {
  partialFile, type PeopleAnswer, type PeopleFile, peopleFiles, type PeopleTask, personBytes,
} from './people-dataset.ts';

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
      const parts = drawn.map(personBytes);
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

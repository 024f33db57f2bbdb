// A rendering thread of the judge's pictures: draws its share, writes it at its place and answers with what it shows.

import { open } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { judgedPictures, renderJudged } from './judge-people.ts';
import type { JudgeAnswer, JudgeTask } from './judge-pictures.ts';
import { labelIndices } from './labels.ts';

async function renderShare({ file, firstPerson, people, place, resolutionPx }: JudgeTask): Promise<JudgeAnswer> {
  const answer: JudgeAnswer = { labels: [], points: [] };
  const bytes = resolutionPx ** 2 * 3;
  const handle = await open(file, 'r+');
  try {
    for (let person = 0; person < people; person++) {
      for (let picture = 0; picture < judgedPictures; picture++) {
        const { rgb, labels, points } = await renderJudged(firstPerson + person, picture, resolutionPx);
        await handle.write(rgb, 0, rgb.length, ((place + person) * judgedPictures + picture) * bytes);
        answer.labels.push(labelIndices(labels));
        answer.points.push(points);
      }
    }
  } finally {
    await handle.close();
  }
  return answer;
}

parentPort!.postMessage(await renderShare(workerData as JudgeTask));

// The judge's stage of `npm run starter:train`: renders its pictures, trains it, measures it on people and prompts that
// it has not met, and writes it with its accuracy. Nothing of the pack is read.

import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openNetworkFolder } from '../checkpoint/diffusers-folder.ts';
import { adoptedParameters } from './adopt-stage.ts';
import { inFloat32 } from './base-pack.ts';
import { initialParameters, tensorsOf } from './flat-parameters.ts';
import { writeHalves } from './instant-export.ts';
import { openJudge } from './judge.ts';
import { judgeAccuracy } from './judge-accuracy.ts';
import { judgeJson } from './judge-network.ts';
import { firstFreshPerson } from './judge-people.ts';
import { judgeSet } from './judge-pictures.ts';
import { judgeBatch, judgeConfig, judgeLayout, judgeStepGraph } from './judge-stage.ts';
import { newTrainingState, readSnapshot, type TrainingState, writeSnapshot } from './snapshot.ts';
import { trainStage } from './stage-trainer.ts';
import { paceOf, report, reportProgress, type StarterRun, workersOf } from './starter-run.ts';

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** Rendered now unless they are in the cache. */
export const judgePictures = (run: StarterRun, firstPerson: number, people: number) => judgeSet({
  folder: run.cache, firstPerson, people, resolutionPx: run.recipe.resolutionPx, workers: workersOf(run),
});

/** Measures the judge as it is written, with its eye for styles where it has one, and writes accuracy.json. */
export async function measureJudge(run: StarterRun, trainedSteps: number): Promise<void> {
  const { recipe, judge: folder } = run;
  const fresh = await judgePictures(run, firstFreshPerson, recipe.judge.freshPeople);
  const judge = await openJudge(folder, { threads: run.threads });
  const accuracy = await judgeAccuracy(judge, fresh, recipe.judge.measuredPrompts);
  await judge.release();
  await writeFile(path.join(folder, 'accuracy.json'), json({ trainedSteps, ...accuracy }));
  report(`judge: of prompts' renders it names right ${JSON.stringify(accuracy.followed)}`);
  report(`judge: nearest ${accuracy.people.nearestShare.toFixed(3)}, points off by ${accuracy.pointError}`);
}

/** Writes config.json and model.safetensors, and measures what was written. */
async function writeJudge(run: StarterRun, state: TrainingState): Promise<void> {
  const { recipe, judge: folder } = run;
  const weights = tensorsOf(judgeLayout(recipe), state.average, 'judge');
  await writeHalves(path.join(folder, 'model.safetensors'), weights);
  await writeFile(path.join(folder, 'config.json'), json(judgeJson(judgeConfig(recipe))));
  await measureJudge(run, state.step);
}

const snapshotFile = ({ cache }: StarterRun) => path.join(cache, 'judge.snapshot.safetensors');

/** How many steps the judge in `folder` has behind it. */
export async function judgedSteps(folder: string): Promise<number> {
  const written = await readFile(path.join(folder, 'accuracy.json'), 'utf8');
  return (JSON.parse(written) as { trainedSteps: number }).trainedSteps;
}

/** The judge as it was written last as the snapshot that it goes on from, unless there is one. */
export async function adoptJudge(run: StarterRun): Promise<void> {
  const { recipe, judge: folder } = run;
  const file = snapshotFile(run);
  if (existsSync(file) || !existsSync(path.join(folder, 'accuracy.json'))) return;
  const step = await judgedSteps(folder);
  const { tensors } = await openNetworkFolder(path.resolve(folder));
  const parameters = adoptedParameters(judgeLayout(recipe), { judge: await inFloat32(tensors) }, recipe.seed + 1);
  await writeSnapshot(file, { ...newTrainingState(parameters), step, begunAt: step });
}

/** Goes on from its last snapshot; one that is stopped writes no judge. */
export async function trainJudge(run: StarterRun): Promise<void> {
  const { recipe } = run;
  const layout = judgeLayout(recipe);
  const file = snapshotFile(run);
  const state = (await readSnapshot(file, layout.size)) ?? newTrainingState(initialParameters(layout, recipe.seed + 1));
  const set = await judgePictures(run, 0, recipe.judge.people);
  await trainStage(state, {
    ...paceOf(run), step: judgeStepGraph(recipe), plan: recipe.judge,
    emaDecay: recipe.judge.emaDecay, batch: (step) => judgeBatch(recipe, set, step),
    onProgress: (p) => reportProgress('judge', p), onSnapshot: (saved) => writeSnapshot(file, saved),
  });
  if (!run.signal.aborted) await writeJudge(run, state);
}

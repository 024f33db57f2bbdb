// The stages of the starter pack's InstantID, as `npm run starter:train` runs them: people, passes (through the
// autoencoder), face, judge, instant, instant-export. Each goes on from its last snapshot.

import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openClipTokenizer } from '../text/tokenizer.ts';
import { promptEncoder } from '../text/prompt-encoder.ts';
import { tensorBytes } from '../tensor/tensor.ts';
import { adoptedParameters, adoptSnapshot, lossEvery } from './adopt-stage.ts';
import { type BasePack, openBasePack, openPackVae } from './base-pack.ts';
import { cropAll } from './crop-worker.ts';
import { embedCrops } from './embeddings.ts';
import {
  cropAt, type DecodedCrops, faceBatch, faceEncoderConfig, faceLayout, faceStepGraph,
} from './face-stage.ts';
import { initialParameters, tensorsOf } from './flat-parameters.ts';
import { type InstantSet, instantBatch, noisePool } from './instant-batches.ts';
import { exportInstantId, readInstantId } from './instant-export.ts';
import { initialInstant, instantLayout, instantNetworks } from './instant-networks.ts';
import { instantStepGraph } from './instant-stage.ts';
import { trainJudge } from './judge-run.ts';
import { lossCsv, lossCurveSvg } from './pack-export.ts';
import { checkPackSize } from './pack-size.ts';
import { type PeopleSet, peopleSet } from './people-dataset.ts';
import {
  decodedIndices, passThroughVae, type PeopleLatents, readPeopleLatents, writePeopleLatents,
} from './people-latents.ts';
import { newTrainingState, readSnapshot, type TrainingState, writeSnapshot } from './snapshot.ts';
import { trainStage } from './stage-trainer.ts';
import { paceOf, report, reportProgress, splitOf, type StarterRun, workersOf } from './starter-run.ts';
import { trainStyleJudge } from './style-judge-run.ts';
import { starterNoiseSchedule } from './unet-stage.ts';
import { verification, type Verification } from './verification.ts';

/** A base pack and a name for its weights, so that what depends on them is never taken for another's. */
interface NamedBase {
  readonly base: BasePack;
  readonly vaeName: string;
  readonly name: string;
}

async function namedBase({ base: folder }: StarterRun): Promise<NamedBase> {
  const base = await openBasePack(folder);
  const vae = createHash('sha256');
  for (const tensor of base.vae.values()) vae.update(tensorBytes(tensor));
  const vaeName = vae.digest('hex').slice(0, 8);
  const all = createHash('sha256').update(vaeName);
  for (const tensor of base.unet.values()) all.update(tensorBytes(tensor));
  return { base, vaeName, name: all.digest('hex').slice(0, 8) };
}

const people = (run: StarterRun): Promise<PeopleSet> => peopleSet(run.recipe, run.cache, workersOf(run));

const passesStem = ({ cache, recipe }: StarterRun, { vaeName }: NamedBase) => (
  path.join(cache, `passes-${recipe.people.count}x${recipe.people.pictures}-${recipe.people.decoded}-${vaeName}`));

/** Latents and decoded pictures of all people; made now unless they are there. */
async function passes(run: StarterRun, named: NamedBase, set: PeopleSet): Promise<PeopleLatents> {
  const stem = passesStem(run, named);
  const known = await readPeopleLatents(stem, named.base);
  if (known) return known;
  const vae = await openPackVae(named.base, set.resolutionPx, { ...paceOf(run), batchSize: run.passBatch });
  let reportedAt = performance.now();
  const passed = await passThroughVae(run.recipe, set, vae, (done, all) => {
    if (performance.now() - reportedAt < 5_000) return;
    reportedAt = performance.now();
    report(`passes ${done}/${all}`);
  });
  await vae.release();
  await writePeopleLatents(stem, passed);
  return (await readPeopleLatents(stem, named.base))!;
}

/** Heads of the decoded pictures, cut now unless they are there. */
async function decodedCrops(run: StarterRun, named: NamedBase, set: PeopleSet): Promise<DecodedCrops> {
  const { trained, heldOut } = decodedIndices(run.recipe);
  const indices = [...trained, ...heldOut];
  const stem = passesStem(run, named);
  const file = `${stem}.crops`;
  const known = await readFile(file).catch(() => undefined);
  if (!known) {
    await passes(run, named, set);
    await cropAll(`${stem}.decoded`, `${file}.partial`, set.resolutionPx, indices.map((i) => set.points[i]!),
      workersOf(run));
    await rename(`${file}.partial`, file);
  }
  return { crops: known ?? await readFile(file), placeOf: new Map(indices.map((index, place) => [index, place])) };
}

async function makePasses(run: StarterRun): Promise<void> {
  const set = await people(run);
  const named = await namedBase(run);
  await passes(run, named, set);
  await decodedCrops(run, named, set);
}

const snapshotFile = ({ cache }: StarterRun, name: string) => path.join(cache, `${name}.snapshot.safetensors`);

async function trained(run: StarterRun, name: string, size: number): Promise<TrainingState> {
  const state = await readSnapshot(snapshotFile(run, name), size);
  if (!state) throw new Error(`There is no snapshot of ${name} yet; run that stage first.`);
  return state;
}

async function trainFace(run: StarterRun): Promise<void> {
  const { recipe } = run;
  const layout = faceLayout(recipe);
  const file = snapshotFile(run, 'face');
  const state = (await readSnapshot(file, layout.size)) ?? newTrainingState(initialParameters(layout, recipe.seed));
  const set = await people(run);
  const decoded = await decodedCrops(run, await namedBase(run), set);
  await trainStage(state, {
    ...paceOf(run), step: faceStepGraph(recipe), plan: recipe.face,
    emaDecay: recipe.face.emaDecay, batch: (step) => faceBatch(recipe, set, decoded, step),
    onProgress: (p) => reportProgress('face', p), onSnapshot: (saved) => writeSnapshot(file, saved),
  });
  const embed = (crops: readonly Uint8Array[]) => embedCrops(run, tensorsOf(layout, state.average, 'face_encoder'),
    faceEncoderConfig(recipe), crops);
  const heldOut = heldOutIndices(recipe.people.heldOut, set);
  const plain = verification(byPerson(await embed(heldOut.map((i) => cropAt(set.crops, i))), set.pictures));
  const drawn = heldOut.map((i) => cropAt(decoded.crops, decoded.placeOf.get(i)!));
  const throughVae = verification(byPerson(await embed(drawn), set.pictures));
  await writeMeasures(run, { face: { ...said('face', plain), throughVae: said('face through vae', throughVae) } });
}

function heldOutIndices(heldOut: number, { people: count, pictures }: PeopleSet): number[] {
  const first = (count - heldOut) * pictures;
  return Array.from({ length: heldOut * pictures }, (_, i) => first + i);
}

const byPerson = <T>(items: readonly T[], pictures: number): T[][] => (
  Array.from({ length: items.length / pictures }, (_, i) => items.slice(i * pictures, (i + 1) * pictures)));

function said(name: string, measured: Verification): Verification {
  report(`${name}: pairs ${measured.pairAccuracy.toFixed(3)}, nearest ${measured.nearestShare.toFixed(3)}, ` +
    `cosine ${measured.sameCosine.toFixed(3)} against ${measured.otherCosine.toFixed(3)}`);
  return measured;
}

/** Adds to training/measures.json beside the pack. */
async function writeMeasures(run: StarterRun, measures: Record<string, unknown>): Promise<void> {
  const file = path.join(run.out, 'training', 'measures.json');
  await mkdir(path.dirname(file), { recursive: true });
  const known = await readFile(file, 'utf8').then((text) => JSON.parse(text) as object, () => ({}));
  await writeFile(file, `${JSON.stringify({ ...known, ...measures }, null, 2)}\n`);
}

/** Everything that the adapter learns from. */
async function instantSet(run: StarterRun, named: NamedBase): Promise<InstantSet> {
  const { recipe } = run;
  const set = await people(run);
  const { values, channels, sizePx } = await passes(run, named, set);
  const layout = faceLayout(recipe);
  const weights = tensorsOf(layout, (await trained(run, 'face', layout.size)).average, 'face_encoder');
  const config = faceEncoderConfig(recipe);
  const crops = Array.from({ length: set.count }, (_, i) => cropAt(set.crops, i));
  const embeddings = [
    await embedCrops(run, weights, config, crops), await embedCrops(run, weights, config, crops, recipe.seed + 1),
  ].map((rows) => {
    const all = new Float32Array(rows.length * config.embeddingLength);
    rows.forEach((row, i) => all.set(row, i * config.embeddingLength));
    return all;
  });
  const tokenizer = await openClipTokenizer(named.base.tokenizerFolder ?? run.tokenizer);
  const prompts = promptEncoder(tokenizer, { architecture: 'sd15' });
  const inputIds = Int32Array.from(set.captions.flatMap((caption) => prompts.encode(caption)[0]!));
  const emptyIds = Int32Array.from(prompts.encode('')[0]!);
  const noise = noisePool(recipe.seed);
  return { people: set, latents: { values, channels, sizePx }, embeddings, inputIds, emptyIds, noise };
}

async function trainInstant(run: StarterRun): Promise<void> {
  const { recipe } = run;
  const named = await namedBase(run);
  const networks = instantNetworks(recipe, named.base);
  const layout = instantLayout(networks);
  const file = snapshotFile(run, `instant-${named.name}`);
  const state = (await readSnapshot(file, layout.size))
    ?? newTrainingState(initialInstant(layout, networks, named.base, recipe.seed));
  const set = await instantSet(run, named);
  const schedule = starterNoiseSchedule();
  report(`${layout.size} parameters`);
  const stepOf = (batchSize: number) => (
    instantStepGraph({ ...recipe, instant: { ...recipe.instant, batchSize } }, named.base));
  const { batchSize } = recipe.instant;
  await trainStage(state, {
    ...paceOf(run), step: stepOf(batchSize), split: splitOf(run, batchSize, stepOf),
    plan: recipe.instant, emaDecay: recipe.instant.emaDecay,
    batch: (step) => instantBatch(recipe, set, schedule, step),
    onProgress: (p) => reportProgress('instant', p), onSnapshot: (saved) => writeSnapshot(file, saved),
  });
}

async function exportInstant(run: StarterRun): Promise<void> {
  const { recipe } = run;
  checkPackSize(recipe);
  const named = await namedBase(run);
  const states = {
    face: await trained(run, 'face', faceLayout(recipe).size),
    instant: await trained(run, `instant-${named.name}`, instantLayout(instantNetworks(recipe, named.base)).size),
  };
  await exportInstantId(path.join(run.out, 'instant_id'), recipe, named.base, {
    instant: states.instant.average, face: states.face.average,
  });
  const training = path.join(run.out, 'training');
  await mkdir(training, { recursive: true });
  await writeFile(path.join(training, 'recipe.json'), `${JSON.stringify(recipe, null, 2)}\n`);
  for (const [name, { losses }] of Object.entries(states)) {
    await writeFile(path.join(training, `${name}-loss.csv`), lossCsv(losses, lossEvery));
    const title = `${name} loss (mean of ${lossEvery} steps)`;
    if (losses.length >= lossEvery) {
      await writeFile(path.join(training, `${name}-loss.svg`), lossCurveSvg(title, losses, lossEvery));
    }
  }
  await writeMeasures(run, { instant: { steps: states.instant.step, batchSize: recipe.instant.batchSize } });
}

/** Snapshots of the face encoder and of what is trained beside the denoiser, out of the base pack's instant_id. */
export async function adoptInstantId(run: StarterRun): Promise<void> {
  const { recipe, base: folder } = run;
  const named = await namedBase(run);
  const { face, instant } = await readInstantId(path.join(folder, 'instant_id'), named.base);
  const layouts = { face: faceLayout(recipe), instant: instantLayout(instantNetworks(recipe, named.base)) };
  await adoptSnapshot(folder, 'face', snapshotFile(run, 'face'),
    () => adoptedParameters(layouts.face, face, recipe.seed));
  await adoptSnapshot(folder, 'instant', snapshotFile(run, `instant-${named.name}`),
    () => adoptedParameters(layouts.instant, instant, recipe.seed));
}

/** In the order in which they depend on each other. */
export const instantStages: Readonly<Record<string, (run: StarterRun) => Promise<void>>> = {
  people: async (run) => void await people(run), passes: makePasses, face: trainFace, judge: trainJudge,
  style: trainStyleJudge, instant: trainInstant, 'instant-export': exportInstant,
};

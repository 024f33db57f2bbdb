// npm run starter:train: makes resources/starter from nothing, stage by stage, going on from the last snapshot.
// Stages: vae, latents, refine, text, unet, export; then InstantID's: people, passes, face, judge, style, instant,
// instant-export; by name alone adopt, which makes the snapshots of all networks out of the pack in --base.
// --stage NAME[,NAME…], --provider cpu|webgpu, --threads N, --minutes N (of each training stage), --recipe FILE,
// --cache FOLDER, --out FOLDER, --base FOLDER (the pack that InstantID is for; --out unless told), --judge FOLDER,
// --photo FILE (to look at in the sheets, never trained on).

import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { ParameterLayout } from '../networks/flat-parameters.ts';
import type { Provider } from '../runtime/session.ts';
import { openClipTokenizer } from '../text/tokenizer.ts';
import { pictureOf, writeContactSheet } from './contact-sheet.ts';
import { adoptedDenoiser, adoptedParameters, adoptSnapshot, lossEvery } from './adopt-stage.ts';
import { openBasePack } from './base-pack.ts';
import { initialParameters } from './flat-parameters.ts';
import {
  encodeAgain, encodeLatents, type EncodedPictures, plainPictures, readEncodedPictures, readLatents,
} from './latent-stage.ts';
import { exportPack, lossCsv, lossCurveSvg } from './pack-export.ts';
import { adoptInstantId, instantStages } from './instant-run.ts';
import { adoptJudge } from './judge-run.ts';
import { recipeSchema, starterRecipe } from './recipe.ts';
import { refinedPlaces } from './refine-stage.ts';
import { newTrainingState, readSnapshot, type TrainingState, writeSnapshot } from './snapshot.ts';
import { trainStage } from './stage-trainer.ts';
import { starterNetworks } from './starter-networks.ts';
import { paceOf, renderedPortraits, report, reportProgress, splitOf, type StarterRun } from './starter-run.ts';
import { adoptTextEncoder, textBatch, textLayout, textStepGraph } from './text-stage.ts';
import { type TokenRows, usedTokenRows } from './token-rows.ts';
import { type LatentSet, unetBatch } from './training-batches.ts';
import { denoiserLayout, sampleLatents, starterNoiseSchedule, unetStepGraph } from './unet-stage.ts';
import { openVae, vaeLayout } from './vae-stage.ts';
import { refinedVae, refineVae, trainedVae, trainVae, vaeSnapshotFile } from './vae-training.ts';

const projectFolder = path.resolve(import.meta.dirname, '../..');
const resourcesFolder = path.join(projectFolder, 'resources');
const tokenizerFolder = path.join(resourcesFolder, 'tokenizer');

/** What the sheets of samples show. */
const samplePrompts = [
  'photo of a man, blue background', 'photo of a woman with long blonde hair, red background',
  'photo of an old man with a white beard, black background',
    'photo of a man with short red hair, with a beard, green background',
  'photo of a woman with curly brown hair, wearing glasses, grey background',
    'cartoon of a man, wearing a red shirt, yellow background',
  'photo of a bald man, wearing a black suit, grey background',
    'photo of a woman with black hair, wearing a white t-shirt, pink background',
  'pencil sketch of a woman', 'sepia photo of a man with a moustache', 'photo of a person, purple background',
  'photo of a woman, dark skin, wearing a yellow dress, white background',
    'photo of a man wearing a blue cap, orange background',
  'photo of a woman, smiling, wearing sunglasses, blue background',
    'photo of an elderly woman with grey hair, green background',
  'portrait photo of a young man with blonde hair, wearing a grey hoodie, red background',
] as const;

const latentsFile = ({ cache }: StarterRun) => path.join(cache, 'latents.safetensors');
const denoiserSnapshotFile = ({ cache }: StarterRun) => path.join(cache, 'unet.snapshot.safetensors');

async function makeLatents(run: StarterRun): Promise<void> {
  if (existsSync(latentsFile(run))) return;
  const portraits = await renderedPortraits(run);
  const { average } = await trainedVae(run);
  await encodeLatents(latentsFile(run), run.recipe, average, portraits, {
    provider: run.provider, threads: run.threads, onProgress: (done) =>
      report(`latents ${done}/${run.recipe.unet.portraits}`),
  });
}

/** Refines the autoencoder; where there are latents already, those that may have moved are made again. */
async function refine(run: StarterRun): Promise<void> {
  await refineVae(run);
  const isHeld = run.recipe.refine.freeStyles.length === 0;
  if (isHeld || run.signal.aborted || !existsSync(latentsFile(run))) return;
  const portraits = await renderedPortraits(run);
  // those that are held out are looked at as well
  const { free } = refinedPlaces({ ...run.recipe, heldOut: 0 }, portraits);
  await encodeAgain(latentsFile(run), run.recipe, await refinedVae(run), portraits, free, {
    provider: run.provider, threads: run.threads, onProgress: (done) => report(`latents ${done}/${free.length}`),
  });
}

async function tokenRows(run: StarterRun): Promise<{ rows: TokenRows; pictures: EncodedPictures }> {
  const pictures = await readEncodedPictures(run.cache, run.recipe);
  return { rows: usedTokenRows(await openClipTokenizer(tokenizerFolder), pictures.captions), pictures };
}

async function writeSamples(run: StarterRun, rows: TokenRows, state: TrainingState): Promise<void> {
  const { recipe } = run;
  const latents = await sampleLatents({
    recipe, parameters: state.average, tokenRows: rows.ids.length,
      prompts: samplePrompts.map((prompt) => rows.rowsOf(prompt)),
    emptyRows: rows.rowsOf(''), guidanceScale: 3, steps: 25, seed: recipe.seed, provider: run.provider,
      threads: run.threads,
  });
  const { latentScale } = await readLatents(latentsFile(run));
  const values = (latents.data as Float32Array).map((value) => value / latentScale);
  const vae = await openVae(recipe, (await refinedVae(run)).average,
    { batchSize: samplePrompts.length, provider: run.provider, threads: run.threads });
  const pictures = await vae.decode({ ...latents, data: values });
  await vae.release();
  const sheet = path.join(run.cache, 'sheets', `unet-${String(state.step).padStart(6, '0')}.png`);
  await writeContactSheet(sheet, samplePrompts.map((_, i) => pictureOf(pictures, i)), recipe.resolutionPx, 8);
}

const textSnapshotFile = ({ cache }: StarterRun) => path.join(cache, 'text.snapshot.safetensors');

async function latentSet(run: StarterRun, rows: TokenRows, pictures: EncodedPictures): Promise<LatentSet> {
  const latents = await readLatents(latentsFile(run));
  const { portraits, captionsEach, rareTimes } = run.recipe.unet;
  const { captions, labels, points } = pictures;
  const plain = plainPictures(labels, rareTimes).filter((i) => i < portraits - run.recipe.heldOut);
  report(`${portraits} pictures, ${plain.length} of them plain; ${rows.ids.length} token rows`);
  return { ...latents, count: portraits, tokenRows: rows.rowsOfAll(captions), captionsEach,
    emptyRows: rows.rowsOf(''), labels, points, plain };
}

async function trainText(run: StarterRun): Promise<void> {
  const { recipe } = run;
  const { rows, pictures } = await tokenRows(run);
  const layout = textLayout(recipe, rows.ids.length);
  const file = textSnapshotFile(run);
  const state = (await readSnapshot(file, layout.size)) ?? newTrainingState(initialParameters(layout, recipe.seed));
  if (state.step >= recipe.text.steps) return;
  const set = await latentSet(run, rows, pictures);
  await trainStage(state, {
    step: textStepGraph(recipe, rows.ids.length), plan: recipe.text,
    emaDecay: 0.98, ...paceOf(run), batch: (step) => textBatch(recipe, set, step),
    onProgress: (p) => reportProgress('text', p), onSnapshot: (saved) => writeSnapshot(file, saved),
  });
}

/** Where the denoiser begins: random, with the text encoder of the stage before. */
async function firstDenoiser(run: StarterRun, rows: TokenRows, layout: ParameterLayout): Promise<Float32Array> {
  const text = textLayout(run.recipe, rows.ids.length);
  const trained = await readSnapshot(textSnapshotFile(run), text.size);
  if (!trained) throw new Error('The text encoder has no snapshot yet; run the text stage first.');
  const parameters = initialParameters(layout, run.recipe.seed);
  adoptTextEncoder(parameters, layout, trained.average, text);
  return parameters;
}

async function trainUnet(run: StarterRun): Promise<void> {
  const { recipe } = run;
  const { rows, pictures } = await tokenRows(run);
  const layout = denoiserLayout(recipe, rows.ids.length);
  const file = denoiserSnapshotFile(run);
  const state = (await readSnapshot(file, layout.size))
    ?? newTrainingState(await firstDenoiser(run, rows, layout));
  if (state.step >= recipe.unet.steps) return;
  const set = await latentSet(run, rows, pictures);
  const schedule = starterNoiseSchedule();
  report(`${layout.size} parameters`);
  const stepOf = (batchSize: number) => (
    unetStepGraph({ ...recipe, unet: { ...recipe.unet, batchSize } }, rows.ids.length));
  await trainStage(state, {
    step: stepOf(recipe.unet.batchSize), split: splitOf(run, recipe.unet.batchSize, stepOf),
    plan: recipe.unet,
    emaDecay: recipe.unet.emaDecay, ...paceOf(run),
    batch: (step) => unetBatch(recipe, set, schedule, step),
    onProgress: (p) => reportProgress('unet', p),
    onSnapshot: async (saved) => {
      await writeSnapshot(file, saved);
      await writeSamples(run, rows, saved);
    },
  });
}

async function makePack(run: StarterRun): Promise<void> {
  const { recipe } = run;
  const { rows } = await tokenRows(run);
  const layout = denoiserLayout(recipe, rows.ids.length);
  const denoiser = await readSnapshot(denoiserSnapshotFile(run), layout.size);
  if (!denoiser) throw new Error('The denoiser has no snapshot yet; run the unet stage first.');
  const vae = await trainedVae(run);
  const { latentScale } = await readLatents(latentsFile(run));
  await exportPack(run.out, {
    recipe, latentScale, tokenIds: rows.ids, denoiser: { layout, parameters: denoiser.average },
    vae: { layout: vaeLayout(starterNetworks(recipe).vae), parameters: (await refinedVae(run)).average },
  }, resourcesFolder);
  const training = path.join(run.out, 'training');
  await mkdir(training, { recursive: true });
  await writeFile(path.join(training, 'recipe.json'), `${JSON.stringify(recipe, null, 2)}\n`);
  const text = await readSnapshot(textSnapshotFile(run), textLayout(recipe, rows.ids.length).size);
  const refined = await refinedVae(run);
  const curves = { vae, refine: refined.step === vae.step ? undefined : refined, text, unet: denoiser };
  for (const [name, state] of Object.entries(curves)) {
    if (!state) continue;
    await writeFile(path.join(training, `${name}-loss.csv`), lossCsv(state.losses, lossEvery));
    await writeFile(path.join(training, `${name}-loss.svg`),
      lossCurveSvg(`${name} loss (mean of ${lossEvery} steps)`, state.losses, lossEvery));
  }
}

/** Snapshots of all networks out of the base pack; those that are there stay. */
async function adoptPack(run: StarterRun): Promise<void> {
  const { recipe, base: folder } = run;
  const base = await openBasePack(folder);
  const vae = vaeLayout(starterNetworks(recipe).vae);
  await renderedPortraits(run);
  await adoptSnapshot(folder, 'vae', vaeSnapshotFile(run),
    () => adoptedParameters(vae, { vae: base.vae }, recipe.seed));
  await adoptSnapshot(folder, 'unet', denoiserSnapshotFile(run), async () => {
    const { rows } = await tokenRows(run);
    const layout = denoiserLayout(recipe, rows.ids.length);
    return await adoptedDenoiser(layout, base, await openClipTokenizer(tokenizerFolder), rows.ids, recipe.seed);
  });
  await adoptInstantId(run);
  await adoptJudge(run);
}

/** What the command line asks for, and its stages. */
async function parseRun(signal: AbortSignal): Promise<{ run: StarterRun; stage: string }> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      stage: { ...text, default: 'all' }, provider: { ...text, default: 'cpu' }, threads: text, minutes: text,
      photo: text, recipe: text, cache: { ...text, default: path.join(projectFolder, '.cache/starter') },
      out: { ...text, default: path.join(projectFolder, 'resources/starter') }, base: text,
      judge: { ...text, default: path.join(projectFolder, 'test/bench/judge') },
      'pass-batch': { ...text, default: '16' },
    },
  });
  const recipe = values.recipe ? recipeSchema.parse(JSON.parse(await readFile(values.recipe, 'utf8'))) : starterRecipe;
  const out = path.resolve(values.out);
  const run: StarterRun = {
    recipe, signal, cache: path.resolve(values.cache), out, provider: values.provider as Provider,
    base: path.resolve(values.base ?? out), judge: path.resolve(values.judge), tokenizer: tokenizerFolder,
    passBatch: Number(values['pass-batch']), ...(values.threads ? { threads: Number(values.threads) } : {}),
    ...(values.minutes ? { minutes: Number(values.minutes) } : {}), ...(values.photo ? { photo: values.photo } : {}),
  };
  return { run, stage: values.stage };
}

async function main(): Promise<void> {
  const interrupted = new AbortController();
  // an interrupted run keeps what it has done
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());
  const { run, stage: asked } = await parseRun(interrupted.signal);
  const stages: Readonly<Record<string, (run: StarterRun) => Promise<void>>> = {
    adopt: adoptPack, vae: trainVae, latents: makeLatents, refine, text: trainText,
    unet: trainUnet, export: makePack, ...instantStages,
  };
  for (const stage of asked === 'all' ? Object.keys(stages).slice(1) : asked.split(',')) {
    const train = stages[stage];
    if (!train) throw new Error(`There is no stage ${stage}; the stages are ${Object.keys(stages).join(', ')}.`);
    const begun = performance.now();
    report(`stage ${stage}`);
    await train(run);
    report(`stage ${stage} took ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    if (run.signal.aborted) {
      report('stopped; the same command goes on from here');
      return;
    }
  }
}

await main();

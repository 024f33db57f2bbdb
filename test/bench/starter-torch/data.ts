// What train.py learns from, out of the cache of `npm run starter:train` (stages latents, people and passes) and a
// pack: node data.ts --recipe FILE --base PACK --cache FOLDER --out FOLDER. Raw arrays, the networks as they are, and
// a loss of each of the two steps as ONNX Runtime computes it.

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openSession } from '../../../src-main/runtime/session.ts';
import { adoptedDenoiser, adoptedParameters } from '../../../src-main/starter/adopt-stage.ts';
import { type BasePack, openBasePack } from '../../../src-main/starter/base-pack.ts';
import { embedCrops } from '../../../src-main/starter/embeddings.ts';
import { cropAt, faceEncoderConfig, faceLayout } from '../../../src-main/starter/face-stage.ts';
import type { FlatStep } from '../../../src-main/starter/flat-step.ts';
import { tensorsOf } from '../../../src-main/starter/flat-parameters.ts';
import { headWeights } from '../../../src-main/starter/instant-batches.ts';
import { readInstantId } from '../../../src-main/starter/instant-export.ts';
import { instantLayout, instantNetworks } from '../../../src-main/starter/instant-networks.ts';
import { instantStepGraph } from '../../../src-main/starter/instant-stage.ts';
import { plainPictures, readEncodedPictures, readLatents } from '../../../src-main/starter/latent-stage.ts';
import { peopleSet } from '../../../src-main/starter/people-dataset.ts';
import { readPeopleLatents } from '../../../src-main/starter/people-latents.ts';
import { recipeSchema } from '../../../src-main/starter/recipe.ts';
import { seededRandom } from '../../../src-main/starter/seeded-random.ts';
import { type TokenRows, usedTokenRows } from '../../../src-main/starter/token-rows.ts';
import { placeWeights } from '../../../src-main/starter/training-batches.ts';
import { denoiserLayout, starterNoiseSchedule, unetStepGraph } from '../../../src-main/starter/unet-stage.ts';
import { tensorBytes } from '../../../src-main/tensor/tensor.ts';
import { openClipTokenizer } from '../../../src-main/text/tokenizer.ts';
import { feedFor, placesOf } from '../starter-cuda/job-parts.ts';

const { values: args } = parseArgs({
  options: { recipe: { type: 'string' }, base: { type: 'string' }, cache: { type: 'string' }, out: { type: 'string' } },
});
const recipe = recipeSchema.parse(JSON.parse(await readFile(args.recipe!, 'utf8')));
const [cache, out] = [args.cache!, args.out!];
const placesEach = (recipe.resolutionPx / 8) ** 2;
/** Faces as they are, and so many times under other light, points and noise. */
const changedFaces = 3;

async function write(name: string, values: Float32Array | Int16Array | Int32Array | Uint8Array): Promise<void> {
  await writeFile(path.join(out, name), new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

const halves = (values: Float32Array) => new Uint8Array(Float16Array.from(values).buffer);

async function writePortraits(rows: TokenRows): Promise<void> {
  const { captions, labels, points } = await readEncodedPictures(cache, recipe);
  const weights = new Float32Array(points.length * placesEach);
  points.forEach((face, i) => placeWeights(
    face, recipe.resolutionPx / 8, recipe.unet, weights.subarray(i * placesEach, (i + 1) * placesEach)));
  await write('portraits.latents.f16', halves((await readLatents(path.join(cache, 'latents.safetensors'))).values));
  await write('portraits.tokens.i16', Int16Array.from(rows.rowsOfAll(captions)));
  await write('portraits.weights.f32', weights);
  const plain = plainPictures(labels, recipe.unet.rareTimes).filter((i) => i < points.length - recipe.heldOut);
  await write('portraits.plain.i32', plain);
  await write('empty.i16', Int16Array.from(rows.rowsOf('')));
}

async function writePeople(base: BasePack, face: Float32Array, rows: TokenRows): Promise<void> {
  const set = await peopleSet(recipe, cache, 2);
  const file = (await readdir(cache)).find((name) => name.startsWith('passes-') && name.endsWith('.latents'));
  const latents = file && await readPeopleLatents(path.join(cache, file.replace('.latents', '')), base);
  if (!latents) throw new Error(`The people in ${cache} have no latents; run the stage passes first.`);
  if (latents.values.length !== set.count * latents.channels * placesEach) {
    throw new Error(`${file!} is of other people than the recipe names.`);
  }
  const weights = new Float32Array(set.count * placesEach);
  set.points.forEach((points, i) => headWeights(points, recipe.resolutionPx, recipe.resolutionPx / 8,
    recipe.instant.headWeight, weights.subarray(i * placesEach, (i + 1) * placesEach)));
  const crops = Array.from({ length: set.count }, (_, i) => cropAt(set.crops, i));
  const encoder = tensorsOf(faceLayout(recipe), face, 'face_encoder');
  const config = faceEncoderConfig(recipe);
  const embeddings = new Float32Array((1 + changedFaces) * set.count * config.embeddingLength);
  for (let k = 0; k <= changedFaces; k++) {
    const seed = k === 0 ? undefined : recipe.seed + k;
    const found = await embedCrops({ provider: 'cpu' }, encoder, config, crops, seed);
    found.forEach((row, i) => embeddings.set(row, (k * set.count + i) * config.embeddingLength));
  }
  await write('people.embeddings.f32', embeddings);
  await write('people.latents.f16', halves(latents.values));
  await write('people.tokens.i16', Int16Array.from(rows.rowsOfAll(set.captions)));
  await write('people.weights.f32', weights);
  await write('people.keyPoints.u8', set.keyPoints);
}

/** Some numbers for each input of a step with two pictures, and the loss that ONNX Runtime makes of them. */
async function writeCheck(
  name: string, step: FlatStep, parameters: Float32Array, prompt: readonly number[],
): Promise<Record<string, readonly number[]>> {
  const graph = step.gradientGraph();
  const random = seededRandom(recipe.seed, 60);
  const feeds = Object.fromEntries(graph.inputs.map((value) => [value.name, feedFor(value, parameters, random)]));
  const { shape } = feeds['inputIds']!;
  const ids = [...prompt, ...prompt].map(BigInt);
  feeds['inputIds'] = { dtype: 'int64', shape, data: BigInt64Array.from(ids) };
  const session = await openSession(graph, { provider: 'cpu' });
  const results = await session.run(feeds);
  await session.release();
  for (const [input, tensor] of Object.entries(feeds)) {
    if (input.startsWith('parameters.')) continue;
    await writeFile(path.join(out, `check.${name}.${input}`), tensorBytes(tensor));
  }
  await writeFile(path.join(out, `check.${name}.loss`), tensorBytes(results['loss']!));
  return Object.fromEntries(Object.entries(feeds).filter(([input]) => !input.startsWith('parameters.'))
    .map(([input, { shape: of }]) => [input, of]));
}

async function main(): Promise<void> {
  await mkdir(out, { recursive: true });
  const base = await openBasePack(args.base!);
  const clip = await openClipTokenizer(path.resolve(import.meta.dirname, '../../../resources/tokenizer'));
  const rows = usedTokenRows(clip, (await readEncodedPictures(cache, recipe)).captions);
  const { face, instant } = await readInstantId(path.join(args.base!, 'instant_id'), base);
  const layouts = {
    unet: denoiserLayout(recipe, rows.ids.length), instant: instantLayout(instantNetworks(recipe, base)),
  };
  const parameters = {
    unet: await adoptedDenoiser(layouts.unet, base, clip, rows.ids, recipe.seed),
    instant: adoptedParameters(layouts.instant, instant, recipe.seed),
  };
  await writePortraits(rows);
  await writePeople(base, adoptedParameters(faceLayout(recipe), face, recipe.seed), rows);
  for (const name of ['unet', 'instant'] as const) await write(`${name}.f32`, parameters[name]);
  const two = { ...recipe, unet: { ...recipe.unet, batchSize: 2 }, instant: { ...recipe.instant, batchSize: 2 } };
  const own = base.tokenizerFolder === undefined ? clip : await openClipTokenizer(base.tokenizerFolder);
  const checks = {
    unet: await writeCheck('unet', unetStepGraph(two, rows.ids.length), parameters.unet, [...rows.rowsOf('')]),
    instant: await writeCheck('instant', instantStepGraph(two, base), parameters.instant, own.encodePrompt('')),
  };
  await writeFile(path.join(out, 'job.json'), JSON.stringify({
    recipe, checks, alphasCumprod: [...starterNoiseSchedule().alphasCumprod],
    layouts: { unet: placesOf(layouts.unet), instant: placesOf(layouts.instant) },
  }));
}

await main();

// Renders what train.py learns from, on all cores, in parts that it takes up as they come:
// node data.mjs OUT TOKENS.json [part of the work, 1 unless told]. A part is a folder of raw arrays, renamed when done.

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { captionOf } from '../../../src-main/starter/captions.ts';
import { identityNumbers } from '../../../src-main/starter/identity-numbers.ts';
import { headWeights } from '../../../src-main/starter/instant-batches.ts';
import { judgedIdentity, judgedPictures, renderJudged } from '../../../src-main/starter/judge-people.ts';
import { labelIndices } from '../../../src-main/starter/labels.ts';
import { plainPictures } from '../../../src-main/starter/latent-stage.ts';
import { personBytes, storedCropPx } from '../../../src-main/starter/people-dataset.ts';
import { renderPersonPicture, trainingIdentity } from '../../../src-main/starter/people.ts';
import { portraitAttributes, renderPortrait } from '../../../src-main/starter/portrait-renderer.ts';
import type { StarterRecipe } from '../../../src-main/starter/recipe.ts';
import { seededRandom } from '../../../src-main/starter/seeded-random.ts';
import { placeWeights } from '../../../src-main/starter/training-batches.ts';
import { trainingAttributes } from '../../../src-main/starter/varied-portraits.ts';
import { openClipTokenizer } from '../../../src-main/text/tokenizer.ts';

interface Job {
  readonly recipe: StarterRecipe;
  readonly tokenIds: readonly number[];
}

interface Part {
  readonly kind: 'portraits' | 'people' | 'judge';
  readonly first: number;
  readonly count: number;
}

type Arrays = Readonly<Record<string, Uint8Array | Float32Array | Int16Array>>;

const edgePx = 128;
const area = edgePx ** 2;
const sizePx = edgePx / 8;

type RowsOf = (text: string) => Int16Array | undefined;

/** Row indices of a caption; undefined for one with a token that has no trained row. */
async function rowReader({ tokenIds }: Job): Promise<RowsOf> {
  const clip = await openClipTokenizer('resources/tokenizer');
  const rowOf = new Map(tokenIds.map((id, row) => [id, row]));
  return (text) => {
    const rows = clip.encodePrompt(text).map((id) => rowOf.get(id));
    return rows.some((row) => row === undefined) ? undefined : Int16Array.from(rows as number[]);
  };
}

async function portraits({ first, count }: Part, { recipe }: Job, rowsOf: RowsOf): Promise<Arrays> {
  const { captionsEach } = recipe.unet;
  const rgb = new Uint8Array(count * area * 3);
  const weights = new Float32Array(count * sizePx ** 2);
  const tokens = new Int16Array(count * captionsEach * 77);
  const labels: number[][] = [];
  for (let i = 0; i < count; i++) {
    const seed = first + i;
    const given = trainingAttributes(seed);
    const portrait = await renderPortrait(seed, { resolutionPx: edgePx, attributes: given });
    rgb.set(portrait.rgb, i * area * 3);
    placeWeights(portrait.points, sizePx, recipe.unet, weights.subarray(i * sizePx ** 2, (i + 1) * sizePx ** 2));
    labels.push(labelIndices(portrait.labels));
    const attributes = portraitAttributes(seed, given);
    const captions = [portrait.caption, ...Array.from({ length: captionsEach - 1 }, (_, k) => (
      captionOf(attributes, seededRandom(seed, 50 + k))))];
    const known = captions.map(rowsOf).filter((rows) => rows !== undefined);
    if (known.length === 0) throw new Error(`No caption of portrait ${seed} can be read: ${captions.join(' / ')}`);
    for (let k = 0; k < captionsEach; k++) tokens.set(known[k % known.length]!, (i * captionsEach + k) * 77);
  }
  const plain = new Uint8Array(count);
  for (const i of plainPictures(labels, recipe.unet.rareTimes)) plain[i]! += 1;
  return { rgb, weights, tokens, plain };
}

async function people({ first, count }: Part, { recipe }: Job, rowsOf: RowsOf): Promise<Arrays> {
  const { pictures } = recipe.people;
  const all = count * pictures;
  const cropBytes = storedCropPx ** 2 * 3;
  const rgb = new Uint8Array(all * area * 3);
  const crops = new Uint8Array(all * cropBytes);
  const keyPoints = new Uint8Array(all * area * 3);
  const weights = new Float32Array(all * sizePx ** 2);
  const tokens = new Int16Array(all * 77);
  const empty = rowsOf('')!;
  for (let at = 0; at < all; at++) {
    const person = first + Math.floor(at / pictures);
    const portrait = await renderPersonPicture(recipe, person, at % pictures);
    rgb.set(portrait.rgb, at * area * 3);
    const bytes = personBytes(portrait);
    crops.set(bytes.crops, at * cropBytes);
    keyPoints.set(bytes.keyPoints, at * area * 3);
    headWeights(portrait.points, edgePx, sizePx, recipe.instant.headWeight,
      weights.subarray(at * sizePx ** 2, (at + 1) * sizePx ** 2));
    tokens.set(rowsOf(portrait.caption) ?? empty, at * 77);
  }
  return { rgb, crops, keyPoints, weights, tokens, numbers: numbersOf(first, count, trainingIdentity) };
}

function numbersOf(
  first: number, count: number, identityOf: (person: number) => Parameters<typeof identityNumbers>[0],
): Float32Array {
  return Float32Array.from(Array.from({ length: count }, (_, i) => identityNumbers(identityOf(first + i))).flat());
}

async function judged({ first, count }: Part): Promise<Arrays> {
  const all = count * judgedPictures;
  const rgb = new Uint8Array(all * area * 3);
  const labels: number[] = [];
  const points: number[] = [];
  for (let at = 0; at < all; at++) {
    const portrait = await renderJudged(first + Math.floor(at / judgedPictures), at % judgedPictures, edgePx);
    rgb.set(portrait.rgb, at * area * 3);
    labels.push(...labelIndices(portrait.labels));
    points.push(...portrait.points.flatMap(({ x, y }) => [x, y]));
  }
  return {
    rgb, labels: Int16Array.from(labels), points: Float32Array.from(points),
    numbers: numbersOf(first, count, judgedIdentity),
  };
}

async function writePart(out: string, part: Part, arrays: Arrays): Promise<void> {
  const folder = path.join(out, `${part.kind}-${String(part.first).padStart(6, '0')}`);
  await mkdir(`${folder}.partial`, { recursive: true });
  for (const [name, values] of Object.entries(arrays)) {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    await writeFile(path.join(`${folder}.partial`, name), bytes);
  }
  await rename(`${folder}.partial`, folder);
}

const partsOf = (kind: Part['kind'], from: number, to: number, each: number): Part[] => (
  Array.from({ length: Math.ceil((to - from) / each) }, (_, i) => (
    { kind, first: from + i * each, count: Math.min(each, to - from - i * each) })));

async function main(): Promise<void> {
  const [out, job, share = '1'] = process.argv.slice(2) as [string, string, string?];
  const of = (count: number) => Math.max(8, Math.round(count * Number(share)));
  const [portraitParts, judgeParts, peopleParts] = [
    partsOf('portraits', 0, of(120_000), of(1_000)), partsOf('judge', 0, of(24_000), of(500)),
    partsOf('people', 0, of(10_000), of(200))];
  const soon = Math.ceil(portraitParts.length / 3);
  const parts = [...portraitParts.slice(0, soon), ...judgeParts, ...peopleParts, ...portraitParts.slice(soon)];
  await mkdir(out, { recursive: true });
  let next = 0;
  const threads = Number(process.env['THREADS'] ?? os.availableParallelism());
  await Promise.all(Array.from({ length: threads }, () => new Promise<void>((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { out, job } });
    worker.on('error', reject);
    worker.on('message', () => {
      const part = parts[next++];
      worker.postMessage(part ?? null);
      if (!part) resolve();
    });
  })));
}

async function serve(): Promise<void> {
  const { out, job: file } = workerData as { out: string; job: string };
  const job = JSON.parse(await readFile(file, 'utf8')) as Job;
  const rowsOf = await rowReader(job);
  parentPort!.on('message', async (part: Part | null) => {
    if (!part) return void parentPort!.close();
    const arrays = part.kind === 'portraits' ? await portraits(part, job, rowsOf)
      : part.kind === 'people' ? await people(part, job, rowsOf) : await judged(part);
    await writePart(out, part, arrays);
    parentPort!.postMessage('done');
  });
  parentPort!.postMessage('ready');
}

await (isMainThread ? main() : serve());

// Instant portraits of the built-in pack: people of the renderer whom no network has met, each known by a few pictures.
// How alike are the portraits to the right person and to the others, does the face lie where it was asked to, and what
// does each strength do. The judge has never met the generator: it was taught on renders.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import type { FacePoints } from '../../src-main/faces/face.ts';
import { type FaceAnalyzer, openFaceAnalyzer } from '../../src-main/faces/face-analyzer.ts';
import { openPackFaceEncoder, type PackFaceEncoder } from '../../src-main/faces/pack-face-encoder.ts';
import { encodePicture } from '../../src-main/generation/encode-picture.ts';
import { decodePortrait, drawPortraits } from '../../src-main/generation/text-to-portrait.ts';
import { openInstantIdAt } from '../../src-main/networks/instant-id.ts';
import { openPipeline, type Pipeline } from '../../src-main/networks/pipeline.ts';
import { type RgbPicture, rgbPicture } from '../../src-main/photos/pixels.ts';
import type { Provider } from '../../src-main/runtime/session.ts';
import { type Judge, openJudge } from '../../src-main/starter/judge.ts';
import { portraitPoints } from '../../src-main/starter/portrait-points.ts';
import type { RenderedPortrait } from '../../src-main/starter/portrait-renderer.ts';
import { renderSubjectPhotos, subjectIdentity } from '../../src-main/starter/subject.ts';
import { cosineOf, meanEmbedding } from '../../src-main/starter/verification.ts';
import { promptEncoder, type PromptEncoder } from '../../src-main/text/prompt-encoder.ts';
import { openClipTokenizer } from '../../src-main/text/tokenizer.ts';

export interface ZeroShotOptions {
  readonly pack: string;
  /** Folder of the judge's config.json and weights. */
  readonly judge: string;
  readonly subjects: number;
  /** Portraits of each subject in a row. */
  readonly portraits: number;
  readonly provider: Provider;
  readonly threads?: number;
  /** The contact sheet, a JPEG. */
  readonly sheet: string;
}

/** Far from the seeds of training and of tests. */
const firstSubjectSeed = 900_001;
const references = 4;
const [defaultImage, defaultNet] = [0.8, 0.8];
const colours = ['blue', 'green', 'grey', 'red', 'white'] as const;

interface Person {
  readonly noun: string;
  readonly references: readonly RenderedPortrait[];
  readonly embedding: Float32Array;
  /** Where the face of further pictures lies: the asked poses. */
  readonly poses: readonly { readonly points: FacePoints; readonly faceWidthPx: number }[];
  /** Of the references through the autoencoder. */
  readonly judged: Float32Array;
  /** Of the references, by the built-in recogniser. */
  readonly recognised: Float32Array;
}

interface Bench {
  readonly options: ZeroShotOptions;
  readonly pipeline: Pipeline;
  readonly prompts: PromptEncoder;
  readonly encoder: PackFaceEncoder;
  readonly analyzer: FaceAnalyzer;
  readonly judge: Judge;
}

async function openBench(options: ZeroShotOptions): Promise<Bench> {
  const { provider, threads } = options;
  const checkpoint = await openCheckpoint(options.pack);
  const folder = path.join(options.pack, 'instant_id');
  const encoderFolder = path.join(folder, 'face_encoder');
  const instantId = await openInstantIdAt({
    imageAdapter: path.join(folder, 'ip-adapter.safetensors'), identityNet: path.join(folder, 'ControlNetModel'),
    encoder: { kind: 'pack', folder: encoderFolder },
  }, checkpoint);
  return {
    options, pipeline: openPipeline(checkpoint, { provider, threads, instantId }),
    prompts: promptEncoder(await openClipTokenizer(checkpoint.tokenizerFolder!), { architecture: 'sd15' }),
    encoder: await openPackFaceEncoder(encoderFolder, { threads }), analyzer: await openFaceAnalyzer({ threads }),
    judge: await openJudge(options.judge, { threads }),
  };
}

const pictureOf = ({ rgb, width }: RenderedPortrait): RgbPicture => rgbPicture(width, width, rgb);

/** A picture as the pack's autoencoder gives it back. */
async function throughVae({ pipeline }: Bench, picture: RgbPicture): Promise<RgbPicture> {
  const size = { widthPx: picture.width, heightPx: picture.height };
  return await decodePortrait(pipeline, await encodePicture(pipeline, picture, size));
}

async function readPerson(bench: Bench, seed: number): Promise<Person> {
  const photos = await renderSubjectPhotos(seed, references + bench.options.portraits);
  const known = photos.slice(0, references);
  const pointsOf = ({ attributes, width }: RenderedPortrait) => portraitPoints(attributes, width);
  const embeddings = [];
  const recognised = [];
  const restored = [];
  for (const photo of known) {
    const picture = pictureOf(photo);
    // as the studio does: where the detector finds the face
    const [face] = await bench.analyzer.analyze(picture);
    embeddings.push(await bench.encoder.embedPoints(picture, face?.points ?? pointsOf(photo)));
    recognised.push(await bench.analyzer.embedRegion(picture, pointsOf(photo)));
    restored.push(await throughVae(bench, picture));
  }
  return {
    noun: subjectIdentity(seed).classWord, references: known, embedding: meanEmbedding(embeddings),
    recognised: meanEmbedding(recognised),
    judged: meanEmbedding((await bench.judge.judge(restored)).map(({ embedding }) => embedding)),
    poses: photos.slice(references).map((photo) => ({
      points: pointsOf(photo), faceWidthPx: photo.attributes.faceHalfWidth * photo.attributes.size,
    })),
  };
}

/** Its own defaults (resources/packs/starter.json); every pack that is measured draws so. */
const asTheSketchModelDraws = { guidanceScale: 3, samplingSteps: 40, sampler: 'dpmpp-2m-sde-karras' } as const;

interface Strengths {
  readonly image: number;
  readonly identityNet: number;
}

async function draw(bench: Bench, person: Person, index: number, { image, identityNet }: Strengths, count: number) {
  const pictures: RgbPicture[] = [];
  for (let i = 0; i < count; i++) {
    const always = (strength: number) => ({ strength, start: 0, end: 1 });
    const { portraits } = await drawPortraits(bench.pipeline, bench.prompts, {
      prompt: `photo of a ${person.noun}, ${colours[(index + i) % colours.length]!} background`, negativePrompt: '',
      seeds: [1000 + index * 10 + i], widthPx: 128, heightPx: 128, ...asTheSketchModelDraws,
      guidanceInOneBatch: true,
      face: {
        embedding: person.embedding, points: person.poses[i]!.points, image: always(image),
        identityNet: always(identityNet),
      },
    });
    pictures.push(portraits[0]!.picture);
  }
  return pictures;
}

interface Measures {
  readonly right: number;
  readonly others: number;
  readonly nearest: number;
  readonly recognisedRight: number;
  readonly recognisedOthers: number;
  /** Mean distance of the points to the asked ones, as a share of the face's width. */
  readonly pointError: number;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** `drawn` has the pictures of each person. */
async function measure(bench: Bench, people: readonly Person[], drawn: readonly RgbPicture[][]): Promise<Measures> {
  const rows: Measures[] = [];
  for (const [own, pictures] of drawn.entries()) {
    const judged = await bench.judge.judge(pictures);
    for (const [i, picture] of pictures.entries()) {
      const { points, faceWidthPx } = people[own]!.poses[i]!;
      const recognised = await bench.analyzer.embedRegion(picture, points);
      const against = (embedding: Float32Array, kind: 'judged' | 'recognised') => (
        people.map((person) => cosineOf(embedding, person[kind])));
      const rest = (cosines: readonly number[]) => cosines.filter((_, k) => k !== own);
      const judgedCosines = against(judged[i]!.embedding, 'judged');
      const recognisedCosines = against(recognised, 'recognised');
      const errors = points.map(({ x, y }, k) => {
        const found = judged[i]!.points[k]!;
        return Math.hypot(found.x * picture.width - x, found.y * picture.height - y) / faceWidthPx;
      });
      rows.push({
        right: judgedCosines[own]!, others: mean(rest(judgedCosines)), pointError: mean(errors),
        nearest: rest(judgedCosines).every((cosine) => cosine < judgedCosines[own]!) ? 1 : 0,
        recognisedRight: recognisedCosines[own]!, recognisedOthers: mean(rest(recognisedCosines)),
      });
    }
  }
  const of = (key: keyof Measures) => mean(rows.map((row) => row[key]));
  return {
    right: of('right'), others: of('others'), nearest: of('nearest'), recognisedRight: of('recognisedRight'),
    recognisedOthers: of('recognisedOthers'), pointError: of('pointError'),
  };
}

function line(name: string, m: Measures): string {
  const number = (value: number) => value.toFixed(3).padStart(7);
  return `${name.padEnd(34)}${number(m.right)}${number(m.others)}${number(m.nearest)}` +
    `${number(m.recognisedRight)}${number(m.recognisedOthers)}${number(m.pointError)}`;
}

/** Two references and the portraits of each person, a row a person. */
async function writeSheet(file: string, people: readonly Person[], drawn: readonly RgbPicture[][]): Promise<void> {
  const edge = 128;
  const shown = people.slice(0, 12).map(({ references: [first, second] }, i) => (
    [first!.rgb, second!.rgb, ...drawn[i]!.slice(0, 5).map(({ data }) => data)]));
  const [width, height] = [shown[0]!.length * edge, shown.length * edge];
  const tiles = shown.flatMap((row, y) => row.map((data, x) => ({
    input: Buffer.from(data), raw: { width: edge, height: edge, channels: 3 as const }, left: x * edge, top: y * edge,
  })));
  await mkdir(path.dirname(file), { recursive: true });
  await sharp({ create: { width, height, channels: 3, background: 'black' } }).composite(tiles)
    .jpeg({ quality: 82 }).toFile(file);
}

/** The rows that are drawn: what each strength does, alone and beside the other. */
const rows: readonly (Strengths & { readonly name: string })[] = [
  ...[0, 0.25, 0.5, 1, 1.2].map((image) => ({ name: `image strength ${image}`, image, identityNet: defaultNet })),
  { name: 'image 0.8 alone, no IdentityNet', image: defaultImage, identityNet: 0 },
  { name: 'neither: the class alone', image: 0, identityNet: 0 },
];

export async function benchZeroShot(options: ZeroShotOptions): Promise<string[]> {
  // the decoder of strangers' pictures blocks the loader that draws portraits, in the whole process
  sharp.unblock({ operation: ['VipsForeignLoadSvg'] });
  const bench = await openBench(options);
  const people: Person[] = [];
  for (let i = 0; i < options.subjects; i++) people.push(await readPerson(bench, firstSubjectSeed + i));
  const lines = [`${''.padEnd(34)}  right others nearest  recogn. others  points`];
  const results: Record<string, Measures> = {};
  const add = async (name: string, drawn: readonly RgbPicture[][]) => {
    results[name] = await measure(bench, people, drawn);
    lines.push(line(name, results[name]));
  };
  // what a perfect generator would reach: further photos of the person, through the autoencoder
  const further = [];
  for (let i = 0; i < people.length; i++) {
    const photos = await renderSubjectPhotos(firstSubjectSeed + i, references + options.portraits);
    const own = [];
    for (const photo of photos.slice(references)) own.push(await throughVae(bench, pictureOf(photo)));
    further.push(own);
  }
  await add('photos through the autoencoder', further);
  const drawAll = async (strengths: Strengths, count: number) => {
    const drawn = [];
    for (const [i, person] of people.entries()) drawn.push(await draw(bench, person, i, strengths, count));
    return drawn;
  };
  const standard = await drawAll({ image: defaultImage, identityNet: defaultNet }, options.portraits);
  await add('image 0.8, IdentityNet 0.8', standard);
  await writeSheet(options.sheet, people, standard);
  for (const { name, ...strengths } of rows) await add(name, await drawAll(strengths, 1));
  await writeFile(options.sheet.replace(/\.jpg$/, '.json'), `${JSON.stringify(results, null, 2)}\n`);
  await Promise.all([bench.pipeline, bench.encoder, bench.analyzer, bench.judge].map((part) => part.release()));
  return lines;
}

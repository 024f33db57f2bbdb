// Row 'zero-shot': the face of an unseen person given without teaching. Who of all the people is each portrait nearest
// to, and does the face lie where it was asked to.

import path from 'node:path';
import sharp from 'sharp';
import { type FaceAnalyzer, openFaceAnalyzer } from '../../src-main/faces/face-analyzer.ts';
import type { FacePoints, Point } from '../../src-main/faces/face.ts';
import { openPackFaceEncoder, type PackFaceEncoder } from '../../src-main/faces/pack-face-encoder.ts';
import type { ContactSheetRow } from '../../src-main/generation/contact-sheet.ts';
import { drawingSettings } from '../../src-main/packs/default-settings.ts';
import { type RgbPicture, rgbPicture } from '../../src-main/photos/pixels.ts';
import { meanPoints, unmirrored } from '../../src-main/starter/judge.ts';
import type { RenderedPortrait } from '../../src-main/starter/portrait-renderer.ts';
import { subjectIdentity } from '../../src-main/starter/subject.ts';
import { meanEmbedding } from '../../src-main/starter/verification.ts';
import { drawOne, mean, pictureOf, type StarterBench } from './starter-bench.ts';
import { furtherOf, type KnownPerson, knownPerson, nearness } from './starter-people.ts';
import { type Figure, type RowResult, rounded, shareOf } from './starter-rows.ts';

const firstPersonSeed = 900_001;
/** Pictures that the face is taken from, and portraits of each person. */
const shownPhotos = 4;
const portraitsOfEach = 3;
const shownPeople = 12;
const backgrounds = ['blue', 'green', 'grey', 'red', 'white'] as const;

interface Person extends KnownPerson {
  readonly noun: string;
  readonly embedding: Float32Array;
}

/** Everybody's face as the studio takes it: where the detector finds it. */
async function readPeople(
  bench: StarterBench, encoder: PackFaceEncoder, analyzer: FaceAnalyzer,
): Promise<Person[]> {
  const people: Person[] = [];
  for (let i = 0; i < bench.options.people; i++) {
    const person = await knownPerson(bench, firstPersonSeed + i, portraitsOfEach);
    const embeddings = [];
    for (const photo of person.photos.slice(0, shownPhotos)) {
      const [face] = await analyzer.analyze(pictureOf(photo));
      embeddings.push(await encoder.embedPoints(pictureOf(photo), face?.points ?? photo.points));
    }
    people.push({
      ...person, embedding: meanEmbedding(embeddings), noun: subjectIdentity(firstPersonSeed + i).classWord,
    });
  }
  return people;
}

const faceWidthPx = ({ attributes, width }: RenderedPortrait): number => (
  (attributes.faceHalfWidth * 2 * attributes.size * width) / 256);

/** Where the points of a square picture lie in another size of it. */
const scaled = (points: FacePoints, by: number): FacePoints => (
  points.map(({ x, y }) => ({ x: x * by, y: y * by })) as unknown as FacePoints);

async function draw(bench: StarterBench, { embedding, noun }: Person, at: RenderedPortrait, turn: number) {
  const settings = drawingSettings(bench.pack, {}, { isInstant: true });
  const { widthPx } = settings;
  const prompt = `photo of a ${noun}, ${backgrounds[turn % backgrounds.length]!} background`;
  return await drawOne(bench, prompt, 1000 + turn, {
    guidanceScale: settings.guidanceScale, attentionGuidanceScale: settings.attentionGuidanceScale,
    sampler: settings.sampler, face: {
      embedding, points: scaled(at.points, widthPx / at.width),
      image: { strength: settings.imageStrength, start: settings.imageStart, end: settings.imageEnd },
      identityNet: {
        strength: settings.identityNetStrength, start: settings.identityNetStart, end: settings.identityNetEnd,
      },
    },
  });
}

/** Mean distance of points, as fractions of the edge, from those that were asked for: a share of the face's width. */
const pointError = (points: readonly Point[], asked: RenderedPortrait): number => (
  mean(points.map(({ x, y }, k) => (
    Math.hypot(x * asked.width - asked.points[k]!.x, y * asked.width - asked.points[k]!.y)))) / faceWidthPx(asked));

/** By the judge, by the built-in detector where it finds the face, and by the mean of what both say. */
interface PointErrors {
  readonly judged: number[];
  readonly detected: number[];
  readonly together: number[];
}

const noErrors = (): PointErrors => ({ judged: [], detected: [], together: [] });

/** As fractions of the edge; undefined where the detector finds no face. */
async function detectedIn(analyzer: FaceAnalyzer, picture: RgbPicture): Promise<Point[] | undefined> {
  const [face] = await analyzer.analyze(picture);
  return face?.points.map(({ x, y }) => ({ x: x / picture.width, y: y / picture.width }));
}

/** Of a picture and its mirror image, as the judge reads them; of the one that shows a face where not both do. */
async function detectedPoints(analyzer: FaceAnalyzer, picture: RgbPicture): Promise<Point[] | undefined> {
  const { width, height, data } = picture;
  const flopped = await sharp(data, { raw: { width, height, channels: 3 } }).flop().raw().toBuffer();
  const own = await detectedIn(analyzer, picture);
  const mirrored = await detectedIn(analyzer, rgbPicture(width, height, flopped));
  return own && mirrored ? meanPoints(own, unmirrored(mirrored)) : own ?? (mirrored && unmirrored(mirrored));
}

async function addPointErrors(
  { judge }: StarterBench, analyzer: FaceAnalyzer, pictures: readonly RgbPicture[],
  asked: readonly RenderedPortrait[], errors: PointErrors,
): Promise<void> {
  const judged = await judge.judge(pictures);
  for (const [i, picture] of pictures.entries()) {
    const { points } = judged[i]!;
    const errorOf = (read: readonly Point[]) => rounded(pointError(read, asked[i]!));
    errors.judged.push(errorOf(points));
    const found = await detectedPoints(analyzer, picture);
    if (found) errors.detected.push(errorOf(found));
    errors.together.push(errorOf(found ? meanPoints(points, found) : points));
  }
}

export async function measureZeroShot(bench: StarterBench): Promise<RowResult> {
  const folder = path.join(bench.options.pack, 'instant_id', 'face_encoder');
  const encoder = await openPackFaceEncoder(folder, { threads: bench.options.threads });
  const analyzer = await openFaceAnalyzer({ threads: bench.options.threads });
  const people = await readPeople(bench, encoder, analyzer);
  await encoder.release();
  const sheet: ContactSheetRow[] = [];
  const [drawn, rendered] = [[], []] as [number[], number[]];
  const errors = { drawn: noErrors(), rendered: noErrors() };
  for (const [i, person] of people.entries()) {
    const others = people.filter((_, k) => k !== i);
    const asked = furtherOf(person);
    const pictures: RgbPicture[] = [];
    for (const [k, at] of asked.entries()) pictures.push(await draw(bench, person, at, i * portraitsOfEach + k));
    const near = await nearness(bench, pictures, person, others);
    drawn.push(near.nearest);
    rendered.push((await nearness(bench, asked.map(pictureOf), person, others)).nearest);
    await addPointErrors(bench, analyzer, pictures, asked, errors.drawn);
    await addPointErrors(bench, analyzer, asked.map(pictureOf), asked, errors.rendered);
    const photos = person.photos.slice(0, 2).map((photo) => ({ picture: pictureOf(photo), label: '' }));
    if (i < shownPeople) sheet.push({ title: `person ${i + 1}`, tiles: [...photos, ...near.tiles] });
  }
  await analyzer.release();
  return {
    figures: [
      {
        what: `zero-shot, nearest of ${people.length}`, value: shareOf(mean(drawn), mean(rendered)),
        unit: '', goal: { is: '≥', value: 0.9 },
        note: `${mean(drawn).toFixed(3)} where renders of the people get ${mean(rendered).toFixed(3)}`,
      },
      ...pointFigures(errors.drawn, errors.rendered),
    ],
    details: { nearest: drawn.map(rounded), renders: rounded(mean(rendered)), pointErrors: errors },
    sheet, columns: 2 + portraitsOfEach,
  };
}

function pointFigures(drawn: PointErrors, rendered: PointErrors): Figure[] {
  const found = drawn.detected.length / drawn.judged.length;
  return [
    {
      what: 'key points off by, of the face\'s width', value: rounded(mean(drawn.together)), unit: '',
      goal: { is: '≤', value: 0.04 },
      note: `read by judge and face detector, together off by ${mean(rendered.together).toFixed(3)} in renders`,
    },
    {
      what: 'the same by the judge alone', value: rounded(mean(drawn.judged)), unit: '',
      note: `which is off by ${mean(rendered.judged).toFixed(3)} in renders`,
    },
    ...(found === 0 ? [] : [{
      what: 'the same by the detector alone', value: rounded(mean(drawn.detected)), unit: '',
      note: `which finds ${(found * 100).toFixed(0)} % of the faces, and is off by ` +
        `${mean(rendered.detected).toFixed(3)} in renders`,
    }]),
  ];
}

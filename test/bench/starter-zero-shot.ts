// Row 'zero-shot': the face of an unseen person given without teaching. Who of all the people is each portrait nearest
// to, and does the face lie where it was asked to.

import path from 'node:path';
import { openFaceAnalyzer } from '../../src-main/faces/face-analyzer.ts';
import type { FacePoints } from '../../src-main/faces/face.ts';
import { openPackFaceEncoder, type PackFaceEncoder } from '../../src-main/faces/pack-face-encoder.ts';
import type { ContactSheetRow } from '../../src-main/generation/contact-sheet.ts';
import { drawingSettings } from '../../src-main/packs/default-settings.ts';
import type { RgbPicture } from '../../src-main/photos/pixels.ts';
import type { RenderedPortrait } from '../../src-main/starter/portrait-renderer.ts';
import { subjectIdentity } from '../../src-main/starter/subject.ts';
import { meanEmbedding } from '../../src-main/starter/verification.ts';
import { drawOne, mean, pictureOf, type StarterBench } from './starter-bench.ts';
import { furtherOf, type KnownPerson, knownPerson, nearness } from './starter-people.ts';
import { type RowResult, rounded, shareOf } from './starter-rows.ts';

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
async function readPeople(bench: StarterBench, encoder: PackFaceEncoder): Promise<Person[]> {
  const analyzer = await openFaceAnalyzer({ threads: bench.options.threads });
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
  await analyzer.release();
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
    guidanceScale: settings.guidanceScale, sampler: settings.sampler, face: {
      embedding, points: scaled(at.points, widthPx / at.width),
      image: { strength: settings.imageStrength, start: settings.imageStart, end: settings.imageEnd },
      identityNet: {
        strength: settings.identityNetStrength, start: settings.identityNetStart, end: settings.identityNetEnd,
      },
    },
  });
}

/** Mean distance of the points from those that were asked for, as a share of the face's width. */
async function pointErrors(
  { judge }: StarterBench, pictures: readonly RgbPicture[], asked: readonly RenderedPortrait[],
): Promise<number[]> {
  return (await judge.judge(pictures)).map(({ points }, i) => {
    const { points: wanted, width } = asked[i]!;
    return mean(points.map(({ x, y }, k) => Math.hypot(x * width - wanted[k]!.x, y * width - wanted[k]!.y)))
      / faceWidthPx(asked[i]!);
  });
}

export async function measureZeroShot(bench: StarterBench): Promise<RowResult> {
  const folder = path.join(bench.options.pack, 'instant_id', 'face_encoder');
  const encoder = await openPackFaceEncoder(folder, { threads: bench.options.threads });
  const people = await readPeople(bench, encoder);
  await encoder.release();
  const sheet: ContactSheetRow[] = [];
  const [drawn, rendered, errors, ownErrors] = [[], [], [], []] as [number[], number[], number[], number[]];
  for (const [i, person] of people.entries()) {
    const others = people.filter((_, k) => k !== i);
    const asked = furtherOf(person);
    const pictures: RgbPicture[] = [];
    for (const [k, at] of asked.entries()) pictures.push(await draw(bench, person, at, i * portraitsOfEach + k));
    const near = await nearness(bench, pictures, person, others);
    drawn.push(near.nearest);
    rendered.push((await nearness(bench, asked.map(pictureOf), person, others)).nearest);
    errors.push(...await pointErrors(bench, pictures, asked));
    ownErrors.push(...await pointErrors(bench, asked.map(pictureOf), asked));
    const photos = person.photos.slice(0, 2).map((photo) => ({ picture: pictureOf(photo), label: '' }));
    if (i < shownPeople) sheet.push({ title: `person ${i + 1}`, tiles: [...photos, ...near.tiles] });
  }
  return {
    figures: [
      {
        what: `zero-shot, nearest of ${people.length}`, value: shareOf(mean(drawn), mean(rendered)),
        unit: '', goal: { is: '≥', value: 0.9 },
        note: `${mean(drawn).toFixed(3)} where renders of the people get ${mean(rendered).toFixed(3)}`,
      },
      {
        what: 'key points off by, of the face\'s width', value: rounded(mean(errors)), unit: '',
        goal: { is: '≤', value: 0.04 }, note: `the judge itself is off by ${mean(ownErrors).toFixed(3)} in renders`,
      },
    ],
    details: { nearest: drawn.map(rounded), renders: rounded(mean(rendered)), pointErrors: errors.map(rounded) },
    sheet, columns: 2 + portraitsOfEach,
  };
}

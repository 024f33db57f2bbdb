// How alike portraits are to the subject: face embeddings compared with those of the photos, and the distance to the
// nearest photo crop in the VAE's latent space, which needs no face. The networks that measure are those of the
// request; whoever asks sees to it that they are not those that the portrait was conditioned on.

import path from 'node:path';
import type { CreateRequest } from '../contract/engine-create.ts';
import type { FaceEngineId, Likeness, LikenessRange } from '../contract/faces.ts';
import { nominalFacePoints } from '../dataset/framing.ts';
import type { Face, FacePoints } from '../faces/face.ts';
import { type FaceEngine, openFaceEngine } from '../faces/face-engine.ts';
import { faceLikeness, likenessLevel, likenessRange as rangeOf, meanLikeness } from '../faces/likeness.ts';
import { findInPortrait } from '../faces/portrait-faces.ts';
import type { DrawnPicture } from '../generation/text-to-portrait.ts';
import type { Pipeline } from '../networks/pipeline.ts';
import { openPhoto } from '../photos/import-photo.ts';
import type { RgbPicture } from '../photos/pixels.ts';
import type { EngineParts } from './engine-parts.ts';
import { readPixels } from './pictures.ts';

/** A likeness, and which of the references the face is most like. */
export interface MeasuredLikeness extends Likeness {
  /** Its place among the references; null without a face. */
  readonly nearestReference: number | null;
}

export interface LikenessMeter {
  /** Every face in a picture, the largest first. */
  find(picture: RgbPicture): Promise<Face[]>;
  /**
   * Of the largest face, or of `own`, one of those that find() gave; null where the person is not in the picture. Then
   * `place` says where the face should lie, in pixels; the middle of the picture unless told.
   */
  measure(portrait: DrawnPicture, own?: Face | null, place?: FacePoints): Promise<MeasuredLikeness>;
  release(): Promise<void>;
}

/** Crops that latent distances are taken to; more would only cost time. */
const maximumLatentReferences = 12;
/** Photos whose faces are embedded anew, where their embeddings are another engine's. */
const maximumNewEmbeddings = 16;

type References = CreateRequest['references'];

/** What a meter measures against; the built-in networks do it unless others are named. */
export type Measured = Pick<CreateRequest, 'references'>
  & Partial<Pick<CreateRequest, 'likenessNetworks' | 'likenessRange' | 'rangeFiles'>> & {
    readonly settings: Pick<CreateRequest['settings'], 'widthPx' | 'heightPx'>;
  };

/** A meter against references; without `pipeline` it takes no latent distances. */
export async function openLikenessMeter(
  measured: Measured, pipeline: Pipeline | undefined, { resourcesFolder }: EngineParts,
): Promise<LikenessMeter> {
  const { references, likenessNetworks = { kind: 'built-in' }, settings: { widthPx, heightPx } } = measured;
  const engine = await openFaceEngine(likenessNetworks, { weightsFolder: path.join(resourcesFolder, 'faces') });
  try {
    const embedded = await referenceEmbeddings(references, engine);
    const faceEmbeddings = embedded.map(({ embedding }) => embedding);
    const latents = pipeline && widthPx === heightPx ? await referenceLatents(references, pipeline, widthPx) : [];
    const range = measured.likenessRange
      ?? rangeOf([...faceEmbeddings, ...(await embeddingsIn(measured.rangeFiles ?? [], engine))
        .map(({ embedding }) => embedding)], engine.id);
    return {
      find: (picture) => findInPortrait(engine, picture),
      async measure({ picture, latents: drawn }, own, place) {
        if (references.length === 0) return unmeasured;
        const face = own === undefined ? (await findInPortrait(engine, picture))[0] : own;
        const latentDistance = nearest(drawn.data as Float32Array, latents);
        const likeness = await faceLikenessOf(engine, picture, face ?? place, { embedded, range });
        return { ...likeness, latentDistance };
      },
      release: () => engine.release(),
    };
  } catch (error) {
    await engine.release();
    throw error;
  }
}

const unmeasured: MeasuredLikeness = { cosine: null, distance: null, latentDistance: null, nearestReference: null };

/** A reference's face. */
interface EmbeddedReference {
  /** Its place among the references. */
  readonly index: number;
  readonly embedding: ArrayLike<number>;
}

interface Compared {
  readonly embedded: readonly EmbeddedReference[];
  readonly range: LikenessRange | null;
}

async function faceLikenessOf(
  engine: FaceEngine, picture: RgbPicture, where: Face | FacePoints | undefined, { embedded, range }: Compared,
): Promise<Omit<MeasuredLikeness, 'latentDistance'>> {
  const face = where && 'box' in where ? where : undefined;
  const place = where && !('box' in where) ? where : nominalFacePoints(Math.min(picture.width, picture.height));
  const faceEmbedding = face ? await engine.embed(picture, face) : await engine.embedRegion(picture, place);
  const likeness = meanLikeness(faceEmbedding, embedded.map(({ embedding }) => embedding));
  const none = { cosine: null, distance: null, placeCosine: null, nearestReference: null };
  if (!likeness) return none;
  const { cosine, distance } = likeness;
  if (!face) return { ...none, placeCosine: cosine, engine: engine.id, level: null };
  return {
    ...none, cosine, distance, engine: engine.id, level: levelOf(cosine, range, engine.id),
    nearestReference: mostAlike(faceEmbedding, embedded),
  };
}

function mostAlike(faceEmbedding: ArrayLike<number>, embedded: readonly EmbeddedReference[]): number {
  const cosines = embedded.map(({ embedding }) => faceLikeness(faceEmbedding, embedding).cosine);
  return embedded[cosines.indexOf(Math.max(...cosines))]?.index ?? embedded[0]!.index;
}

function levelOf(cosine: number, range: LikenessRange | null, engine: FaceEngineId): Likeness['level'] {
  return range && likenessLevel(cosine, range, engine);
}

/** The embeddings that came with the references; where none did, the faces in some of their files are embedded now. */
async function referenceEmbeddings(references: References, engine: FaceEngine): Promise<EmbeddedReference[]> {
  const known = references.flatMap(({ faceEmbedding }, index) => (
    faceEmbedding ? [{ index, embedding: faceEmbedding }] : []));
  return known.length > 0 ? known : await embeddingsIn(references.map(({ file }) => file), engine);
}

/** Of the largest face in each of some of the files, with the file's place. */
async function embeddingsIn(files: readonly string[], engine: FaceEngine): Promise<EmbeddedReference[]> {
  const every = Math.ceil(files.length / maximumNewEmbeddings);
  const embedded: EmbeddedReference[] = [];
  for (const [index, file] of files.entries()) {
    if (index % every !== 0) continue;
    const picture = await openPhoto(file);
    const [face] = await engine.analyze(picture);
    if (face) embedded.push({ index, embedding: await engine.embed(picture, face) });
  }
  return embedded;
}

/** VAE means of the crops, scaled as the UNet sees them. */
async function referenceLatents(
  references: References, pipeline: Pipeline, edgePx: number,
): Promise<Float32Array[]> {
  const latents: Float32Array[] = [];
  for (const { file } of references.slice(0, maximumLatentReferences)) {
    const { mean } = await pipeline.encode(await readPixels(file, edgePx));
    latents.push((mean.data as Float32Array).map((value) => value * pipeline.config.latentScale));
  }
  return latents;
}

/** Root mean square difference to the nearest; null when there is none. */
function nearest(latent: Float32Array, references: readonly Float32Array[]): number | null {
  const distances = references.filter((reference) => reference.length === latent.length).map((reference) => {
    let sum = 0;
    for (let i = 0; i < latent.length; i++) sum += (latent[i]! - reference[i]!) ** 2;
    return Math.sqrt(sum / latent.length);
  });
  return distances.length === 0 ? null : Math.min(...distances);
}

// How alike portraits are to the subject: face embeddings compared with those of the photos, and the distance to the
// nearest photo crop in the VAE's latent space, which needs no face.

import path from 'node:path';
import type { CreateRequest } from '../contract/engine-create.ts';
import type { Likeness } from '../contract/faces.ts';
import { nominalFacePoints } from '../dataset/framing.ts';
import type { Face } from '../faces/face.ts';
import { openFaceAnalyzer } from '../faces/face-analyzer.ts';
import { meanLikeness } from '../faces/likeness.ts';
import type { DrawnPicture } from '../generation/text-to-portrait.ts';
import type { Pipeline } from '../networks/pipeline.ts';
import type { RgbPicture } from '../photos/pixels.ts';
import type { EngineParts } from './engine-parts.ts';
import { readPixels } from './pictures.ts';

export interface LikenessMeter {
  /** Every face in a picture, the largest first. */
  find(picture: RgbPicture): Promise<Face[]>;
  /** Of the largest face, or of `own`, one of those that find() gave; null where the person is not in the picture. */
  measure(portrait: DrawnPicture, own?: Face | null): Promise<Likeness>;
  release(): Promise<void>;
}

/** Crops that latent distances are taken to; more would only cost time. */
const maximumLatentReferences = 12;

type Measured = Pick<CreateRequest, 'references'> & {
  readonly settings: Pick<CreateRequest['settings'], 'widthPx' | 'heightPx'>;
};

/** A meter against references; without `pipeline` it takes no latent distances. */
export async function openLikenessMeter(
  { references, settings: { widthPx, heightPx } }: Measured, pipeline: Pipeline | undefined,
  { resourcesFolder }: EngineParts,
): Promise<LikenessMeter> {
  const unknown: Likeness = { cosine: null, distance: null, latentDistance: null };
  const analyzer = await openFaceAnalyzer({ weightsFolder: path.join(resourcesFolder, 'faces') });
  const faceEmbeddings = references.flatMap(({ faceEmbedding }) => (faceEmbedding ? [faceEmbedding] : []));
  const latents = pipeline && widthPx === heightPx ? await referenceLatents(references, pipeline, widthPx) : [];
  return {
    find: (picture) => analyzer.analyze(picture),
    async measure({ picture, latents: drawn }, own) {
      if (references.length === 0) return unknown;
      const face = own === undefined ? (await analyzer.analyze(picture))[0] : own;
      const faceEmbedding = face
        ? await analyzer.embed(picture, face)
        : await analyzer.embedRegion(picture, nominalFacePoints(Math.min(picture.width, picture.height)));
      const likeness = meanLikeness(faceEmbedding, faceEmbeddings);
      return {
        cosine: face ? likeness?.cosine ?? null : null,
        distance: face ? likeness?.distance ?? null : null,
        placeCosine: face ? null : likeness?.cosine ?? null,
        latentDistance: nearest(drawn.data as Float32Array, latents),
      };
    },
    release: () => analyzer.release(),
  };
}

/** VAE means of the crops, scaled as the UNet sees them. */
async function referenceLatents(
  references: CreateRequest['references'], pipeline: Pipeline, edgePx: number,
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

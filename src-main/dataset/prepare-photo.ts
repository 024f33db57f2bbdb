// One photo all the way: its faces, the verdict, the embedding of the face that will be learned, and the crops.

import { UserError } from '../contract/errors.ts';
import type { FaceAnalyzer } from '../faces/face-analyzer.ts';
import { type PhotoJudgement, judgePhoto } from '../faces/quality.ts';
import type { RgbPicture } from '../photos/pixels.ts';
import { type BackgroundWord, backgroundWord } from './background-colour.ts';
import { type TrainingImage, cutTrainingImages } from './training-image.ts';

export interface PrepareOptions {
  /** Edge of the training images. */
  readonly resolutionPx: number;
  /** Crops of each photo, 1 to 6; one unless told. */
  readonly cropCount?: number;
  /** Resolution of the model that the verdict is about; 512, SD 1.5's, unless told. */
  readonly modelResolutionPx?: number;
}

export interface PreparedPhoto extends PhotoJudgement {
  /** Of the face that will be learned; undefined where there is none. */
  readonly faceEmbedding: Float32Array | undefined;
  /** Empty where there is no face; present for photos left out too, so that their owner may use them anyway. */
  readonly trainingImages: readonly TrainingImage[];
  readonly background: BackgroundWord | undefined;
}

export async function preparePhoto(
  analyzer: FaceAnalyzer, picture: RgbPicture, options: PrepareOptions,
): Promise<PreparedPhoto> {
  const { resolutionPx, cropCount = 1, modelResolutionPx = 512 } = options;
  const judgement = judgePhoto(picture, await analyzer.analyze(picture), modelResolutionPx);
  const { face } = judgement;
  if (!face) return { ...judgement, faceEmbedding: undefined, trainingImages: [], background: undefined };
  const trainingImages = cutTrainingImages(picture, face.points, resolutionPx, cropCount);
  return {
    ...judgement, trainingImages,
    faceEmbedding: await analyzer.embed(picture, face),
    background: backgroundWord(trainingImages[0]!.picture),
  };
}

/** The photos that training may use. Throws photos.no-face, with the reasons, when there is none. */
export function usablePhotos<Prepared extends Pick<PreparedPhoto, 'verdict'>>(
  photos: readonly { readonly fileName: string; readonly prepared: Prepared }[],
): Prepared[] {
  const usable = photos.filter(({ prepared }) => prepared.verdict.grade !== 'left-out');
  if (usable.length > 0) return usable.map(({ prepared }) => prepared);
  const reasons = photos.slice(0, 5).map(({ fileName, prepared }) => `${fileName}: ${prepared.verdict.reason}`);
  throw new UserError('photos.no-face', {
    what: `No photo shows a face that could be learned (${reasons.join('; ')}).`,
    safe: 'Your photos are untouched and nothing was taught.',
    todo: 'Add a photo that shows one face clearly, from near and in light.',
  }, { photos: photos.length });
}

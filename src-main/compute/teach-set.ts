// The training set of a request: pictures through the VAE, captions through the text encoders where those stay as they
// are. Everything is computed once; a run that goes on computes the same numbers again.

import type { TeachRequest } from '../contract/engine.ts';
import { UserError } from '../contract/errors.ts';
import type { Pipeline } from '../networks/pipeline.ts';
import type { PromptEncoder } from '../text/prompt-encoder.ts';
import { elementCount } from '../tensor/tensor.ts';
import type { EncodedCaption, TrainingExample, TrainingSet } from '../training/trainer-set.ts';
import type { Reporter } from './reporter.ts';
import { type PreparedPicture, preparePicture } from './teach-pictures.ts';

export interface TrainingSetOptions {
  readonly pipeline: Pipeline;
  readonly prompts: PromptEncoder;
  /** Whether captions are needed as token ids alone, because they are encoded in every step. */
  readonly isTextLearned: boolean;
  readonly prior: TeachRequest['settings']['prior'];
  readonly reporter: Pick<Reporter, 'phase' | 'step' | 'note'>;
}

/** Numbers that a run keeps in memory at most, as bytes; 8192 pictures of 512 pixels. */
const largestCacheBytes = 2 ** 30;
/** Held-out pictures beyond these would only cost time. */
const mostHeldOut = 16;

/**
 * Prepares what the request learns from. Refuses with a UserError: more pictures than fit into memory, photos that are
 * gone, a model that makes no numbers of them.
 */
export async function prepareTrainingSet(request: TeachRequest, options: TrainingSetOptions): Promise<TrainingSet> {
  const images = shownImages(request, options);
  const heldOut = request.heldOut.slice(0, mostHeldOut);
  const classImages = options.prior === 'images' ? request.classImageFiles.map((file, index) => ({
    name: `picture ${index + 1} of the class`, file, caption: request.classCaption, repeats: 1, faceBox: null,
  })) : [];
  checkSize(request, options, images.length + heldOut.length + classImages.length);
  options.reporter.phase('preparing', images.length + heldOut.length + classImages.length);
  const captions = new Map<string, Promise<EncodedCaption>>();
  const encode = (text: string): Promise<EncodedCaption> => {
    const known = captions.get(text) ?? encodeCaption(text, options);
    captions.set(text, known);
    return known;
  };
  let done = 0;
  const prepareAll = async (pictures: typeof images): Promise<TrainingExample[]> => {
    const examples: TrainingExample[] = [];
    for (const picture of pictures) {
      examples.push(await exampleOf(request, picture, await encode(picture.caption), options));
      options.reporter.step(++done);
    }
    return examples;
  };
  return {
    images: await prepareAll(images), heldOut: await prepareAll(heldOut), classImages: await prepareAll(classImages),
    emptyCaption: await encode(''), subjectCaption: await encode(request.subjectCaption),
    classCaption: await encode(request.classCaption),
  };
}

type Picture = Pick<TeachRequest['images'][number], 'name' | 'file' | 'caption' | 'repeats' | 'faceBox'>;

/** Not more images than the run looks at: of the rest it would learn nothing, and preparing them takes long. */
function shownImages({ images, settings }: TeachRequest, { reporter }: TrainingSetOptions): readonly Picture[] {
  const looks = settings.trainingSteps * settings.batchSize * settings.gradientAccumulationSteps;
  if (images.length <= looks) return images;
  reporter.note(`Of ${images.length} photos it learns from ${looks}: with these settings it looks at no more.`);
  return Array.from({ length: looks }, (_, i) => images[Math.floor((i * images.length) / looks)]!);
}

function checkSize({ settings }: TeachRequest, { pipeline: { config } }: TrainingSetOptions, count: number): void {
  const latents = config.latentChannels * (settings.resolutionPx / config.vaeFactor) ** 2;
  const bytesEach = 2 * latents * Float32Array.BYTES_PER_ELEMENT;
  const most = Math.floor(largestCacheBytes / bytesEach);
  if (count <= most) return;
  throw new UserError('training.too-many-photos', {
    what: `${count} pictures do not fit into one run's memory; at ${settings.resolutionPx} pixels ${most} do.`,
    safe: 'Nothing was taught, and your photos are untouched.',
    todo: 'Leave photos out: some dozens that differ teach more than thousands that are alike.',
  }, { count, most });
}

async function encodeCaption(
  text: string, { pipeline, prompts, isTextLearned }: TrainingSetOptions,
): Promise<EncodedCaption> {
  const ids = prompts.encode(text);
  if (isTextLearned) return { ids };
  const states = await pipeline.encodeText([ids]);
  if (!(states.context.data as Float32Array).every(Number.isFinite)) throw modelNotFinite();
  return { ids, states };
}

async function exampleOf(
  { settings }: TeachRequest, picture: Picture, caption: EncodedCaption, { pipeline }: TrainingSetOptions,
): Promise<TrainingExample> {
  const prepared: PreparedPicture = await preparePicture(picture, settings, pipeline.config);
  const { mean, logVariance } = await pipeline.encode(prepared.pixels);
  if (elementCount(mean.shape) === 0 || !(mean.data as Float32Array).every(Number.isFinite)) throw modelNotFinite();
  const { mask, timeIds } = prepared;
  return {
    mean, logVariance, caption, repeats: picture.repeats,
    ...(mask ? { mask } : {}), ...(timeIds ? { timeIds } : {}),
  };
}

export function modelNotFinite(): UserError {
  return new UserError('training.model-damaged', {
    what: 'The model makes no numbers of the photos: its file has weights that are none (NaN or infinity).',
    safe: 'Nothing was taught, and your photos are untouched.',
    todo: 'Get the model file again, or choose another model.',
  });
}

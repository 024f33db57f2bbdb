// A teach job as the engine's request: which photos with which captions, what is held out, what stands for the subject.

import type { TeachRequest } from '../contract/engine.ts';
import { UserError } from '../contract/errors.ts';
import type { PhotoId } from '../contract/ids.ts';
import { newWordOf } from '../contract/new-word.ts';
import type { Subject } from '../contract/nouns.ts';
import type { Method, TrainingSettings } from '../contract/settings.ts';
import { caption, classCaption } from '../dataset/captions.ts';
import { nominalFaceBox } from '../dataset/framing.ts';
import type { TeachParameters } from '../jobs/job-parameters.ts';
import type { PhotoRecord } from '../library/photos.ts';
import { drawingSettings } from '../packs/default-settings.ts';
import type { ShelvedPack } from '../packs/pack-shelf.ts';
import type { StudioContext } from './context.ts';
import { isUsed } from './photo-view.ts';

export interface TeachSources {
  readonly subject: Subject;
  readonly pack: ShelvedPack;
  readonly parameters: TeachParameters;
  readonly photos: readonly PhotoRecord[];
  readonly heldOut: readonly PhotoRecord[];
  readonly classImageFiles: readonly string[];
  readonly warmStartFile: string | null;
}

type FullSettings = Required<TrainingSettings>;

/** Faces that likeness is measured against at most. */
const mostReferences = 16;

/** Every setting filled in: the pack's own default where the job names none, the subject's words where they stand. */
export function fullSettings(pack: ShelvedPack, subject: Subject, { method, settings }: TeachParameters): FullSettings {
  const all = { ...pack.trainingDefaults[method], ...settings };
  return {
    ...all,
    newWord: all.newWord || newWordOf(subject.triggerWord),
    initializerWord: all.initializerWord || subject.classWord,
  };
}

/** What stands for the subject in prompts for what is taught: the new word where there is one. */
export function taughtWord(subject: Subject, { method }: TeachParameters, settings: FullSettings): string {
  const hasNewWord = method === 'textual-inversion' || (method === 'lora' && settings.vectorCount > 0);
  return hasNewWord ? settings.newWord : subject.triggerWord;
}

export function teachRequest(
  { library, companions }: StudioContext, sources: TeachSources, settings: FullSettings,
): Omit<TeachRequest, 'finish' | 'runFolder' | 'outputFolder'> {
  const { subject, pack, parameters, photos, heldOut, classImageFiles, warmStartFile } = sources;
  const word = taughtWord(subject, parameters, settings);
  const likenessNetworks = companions.faceNetworks(library.settings.get().faceEngine);
  // embeddings of other networks cannot be compared with what these say of a preview
  const embeddingOf = ({ faceEmbedding, embeddingEngine }: PhotoRecord): Float32Array | null => (
    embeddingEngine === likenessNetworks.kind ? faceEmbedding : null);
  const isHeldOutMeasured = heldOut.some((photo) => embeddingOf(photo) !== null);
  const image = (photo: PhotoRecord, hasReference: boolean): TeachRequest['images'][number] => ({
    name: photo.fileName, repeats: photo.repeats, caption: taughtCaption(photo, subject, word),
    file: library.pathOf(settings.useBuckets ? photo.originalSha256 : photo.cropSha256!),
    faceBox: settings.useBuckets ? photo.faceBox : nominalFaceBox(),
    faceEmbedding: hasReference && embeddingOf(photo) ? [...embeddingOf(photo)!] : null,
  });
  return {
    kind: 'teach', method: parameters.method, checkpointPath: pack.checkpointPath, vaeFile: pack.vaeFile,
    provider: library.settings.get().provider,
    precision: library.settings.get().precision,
    images: photos.map((photo, index) => image(photo, !isHeldOutMeasured && index < mostReferences)),
    heldOut: heldOut.map((photo, index) => image(photo, index < mostReferences)),
    classImageFiles: [...classImageFiles], subjectCaption: caption({ triggerWord: word, classWord: subject.classWord }),
    classCaption: classCaption(subject.classWord), settings, warmStartFile,
    // a word that the user gave is where it starts
    describingPhrases: parameters.settings.initializerWord ? [] : pack.describingPhrases,
    preview: {
      prompt: `photo of ${word} ${subject.classWord}`, negativePrompt: '', seed: previewSeed,
      settings: previewSettings(pack, parameters.method),
    },
    likenessNetworks,
    title: titles[parameters.method], triggerPhrase: `${word} ${subject.classWord}`,
  };
}

/** Enough to see a face and to measure it; a run draws many. */
const previewSteps = 20;
/** Previews of every run begin with the same noise, so that runs can be compared. */
const previewSeed = 1;

function previewSettings(pack: ShelvedPack, method: Method): ShelvedPack['generationDefaults'] {
  const settings = drawingSettings(pack, {}, { isInstant: false, method });
  return { ...settings, samplingSteps: Math.min(previewSteps, settings.samplingSteps) };
}

const titles: Readonly<Record<TeachRequest['method'], string>> = {
  lora: 'LoRA made with Likeness', dreambooth: 'Model taught with Likeness',
  'textual-inversion': 'Embedding made with Likeness',
};

/** The photo's caption with the new word in the place of the subject's own; it always names the subject. */
function taughtCaption(photo: PhotoRecord, { triggerWord, classWord }: Subject, word: string): string {
  const letter = String.raw`[\p{L}\p{N}]`;
  const own = new RegExp(`(?<!${letter})${triggerWord}(?!${letter})`, 'giu');
  const ownCaption = word === triggerWord ? photo.caption : photo.caption.replace(own, () => word);
  return caption({ triggerWord: word, classWord, details: photo.details, ownCaption });
}

/** The photos that teaching will use; throws when there is none, or when nobody agreed. */
export function usedPhotos(
  { library }: StudioContext, subject: Subject, heldOutPhotoIds: readonly PhotoId[],
): PhotoRecord[] {
  if (!subject.hasConsent) throw noConsent(subject);
  const photos = library.photos.list(subject.id);
  const heldOut = new Set(heldOutPhotoIds);
  const used = photos.filter((photo) => isUsed(photo) && !heldOut.has(photo.id));
  if (used.length > 0) return used;
  const isWaiting = photos.some((photo) => photo.verdict.grade === 'waiting');
  throw new UserError('photos.no-face', {
    what: isWaiting ? 'The photos have not been looked at yet.' : noPhotoWords(photos.length),
    safe: 'Your photos are untouched and nothing was taught.',
    todo: isWaiting
      ? 'Wait until the faces are found.'
      : 'Add a photo that shows one face clearly, from near and in light.',
  }, { photos: photos.length });
}

function noPhotoWords(count: number): string {
  return count === 0 ? 'There are no photos to learn from.' : 'No face was found that could be learned.';
}

/** Held-out photos that show a face. */
export function heldOutPhotos(
  { library }: StudioContext, subject: Subject, heldOutPhotoIds: readonly PhotoId[],
): PhotoRecord[] {
  const heldOut = new Set(heldOutPhotoIds);
  return library.photos.list(subject.id).filter((photo) => heldOut.has(photo.id) && photo.cropSha256 !== null);
}

function noConsent({ name }: Subject): UserError {
  return new UserError('subjects.no-consent', {
    what: `Nobody has said yet that ${name} agrees to this.`,
    safe: 'Nothing was taught.',
    todo: 'Tick "this is me, or I have their permission" for this subject first.',
  });
}

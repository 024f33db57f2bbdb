// A create job as the engine's request: prompts and settings, whose face is given from which photos, who else is in the
// portraits, and what likeness is measured against and by whose networks.

import type { CreateRequest, NewCreateRequest } from '../contract/engine-create.ts';
import type { FaceNetworks, InstantFace, InstantIdPlaces, WantedPose } from '../contract/engine-faces.ts';
import type { Pose } from '../contract/faces.ts';
import type { AdapterId, PhotoId, PortraitId, SubjectId } from '../contract/ids.ts';
import { likenessRange, meanCosines } from '../faces/likeness.ts';
import type { CreateItem, CreateParameters } from '../jobs/job-parameters.ts';
import type { AdapterRecord } from '../library/adapters.ts';
import type { Library } from '../library/library.ts';
import type { PhotoRecord } from '../library/photos.ts';
import { drawingSettings } from '../packs/default-settings.ts';
import type { ShelvedPack } from '../packs/pack-shelf.ts';
import type { StudioContext } from './context.ts';
import { readyAddOns } from './found-models.ts';
import type { CreateGroup, WantedPortrait } from './create-groups.ts';
import { readyFastAdapter, readyInstantId } from './instant-parts.ts';
import { present } from './missing.ts';
import { isUsed } from './photo-view.ts';
import { startFileOf } from './start-picture.ts';

export interface CreateWork {
  readonly subjectId: SubjectId;
  readonly parameters: CreateParameters;
  readonly pack: ShelvedPack;
  readonly group: CreateGroup;
  readonly outputFolder: string;
}

type Settings = NewCreateRequest['settings'];
type Measure = Pick<CreateRequest, 'references' | 'likenessRange' | 'rangeFiles'>;

/**
 * The request for a group. Throws a UserError where a look, a photo or a part of InstantID is not there any more.
 */
export function createRequest(context: StudioContext, work: CreateWork): NewCreateRequest {
  const { library, companions } = context;
  const { subjectId, parameters, pack, group, outputFolder } = work;
  const { isAlone, wanted } = group;
  const look = lookOf(library, group.adapterId);
  const settings = settingsOf(pack, withItemSettings(parameters, group.settings), look);
  const places = parameters.instantly && readyInstantId(context, pack);
  const networks = likenessNetworks(places, companions.faceNetworks(library.settings.get().faceEngine));
  const measure = measureOf(library, subjectId, parameters.referencePhotoIds, networks);
  return {
    kind: 'create', checkpointPath: pack.checkpointPath, vaeFile: pack.vaeFile,
    addOns: readyAddOns(context, pack, parameters.addOns), provider: library.settings.get().provider,
    modelName: pack.name, version: context.version,
    adapter: lookFile(library, look), items: wanted.map((item) => requestItem(library, item, settings)), settings,
    start: parameters.start && startFileOf(library, subjectId, parameters.start, parameters.second?.subjectId),
    ...measure, likenessNetworks: networks,
    instantId: isAlone ? null : places,
    face: isAlone || !parameters.instantly ? null
      : faceOf(library, subjectId, parameters.instantly.facePhotoIds, parameters.instantly.pose),
    second: isAlone ? null : secondOf(library, parameters, settings, networks),
    fastAdapterFile: settings.fast ? readyFastAdapter(context, pack) : null,
    outputFolder,
  };
}

/** Every setting of the job's portraits. A look is drawn with the layers that it was taught with. */
export function settingsOf(
  pack: ShelvedPack, { settings, instantly }: CreateParameters, look: AdapterRecord | null,
): Settings {
  const { clipSkip } = look?.settings ?? {};
  return drawingSettings(pack, settings, { isInstant: instantly !== null, method: look?.method, ofLook: { clipSkip } });
}

/** The job's parameters with an item's own settings among them. */
export function withItemSettings(parameters: CreateParameters, own: CreateItem['settings']): CreateParameters {
  return { ...parameters, settings: { ...parameters.settings, ...own } };
}

/** The networks that measure: those the user chose, but never those that the portrait was made to please. */
export function likenessNetworks(places: InstantIdPlaces | null, chosen: FaceNetworks): FaceNetworks {
  return places?.encoder.kind === 'antelopev2' ? { kind: 'built-in' } : chosen;
}

export function lookOf(library: Library, id: AdapterId | null): AdapterRecord | null {
  return id === null ? null : present(library.adapters.get(id), 'look');
}

export function lookFile(library: Library, look: AdapterRecord | null): CreateRequest['adapter'] {
  return look && { method: look.method, file: library.pathOf(look.fileSha256), word: look.triggerWord };
}

function requestItem(
  library: Library, item: WantedPortrait, { adapterStrength }: Settings,
): NewCreateRequest['items'][number] {
  return {
    key: String(item.itemIndex), prompt: item.prompt, negativePrompt: item.negativePrompt, seed: item.seed,
    adapterStrength: item.usesAdapter ? adapterStrength : 0, variation: item.variation,
    enlarged: item.origin?.how === 'upscaled' ? enlargedFrom(library, item.origin.portraitId) : null,
  };
}

function enlargedFrom(library: Library, id: PortraitId): NonNullable<NewCreateRequest['items'][number]['enlarged']> {
  const { fileSha256, isFaceRedrawn } = present(library.portraits.get(id), 'portrait');
  return { file: library.pathOf(fileSha256), isFaceRedrawn };
}

function secondOf(
  library: Library, { second, instantly }: CreateParameters, { adapterStrength }: Settings, networks: FaceNetworks,
): NewCreateRequest['second'] {
  if (!second) return null;
  return {
    adapter: lookFile(library, lookOf(library, second.adapterId)),
    adapterStrength: second.adapterId === null ? 0 : adapterStrength,
    face: instantly && faceOf(library, second.subjectId, second.facePhotoIds, second.pose),
    mask: second.mask, ...measureOf(library, second.subjectId, second.referencePhotoIds, networks),
  };
}

/**
 * What likeness is measured against, and how alike all used photos are to each other; where other networks embedded
 * them, their crops, so that the engine can say it.
 */
function measureOf(
  library: Library, subjectId: SubjectId, ids: readonly PhotoId[] | null, networks: FaceNetworks,
): Measure {
  const all = library.photos.list(subjectId);
  const used = all.filter(isUsed);
  const photos = referencePhotos(all, ids);
  const range = likenessRange(used.flatMap((photo) => embeddingOf(photo, networks) ?? []), networks.kind);
  const others = range ? [] : used.filter((photo) => !photos.includes(photo));
  return {
    references: photos.map((photo) => {
      const embedding = embeddingOf(photo, networks);
      return { file: library.pathOf(photo.cropSha256!), faceEmbedding: embedding && [...embedding] };
    }),
    likenessRange: range, rangeFiles: others.map(({ cropSha256 }) => library.pathOf(cropSha256!)),
  };
}

/** Photos that likeness is measured against, in the order of a request's references. */
export function referencePhotos(all: readonly PhotoRecord[], ids: readonly PhotoId[] | null): PhotoRecord[] {
  return all.filter((photo) => (ids === null ? isUsed(photo) : ids.includes(photo.id) && photo.cropSha256 !== null));
}

/** A photo's embedding where these networks made it; those of others cannot be compared with it. */
function embeddingOf({ faceEmbedding, embeddingEngine }: PhotoRecord, { kind }: FaceNetworks): Float32Array | null {
  return embeddingEngine === kind ? faceEmbedding : null;
}

function faceOf(library: Library, subjectId: SubjectId, ids: readonly PhotoId[], pose: Pose): InstantFace {
  const photos = library.photos.list(subjectId).filter(({ id }) => ids.includes(id));
  if (photos.length === 0) present(undefined, 'photo');
  return { pictures: photos.map((photo) => facePicture(library, photo)), pose: wantedPose(library, photos, pose) };
}

type FacePicture = InstantFace['pictures'][number];

/** The original, which has the most pixels; points are fractions and fit it as they fit the preview. */
function facePicture(library: Library, { originalSha256, facePoints }: PhotoRecord): FacePicture {
  return { file: library.pathOf(originalSha256), facePoints };
}

function wantedPose(library: Library, photos: readonly PhotoRecord[], pose: Pose): WantedPose {
  switch (pose.kind) {
    case 'reference':
      return { kind: 'picture', picture: facePicture(library, nearestToMean(photos)), asFraming: true };
    case 'photo': {
      const photo = present(library.photos.get(pose.photoId), 'photo');
      return { kind: 'picture', picture: facePicture(library, photo), asFraming: false };
    }
    case 'portrait': {
      const { fileSha256, facePoints } = present(library.portraits.get(pose.portraitId), 'portrait');
      return { kind: 'picture', picture: { file: library.pathOf(fileSha256), facePoints }, asFraming: false };
    }
    default: return pose;
  }
}

/**
 * The photo whose face is most like the mean of all, by cosine, among those that the same networks embedded; the first
 * where none was embedded.
 */
export function nearestToMean<T extends Pick<PhotoRecord, 'faceEmbedding' | 'embeddingEngine'>>(
  photos: readonly T[],
): T {
  const engine = photos.find(({ faceEmbedding }) => faceEmbedding !== null)?.embeddingEngine;
  const embedded = photos.flatMap((photo) => (
    photo.faceEmbedding !== null && photo.embeddingEngine === engine ? [{ photo, numbers: photo.faceEmbedding }] : []));
  const cosines = meanCosines(embedded.map(({ numbers }) => numbers));
  return embedded[Math.max(0, cosines.indexOf(Math.max(...cosines)))]?.photo ?? photos[0]!;
}

// Runs a create job: draws the items that have no portrait yet, keeps each as it is finished, then the contact sheet
// can be made. A job that was cut short goes on with what is missing, on the same seeds.

import type { DrawnPortrait, NewCreateRequest } from '../contract/engine-create.ts';
import type { PortraitId } from '../contract/ids.ts';
import {
  type CreateItem, type CreateParameters, createItemSchema, createParametersSchema,
} from '../jobs/job-parameters.ts';
import type { RunControl } from '../jobs/queue.ts';
import type { JobItem, JobRecord } from '../library/jobs.ts';
import { newId } from '../library/library.ts';
import type { PhotoRecord } from '../library/photos.ts';
import type { PortraitRecord } from '../library/portraits.ts';
import type { ShelvedPack } from '../packs/pack-shelf.ts';
import type { StudioContext } from './context.ts';
import { duringJob, readResult, withWorkFolder } from './engine-work.ts';
import type { ProgressBoard } from './jobs.ts';
import { present } from './missing.ts';
import { isUsed } from './photo-view.ts';
import { startFileOf } from './start-picture.ts';

interface WantedPortrait extends CreateItem {
  readonly itemIndex: number;
  readonly seed: number;
}

export async function runCreate(
  context: StudioContext, board: ProgressBoard, job: JobRecord, { signal }: RunControl,
): Promise<void> {
  const { library, engine } = context;
  const parameters = createParametersSchema.parse(JSON.parse(job.parameters));
  const pack = context.packs.get(parameters.packId);
  const wanted = library.jobs.itemsToDo(job.id).map(parseItem);
  if (wanted.length === 0) return;
  await withWorkFolder(library.folder, async (folder) => {
    const request = createRequest(context, job, parameters, pack, wanted, folder);
    await engine.run(request, signal, {
      onNote: (sentence) => board.note(job.id, sentence),
      onProgress: (progress) => board.report(job.id, progress),
      onItem: async (item) => {
        const one = item.kind === 'portrait' && wanted.find(({ itemIndex }) => String(itemIndex) === item.key);
        if (!one) throw new Error('The engine spoke of a portrait that nobody asked for.');
        await keepPortrait(context, job, parameters, one, item, await readResult(folder, item.file));
        board.changed(present(library.jobs.get(job.id), 'job'));
      },
    }).catch((error: unknown) => { throw duringJob(error, 'drawing portraits'); });
  });
}

function parseItem({ itemIndex, seed, parameters }: JobItem): WantedPortrait {
  return { itemIndex, seed, ...createItemSchema.parse(JSON.parse(parameters)) };
}

function createRequest(
  context: StudioContext, job: JobRecord, parameters: CreateParameters, pack: ShelvedPack,
  wanted: readonly WantedPortrait[], outputFolder: string,
): NewCreateRequest {
  const { library } = context;
  const adapter = parameters.adapterId && present(library.adapters.get(parameters.adapterId), 'look');
  // a look is drawn with the layers that it was taught with
  const own = adapter && adapter.settings.clipSkip !== undefined ? { clipSkip: adapter.settings.clipSkip } : {};
  const settings = { ...pack.generationDefaults, ...own, ...parameters.settings };
  return {
    kind: 'create', checkpointPath: pack.checkpointPath, provider: library.settings.get().provider,
    modelName: pack.name, version: context.version,
    adapter: adapter && {
      method: adapter.method, file: library.pathOf(adapter.fileSha256), word: adapter.triggerWord,
    },
    items: wanted.map((item) => ({
      key: String(item.itemIndex), prompt: item.prompt, negativePrompt: item.negativePrompt, seed: item.seed,
      adapterStrength: item.usesAdapter ? settings.adapterStrength : 0,
    })),
    settings,
    start: parameters.start && startFileOf(library, job.subjectId, parameters.start),
    references: referencePhotos(context, job, parameters).map((photo) => ({
      file: library.pathOf(photo.cropSha256!), faceEmbedding: photo.faceEmbedding && [...photo.faceEmbedding],
    })),
    outputFolder,
  };
}

/** The photos that likeness is measured against: those that were named, else all that are used. */
function referencePhotos(
  { library }: StudioContext, job: JobRecord, { referencePhotoIds }: CreateParameters,
): PhotoRecord[] {
  const photos = library.photos.list(job.subjectId);
  if (referencePhotoIds === null) return photos.filter(isUsed);
  return photos.filter((photo) => referencePhotoIds.includes(photo.id) && photo.cropSha256 !== null);
}

async function keepPortrait(
  { library, packs, emit }: StudioContext, job: JobRecord, { adapterId, packId, settings }: CreateParameters,
  wanted: WantedPortrait, drawn: DrawnPortrait, bytes: Uint8Array,
): Promise<void> {
  const strength = settings.adapterStrength ?? packs.get(packId).generationDefaults.adapterStrength;
  const isWithAdapter = wanted.usesAdapter && adapterId !== null;
  const record: Omit<PortraitRecord, 'fileSha256'> = {
    id: newId<PortraitId>(), subjectId: job.subjectId, jobId: job.id, itemIndex: wanted.itemIndex,
    adapterId: isWithAdapter ? adapterId : null, adapterStrength: isWithAdapter ? strength : 0, packId,
    styleId: wanted.styleId, prompt: wanted.prompt, negativePrompt: wanted.negativePrompt, seed: wanted.seed,
    widthPx: drawn.widthPx, heightPx: drawn.heightPx, samplingSteps: drawn.samplingSteps, sampler: drawn.sampler,
    guidanceScale: drawn.guidanceScale, likeness: drawn.likeness, createdAtMs: Date.now(),
    instantly: null, second: null, facePoints: drawn.facePoints, isFaceRedrawn: false, hasBefore: false, settings: {},
  };
  await library.exclusively(async () => {
    library.portraits.insert({ ...record, fileSha256: await library.keepFile(bytes, 'image/png') });
  });
  emit({ type: 'portrait-added', portrait: present(library.portraits.get(record.id), 'portrait') });
}

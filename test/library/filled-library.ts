// A library with something of everything, for tests of what must not be lost and of what must be gone.

import type { FacePointsInPicture } from '../../src-main/contract/faces.ts';
import type {
  AdapterId, JobId, PackId, PhotoId, PortraitId, PreviewId, SubjectId,
} from '../../src-main/contract/ids.ts';
import { type Library, newId } from '../../src-main/library/library.ts';
import type { NewPortrait } from '../../src-main/library/portraits.ts';

export interface Filled {
  readonly subjectId: SubjectId;
  readonly photoIds: readonly PhotoId[];
  readonly teachId: JobId;
  readonly createId: JobId;
  readonly adapterId: AdapterId;
  readonly portraitIds: readonly PortraitId[];
}

const points = [0.4, 0.6, 0.5, 0.42, 0.58].map((x, i) => ({ x, y: 0.4 + i / 100 })) as FacePointsInPicture;
const box = { x: 0.1, y: 0.2, width: 0.3, height: 0.4 };

/** An embedding in which `word` can be found again, byte for byte. */
export function embeddingOf(word: string): Float32Array {
  return new Float32Array(new Uint8Array(Buffer.from(word.padEnd(32, '.').repeat(16))).buffer);
}

/**
 * A subject called `name` with two photos, a look, three portraits (one rated, one picked, one in the trash) and jobs.
 * Every file, name and embedding has `name` in its bytes.
 */
export async function fill(library: Library, name: string, second: SubjectId | null = null): Promise<Filled> {
  const subjectId = newId<SubjectId>();
  library.subjects.insert({
    id: subjectId, name, triggerWord: 'ohwx', classWord: 'woman', hasConsent: true, createdAtMs: 1, consentAtMs: 1,
    consentNote: `said by ${name}`,
  });
  const photoIds = [await addPhoto(library, subjectId, name, 0), await addPhoto(library, subjectId, name, 1)];
  const teachId = newId<JobId>();
  library.jobs.insert({
    id: teachId, kind: 'teach', subjectId, title: `Teaching ${name}`, createdAtMs: 2,
    parameters: JSON.stringify({ method: 'lora', settings: { trainingSteps: 9 } }),
  });
  library.jobs.setState(teachId, 'done', { endedAtMs: 3 });
  library.snapshots.put({
    jobId: teachId, step: 4, loss: 0.5, validationLoss: null, likeness: 0.7, facesFound: 1, isBest: true,
    createdAtMs: 3,
    previews: [{ id: newId<PreviewId>(), fileSha256: await library.keepFile(bytesOf(name, 'preview'), 'image/png') }],
  });
  const adapterId = newId<AdapterId>();
  library.adapters.insert({
    id: adapterId, subjectId, jobId: teachId, name, method: 'lora', packId: 'starter' as PackId, packName: 'Sketch',
    triggerWord: 'ohwx', rank: 4, vectorCount: 0, trainingSteps: 9, bestStep: 4, settings: { rank: 4 }, photoCount: 2,
    finalLoss: 0.5, metadata: { about: name }, createdAtMs: 4,
    fileSha256: await library.keepFile(bytesOf(name, 'look'), 'application/octet-stream'),
  });
  const createId = addCreateJob(library, name, subjectId, { adapterId, second: second && { subjectId: second } });
  const portraitIds: PortraitId[] = [];
  for (const itemIndex of [0, 1, 2]) {
    portraitIds.push(await addPortrait(library, name, { subjectId, jobId: createId, itemIndex, adapterId }, second));
  }
  library.gallery.mark([portraitIds[0]!], { rating: 4 });
  library.gallery.mark([portraitIds[1]!], { flag: 'pick' });
  library.portraits.setRemoved(portraitIds[2]!, 9);
  return { subjectId, photoIds, teachId, createId, adapterId, portraitIds };
}

function addCreateJob(library: Library, name: string, subjectId: SubjectId, parameters: object): JobId {
  const id = newId<JobId>();
  library.jobs.insert({
    id, kind: 'create', subjectId, title: `Portraits of ${name}`, createdAtMs: 5,
    parameters: JSON.stringify({ packId: 'starter', settings: {}, referencePhotoIds: null, ...parameters }),
  }, [11, 12, 13, 14].map((seed, itemIndex) => ({ itemIndex, seed, parameters: '{"prompt":"in oil"}' })));
  return id;
}

async function addPhoto(library: Library, subjectId: SubjectId, name: string, index: number): Promise<PhotoId> {
  const keep = (part: string) => library.keepFile(bytesOf(name, `${part} ${index}`), 'image/jpeg');
  const id = newId<PhotoId>();
  library.photos.insert({
    id, subjectId, originalSha256: await keep('original'), previewSha256: await keep('preview of photo'),
    thumbnailSha256: await keep('thumbnail'), fileName: `${name}-${index}.jpg`, widthPx: 64, heightPx: 48, addedAtMs: 2,
  });
  const embedding = embeddingOf(`${name} ${index}`);
  library.photos.setAnalysis(id, {
    cropSha256: await keep('crop'), faceBox: box, faceCount: 1, faceIndex: 0, isFaceChosen: index === 1,
    faces: [{ box, score: 0.9, points, embedding }], facePoints: points, measures: null, pictureHash: '0'.repeat(16),
    verdict: { grade: 'good', reasonCodes: [], reason: '', hint: '', actions: [] }, details: ['grey background'],
    faceEmbedding: embedding, analyzedBy: 'built-in',
  });
  library.photos.setCaption(id, `photo of ${name}`);
  library.photos.setRepeats(id, 2 + index);
  return id;
}

async function addPortrait(
  library: Library, name: string, of: Pick<NewPortrait, 'subjectId' | 'jobId' | 'itemIndex' | 'adapterId'>,
  second: SubjectId | null,
): Promise<PortraitId> {
  const id = newId<PortraitId>();
  const keep = (part: string) => library.keepFile(bytesOf(name, `${part} ${of.itemIndex}`), 'image/png');
  const likeness = { cosine: 0.5 + of.itemIndex / 10, distance: 1, latentDistance: null };
  library.portraits.insert({
    id, ...of, packId: 'starter' as PackId, styleId: null, prompt: 'portrait in oil', negativePrompt: '',
    seed: 11 + of.itemIndex, widthPx: 64, heightPx: 64, samplingSteps: 2, sampler: 'euler', guidanceScale: 3,
    adapterStrength: 1, likeness, instantly: null, second: second && { subjectId: second, adapterId: null, likeness },
    facePoints: points, isFaceRedrawn: false, settings: { upscale: 2 }, createdAtMs: 6 + of.itemIndex,
    fileSha256: await keep('portrait'), beforeSha256: await keep('before'), tileSha256: await keep('tile'),
  });
  return id;
}

function bytesOf(name: string, part: string): Uint8Array {
  return Buffer.from(`${name}: ${part}`);
}

/** Everything that the library says of a subject, to be compared with what another one says. */
export function everythingOf(library: Library, { subjectId, teachId, createId }: Filled): object {
  const { attempts: _attempts, ...create } = library.jobs.get(createId)!;
  return {
    subject: library.subjects.get(subjectId), photos: library.photos.list(subjectId),
    looks: library.adapters.list(subjectId), portraits: library.portraits.list(subjectId), create,
    teach: library.jobs.get(teachId), snapshots: library.snapshots.list(teachId),
    left: library.jobs.itemsToDo(createId),
  };
}

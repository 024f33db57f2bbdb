// What a studio in a scene answers to each command.

import type { CompanionView } from '../../src-main/contract/companions.ts';
import type { ErasureReceipt, LibraryState } from '../../src-main/contract/keeping.ts';
import type { Photo, Subject } from '../../src-main/contract/nouns.ts';
import { defaultStudioSettings, type StudioSettings } from '../../src-main/contract/settings.ts';
import { type CommandName, commands } from '../../src-main/contract/studio.ts';
import type { Job } from '../../src-main/contract/work.ts';
import { galleryAnswers, type PortraitShelf } from '../renderer/gallery-answers.ts';
import { engine, job, pack, photo, subject } from '../renderer/nouns.ts';
import { batchAnswers } from './batch-answers.ts';
import { modelAnswers } from './model-answers.ts';
import { stylesIn } from './shipped-styles.ts';
import type { Scene } from './stage.ts';

const now = Date.UTC(2026, 10, 20, 13, 0, 0);

type Request = Record<string, unknown>;

const ofSubject = <T extends { subjectId: string }>(list: T[] | undefined, { subjectId }: Request): T[] =>
  (list ?? []).filter((each) => each.subjectId === subjectId);
const settingsOf = ({ settings }: Scene): StudioSettings => ({ ...defaultStudioSettings, ...settings });

/** A row a command; what a scene is told, it remembers. */
const answers: Partial<Record<CommandName, (scene: Scene, request: Request) => unknown>> = {
  'studio.state': (scene) => ({
    version: '0.1.0', engine: scene.engine ?? engine(), settings: settingsOf(scene), packs: scene.packs ?? [pack()],
    styles: stylesIn(scene.styles ?? [], settingsOf(scene).language), faceEngines: scene.faceEngines ?? [],
    isQueuePaused: scene.isQueuePaused ?? false,
  }),
  'settings.set': (scene, changes) => (scene.settings = { ...settingsOf(scene), ...changes }),
  'companions.list': (scene) => companionsOf(scene),
  'licenses.accept': (scene, { licenseId }) => {
    const settings = settingsOf(scene);
    return (scene.settings = { ...settings, acceptedLicenses: [...settings.acceptedLicenses, String(licenseId)] });
  },

  'library.state': (scene) => scene.library ?? library(),
  'library.check': () => ({ ...library().lastCheck!, atMs: now, filesChecked: 412 }),
  'library.backUp': () => ({ id: '20261120-130000', atMs: now, sizeBytes: 1_220_000, reason: 'asked' }),
  'library.diagnostics': () => ({ text: 'Likeness 0.1.0\nlinux x64, 2 processor cores, 8.2 GB memory\n' }),

  'subjects.list': ({ subjects }) => subjects ?? [],
  'subjects.create': (scene, request) => {
    const created = { ...subject(9), ...request, photoCount: 0, lookCount: 0, portraitCount: 0 } as Subject;
    scene.subjects = [...scene.subjects ?? [], created];
    return created;
  },
  'subjects.change': (scene, request) => changeSubject(scene, request),
  'subjects.remove': (scene, { subjectId, keepPortraits }) =>
    removed(scene, String(subjectId), Boolean(keepPortraits)),

  'photos.list': ({ photos }, request) => ofSubject(photos, request),
  'photos.import': (scene, { subjectId, fileName }) => {
    const photos = scene.photos ?? [];
    const added = photo(40 + photos.length, { subjectId: subjectId as Photo['subjectId'], fileName: String(fileName) });
    scene.photos = [...photos, added];
    return { photo: added, isNew: true };
  },
  'photos.choose': (scene, request) => choose(scene, request as Pick<Photo, 'userChoice'> & { photoId: string }),
  'photos.chooseFace': (scene, request) =>
    changePhoto(scene, { ...request, isFaceChosen: request['faceIndex'] !== null }),
  'photos.setCaption': changePhoto,
  'photos.setRepeats': changePhoto,

  'looks.list': ({ looks }, request) => ofSubject(looks, request),
  'looks.teach': (_scene, { method }) => job('teach', 99, { state: 'waiting', method: method as Job['method'] }),
  'looks.lossHistory': ({ losses }) => losses ?? [],
  'looks.snapshots': ({ snapshots }, request) => (snapshots ?? []).filter(({ jobId }) => jobId === request['jobId']),
  'looks.export': (_scene, request) => exported(request),

  'portraits.list': ({ portraits }, request) => ofSubject(portraits, request),
  'portraits.create': () => job('create', 9, { state: 'waiting', items: 4 }),
  ...batchAnswers,
  ...modelAnswers,

  'queue.pause': (scene, { isPaused }) => ((scene.isQueuePaused = Boolean(isPaused)), {}),
  'jobs.list': ({ jobs }) => jobs ?? [],
  'jobs.reorder': (scene, request) => reorder(scene, request),
  'jobs.clear': (scene, request) => clear(scene, request as { jobIds: string[] }),
};

/** What a studio in this scene answers to a command. */
export function answerTo(scene: Scene, command: CommandName, given: unknown): unknown {
  const request = commands[command].request.parse(given) as Request;
  const answer = answers[command];
  if (answer) return answer(scene, request);
  const ofGallery = galleryAnswers(() => shelfOf(scene))[command];
  if (ofGallery) return ofGallery(request);
  if (/^jobs\./.test(command)) return act(scene, command, String(request['jobId']));
  throw new Error(`The scene has no answer to ${command}.`);
}

/** The portraits of a scene, with those in its trash. */
function shelfOf(scene: Scene): PortraitShelf {
  return {
    get portraits() { return scene.portraits ?? []; },
    set portraits(portraits) { scene.portraits = portraits; },
    get removed() { return scene.removedPortraits ?? []; },
    set removed(portraits) { scene.removedPortraits = portraits; },
  };
}

function companionsOf({ companions = [], settings }: Scene): CompanionView[] {
  const accepted = settings?.acceptedLicenses ?? [];
  return companions.map((each) => ({
    ...each, isLicenseAccepted: each.isLicenseAccepted || accepted.includes(each.licenseId),
  }));
}

function choose(scene: Scene, { photoId, userChoice }: Pick<Photo, 'userChoice'> & { photoId: string }): Photo {
  const index = scene.photos!.findIndex(({ id }) => id === photoId);
  const before = scene.photos![index]!;
  const isUsed = userChoice === null ? before.verdict.grade !== 'left-out' : userChoice === 'use';
  return (scene.photos![index] = { ...before, userChoice, isUsed });
}

function changePhoto(scene: Scene, { photoId, ...changes }: Request): Photo {
  const index = scene.photos!.findIndex(({ id }) => id === photoId);
  return (scene.photos![index] = { ...scene.photos![index]!, ...changes });
}

function exported({ adapterId, format = 'kohya', precision }: Request): unknown {
  return {
    exportId: adapterId, adapterId, format, precision, fileName: 'ada-quick-likeness.safetensors',
    sizeBytes: precision === 'float32' ? 2_469_134 : 1_234_567,
    metadata: {
      ss_network_dim: '8', ss_network_alpha: '8', ss_base_model_version: 'sd_v1',
      ss_output_name: 'LoRA made with Likeness',
      'modelspec.architecture': 'stable-diffusion-v1/lora', 'modelspec.trigger_phrase': 'ohwx woman',
    },
  };
}

/** A job after something was asked of it: a running one does it after its step, others at once. */
function act(scene: Scene, command: CommandName, jobId: string): Job {
  const index = scene.jobs!.findIndex(({ id }) => id === jobId);
  const before = scene.jobs![index]!;
  const isRunning = before.state === 'running';
  const changes: Partial<Record<CommandName, Partial<Job>>> = {
    'jobs.pause': isRunning ? { request: 'pause' } : { state: 'paused' },
    'jobs.finish': isRunning ? { request: 'finish' } : { state: 'waiting', request: 'finish' },
    'jobs.resume': { state: 'waiting' }, 'jobs.retry': { state: 'waiting', endedAtMs: null },
    'jobs.cancel': { state: 'cancelled', endedAtMs: 9_000 },
  };
  return (scene.jobs![index] = { ...before, ...changes[command] });
}

function changeSubject(scene: Scene, { subjectId, ...changes }: Request): Subject {
  const index = scene.subjects!.findIndex(({ id }) => id === subjectId);
  const consent = changes['hasConsent'] === true ? { consentAtMs: now } : {};
  const subjects = [...scene.subjects!];
  subjects[index] = { ...subjects[index]!, ...changes, ...consent };
  scene.subjects = subjects;
  return subjects[index];
}

/** Takes a subject out of the scene with all that is theirs, and says what went. */
function removed(scene: Scene, subjectId: string, keepPortraits: boolean): ErasureReceipt {
  scene.subjects = scene.subjects!.filter(({ id }) => id !== subjectId);
  const portraits = (scene.portraits ?? []).length;
  return {
    atMs: now, photos: 12, faces: 11, crops: 10, looks: 2, snapshots: 14, portraits: keepPortraits ? 0 : portraits,
    keptPortraits: keepPortraits ? portraits : 0, jobs: 4, files: 131, bytes: 48_200_000, backupsRewritten: 3,
  };
}

export function library(): LibraryState {
  return {
    place: '~/.local/share/likeness/library', sizeBytes: 3_412_000_000, freeBytes: 84_000_000_000, subjects: 3,
    photos: 36, looks: 4, portraits: 180,
    backups: [0, 1, 2].map((day) => ({
      id: `2026112${day}-040000`, atMs: now - day * 86_400_000, sizeBytes: 1_212_000, reason: 'daily' as const,
    })),
    lastCheck: {
      atMs: now - 86_400_000, filesChecked: 410, missing: 0, damaged: 0, mended: 0, swept: 2, isDatabaseSound: true,
    },
    recovery: null,
  };
}

function reorder(scene: Scene, { jobId, beforeJobId }: Request): Job[] {
  const waiting = scene.jobs!.filter(({ state, id }) => state === 'waiting' && id !== jobId)
    .sort((a, b) => a.position - b.position);
  const at = waiting.findIndex(({ id }) => id === beforeJobId);
  waiting.splice(at < 0 ? waiting.length : at, 0, scene.jobs!.find(({ id }) => id === jobId)!);
  const placed = waiting.map((each, index) => ({ ...each, position: index + 1 }));
  scene.jobs = scene.jobs!.map((each) => placed.find(({ id }) => id === each.id) ?? each);
  return placed;
}

function clear(scene: Scene, { jobIds }: { jobIds: string[] }): object {
  scene.jobs = scene.jobs!.filter(({ id }) => !jobIds.includes(id));
  return {};
}

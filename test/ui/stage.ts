// A studio set up for looking at the page: any number of photos, looks, portraits and jobs in any state, with real
// pictures cut from the test photo. It stands behind the real loopback server, under its real security policy.

import path from 'node:path';
import sharp from 'sharp';
import { errorDataOf } from '../../src-main/contract/error-data.ts';
import type { UserError } from '../../src-main/contract/errors.ts';
import type { CompanionView } from '../../src-main/contract/companions.ts';
import type { FaceEngine } from '../../src-main/contract/faces.ts';
import type {
  EngineState, Look, LossPoint, Pack, Photo, Portrait, Snapshot, Style, Subject,
} from '../../src-main/contract/nouns.ts';
import type { Job } from '../../src-main/contract/work.ts';
import { defaultStudioSettings, type StudioSettings } from '../../src-main/contract/settings.ts';
import { commands, type CommandName, type StudioEvent } from '../../src-main/contract/studio.ts';
import { type RunningServer, type ServedStudio, serveStudio } from '../../src-main/host/serve.ts';
import { engine, job, pack, subjectId } from '../renderer/nouns.ts';

const root = path.join(import.meta.dirname, '../..');

export interface Scene {
  settings?: Partial<StudioSettings>;
  engine?: EngineState;
  packs?: Pack[];
  styles?: Style[];
  subjects?: Subject[];
  photos?: Photo[];
  looks?: Look[];
  portraits?: Portrait[];
  jobs?: Job[];
  losses?: LossPoint[];
  snapshots?: Snapshot[];
  companions?: CompanionView[];
  faceEngines?: FaceEngine[];
  /** Commands that are refused, with what the refusal says. */
  refusals?: Partial<Record<CommandName, UserError>>;
}

export interface Stage {
  readonly server: RunningServer;
  readonly calls: { command: string; request: unknown }[];
  emit(event: StudioEvent): void;
}

/** Serves a scene behind the page in `pageFolder`; close its server when done. */
export async function openStage(scene: Scene, pageFolder: string): Promise<Stage> {
  const calls: Stage['calls'] = [];
  const listeners = new Set<(event: StudioEvent) => void>();
  const studio: ServedStudio = {
    call: async (command, request) => {
      calls.push({ command, request });
      const refusal = scene.refusals?.[command as CommandName];
      if (refusal) return { ok: false, error: errorDataOf(refusal) };
      return { ok: true, result: answerTo(scene, command as CommandName, request) };
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    openExport: () => undefined,
    openMedia: async (kind, id) => ({ bytes: await picture(scene, kind, id), contentType: 'image/jpeg' }),
  };
  const server = await serveStudio(studio, pageFolder);
  const emit = (event: StudioEvent): void => {
    happen(scene, event);
    listeners.forEach((listen) => listen(event));
  };
  return { server, calls, emit };
}

/** As in a real studio, what an event tells of is so before it is told: a list that is read later has it too. */
function happen(scene: Scene, event: StudioEvent): void {
  const { jobs = [], snapshots = [], losses = [] } = scene;
  if (event.type === 'job-changed') {
    scene.jobs = [...jobs.filter(({ id }) => id !== event.job.id), event.job];
  } else if (event.type === 'job-progress') {
    scene.jobs = jobs.map((each) => (each.id === event.jobId ? { ...each, progress: event.progress } : each));
    scene.losses = [...losses, ...event.lossPoints];
  } else if (event.type === 'snapshot-added') {
    const { snapshot } = event;
    scene.snapshots = [...snapshots.map((each) => ({ ...each, isBest: each.isBest && !snapshot.isBest })), snapshot];
  }
}

function answerTo(scene: Scene, command: CommandName, given: unknown): unknown {
  const request = commands[command].request.parse(given) as Record<string, never>;
  const ofSubject = <T extends { subjectId: string }>(list: T[] = []): T[] =>
    list.filter((each) => each.subjectId === request.subjectId);
  const settings = { ...defaultStudioSettings, ...scene.settings };
  switch (command) {
    case 'studio.state':
      return {
        version: '0.1.0', engine: scene.engine ?? engine(), settings, packs: scene.packs ?? [pack()],
        styles: scene.styles ?? [], faceEngines: scene.faceEngines ?? [],
      };
    case 'settings.set': return (scene.settings = { ...settings, ...(request as object) });
    case 'companions.list': return companionsOf(scene);
    case 'licenses.accept': {
      const acceptedLicenses = [...settings.acceptedLicenses, String(request.licenseId)];
      return (scene.settings = { ...settings, acceptedLicenses });
    }
    case 'subjects.list': return scene.subjects ?? [];
    case 'photos.list': return ofSubject(scene.photos);
    case 'looks.list': return ofSubject(scene.looks);
    case 'portraits.list': return ofSubject(scene.portraits);
    case 'jobs.list': return scene.jobs ?? [];
    case 'looks.lossHistory': return scene.losses ?? [];
    case 'photos.choose': return choose(scene, request as unknown as Pick<Photo, 'userChoice'> & { photoId: string });
    case 'photos.chooseFace':
      return changePhoto(scene, { ...request, isFaceChosen: request.faceIndex !== null });
    case 'portraits.create': return job('create', 9, { state: 'waiting', items: 4 });
    case 'photos.setCaption': case 'photos.setRepeats': return changePhoto(scene, request);
    case 'looks.snapshots': return (scene.snapshots ?? []).filter(({ jobId }) => jobId === request.jobId);
    case 'looks.export': return exported(request);
    case 'portraits.remove': return {};
    case 'jobs.pause': case 'jobs.resume': case 'jobs.finish': case 'jobs.cancel': case 'jobs.retry':
      return act(scene, command, String(request.jobId));
    case 'looks.teach': return job('teach', 99, { state: 'waiting', method: request.method });
    default: throw new Error(`The scene has no answer to ${command}.`);
  }
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

function changePhoto(scene: Scene, { photoId, ...changes }: Record<string, unknown>): Photo {
  const index = scene.photos!.findIndex(({ id }) => id === photoId);
  return (scene.photos![index] = { ...scene.photos![index]!, ...changes });
}

function exported({ adapterId, format = 'kohya', precision }: Record<string, unknown>): unknown {
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

const source = sharp(path.join(root, 'test/photos/astronaut.png'));

/** A picture of the asked kind: the test photo, cut and turned by the id's number so that no two look the same. */
async function picture(scene: Scene, kind: string, id: string): Promise<Uint8Array> {
  const number = Number(id.slice(-6));
  if (kind === 'portrait' || kind === 'before') {
    const edge = 150 + (number % 5) * 24;
    return await source.clone()
      .extract({ left: 140 + (number % 3) * 8, top: 20 + (number % 4) * 6, width: edge, height: edge })
      .modulate({ hue: (number * 37) % 360, saturation: 0.8 }).resize(128, 128)
      // before its face pass a portrait is less sharp
      .blur(kind === 'before' ? 2.5 : 0.3).jpeg().toBuffer();
  }
  if (kind === 'preview') {
    // one snapshot after the other is less blurred; a seed has its place
    const [step, seed] = [Math.floor(number / 10), number % 10];
    return await source.clone()
      .extract({ left: 120 + seed * 14, top: 10 + seed * 4, width: 200, height: 200 })
      .resize(320, 320).blur(0.4 + 14 * Math.exp(-step / 60)).modulate({ saturation: 0.6 + seed * 0.15 })
      .jpeg().toBuffer();
  }
  const photo = scene.photos?.find((each) => each.id === id);
  const { widthPx = 400, heightPx = 300 } = photo ?? {};
  const scale = 360 / Math.max(widthPx, heightPx);
  return await source.clone()
    .resize({ width: Math.round(widthPx * scale), height: Math.round(heightPx * scale), fit: 'cover', position: 'top' })
    .jpeg().toBuffer();
}

export const manySubjects: Subject[] = ['Ada', 'Bo', 'Maximiliane von und zu Hohenstein-Waldenfels-Oberreutherhausen']
  .map((name, index) => ({
    id: subjectId(index + 1), name, triggerWord: 'ohwx', classWord: 'woman', hasConsent: index !== 1, createdAtMs: 1,
    photoCount: 12, lookCount: 2, portraitCount: [148, 32, 0][index]!,
    likenessRange: { low: 0.5, median: 0.58, high: 0.68 },
  }));

// A studio set up for looking at the page: any number of photos, looks, portraits and jobs in any state, with real
// pictures cut from the test photo. It stands behind the real loopback server, under its real security policy.

import path from 'node:path';
import sharp from 'sharp';
import { errorDataOf } from '../../src-main/contract/error-data.ts';
import type { UserError } from '../../src-main/contract/errors.ts';
import type { CompanionView } from '../../src-main/contract/companions.ts';
import type { CudaLibraries } from '../../src-main/contract/cuda.ts';
import type { MachineReport } from '../../src-main/contract/machine.ts';
import type { MemoryPlan } from '../../src-main/contract/memory-plan.ts';
import type { CatalogueEntry, FoundModel, ModelFolder } from '../../src-main/contract/models.ts';
import type { FaceEngine } from '../../src-main/contract/faces.ts';
import type {
  EngineState, ErrorData, Look, LossPoint, Pack, Photo, Portrait, Snapshot, Style, Subject,
} from '../../src-main/contract/nouns.ts';
import type { Job } from '../../src-main/contract/work.ts';
import type { LibraryState } from '../../src-main/contract/keeping.ts';
import type { StudioSettings } from '../../src-main/contract/settings.ts';
import type { CommandName, CommandResponse, StudioEvent } from '../../src-main/contract/studio.ts';
import { type RunningServer, type ServedStudio, serveStudio } from '../../src-main/host/serve.ts';
import { photoId, subjectId } from '../renderer/nouns.ts';
import { answerTo } from './stage-answers.ts';

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
  removedPortraits?: Portrait[];
  jobs?: Job[];
  losses?: LossPoint[];
  snapshots?: Snapshot[];
  companions?: CompanionView[];
  faceEngines?: FaceEngine[];
  library?: LibraryState;
  isQueuePaused?: boolean;
  /** What the prompts of a planned batch have no room for. */
  cutOff?: string[];
  /** What a portrait was asked for beside its settings. */
  recipe?: CommandResponse<'portraits.recipe'>;
  /** Models that the catalogue offers; none where it is left out. */
  catalogue?: CatalogueEntry[];
  freeBytes?: number;
  folders?: ModelFolder[];
  found?: FoundModel[];
  machine?: MachineReport;
  cuda?: CudaLibraries;
  memory?: MemoryPlan;
  styleProblems?: ErrorData[];
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

const source = sharp(path.join(root, 'test/photos/astronaut.png'));

/** A picture of the asked kind: the test photo, cut and turned by the id's number so that no two look the same. */
async function picture(scene: Scene, kind: string, id: string): Promise<Uint8Array> {
  const number = Number(id.slice(-6));
  if (kind === 'portrait' || kind === 'tile' || kind === 'before' || kind === 'style') {
    const edge = 150 + (number % 5) * 24;
    const { widthPx = 128, heightPx = 128 } = scene.portraits?.find((each) => each.id === id) ?? {};
    const scale = 128 / Math.min(widthPx, heightPx);
    return await source.clone()
      .extract({ left: 140 + (number % 3) * 8, top: 20 + (number % 4) * 6, width: edge, height: edge })
      .modulate({ hue: (number * 37) % 360, saturation: 0.8 })
      .resize(Math.round(widthPx * scale), Math.round(heightPx * scale))
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
    id: subjectId(index + 1), name, triggerWord: 'ohwx', classWord: 'woman', hasConsent: index !== 1,
    consentNote: '', consentAtMs: index === 1 ? null : 1, coverPhotoId: photoId(index + 1), createdAtMs: 1,
    photoCount: 12, lookCount: 2, portraitCount: [148, 32, 0][index]!,
    likenessRange: { low: 0.5, median: 0.58, high: 0.68, isOneMoment: false },
  }));

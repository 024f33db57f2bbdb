// Runs a create job: draws the items that have no portrait yet, keeps each as it is finished, then the contact sheet
// can be made. A job that was cut short goes on with what is missing, on the same seeds.

import { type CreateParameters, createItemSchema, createParametersSchema } from '../jobs/job-parameters.ts';
import type { Progress } from '../contract/work.ts';
import type { RunControl } from '../jobs/queue.ts';
import type { JobItem } from '../library/job-items.ts';
import type { JobRecord } from '../library/jobs.ts';
import type { StudioContext } from './context.ts';
import { type CreateGroup, type WantedPortrait, groupsOf } from './create-groups.ts';
import { createRequest, referencePhotos } from './create-request.ts';
import { duringJob, readResult, withWorkFolder } from './engine-work.ts';
import type { ProgressBoard } from './jobs.ts';
import { keepPortrait, portraitOf } from './keep-portrait.ts';
import { present } from './missing.ts';
import { noConsentToDraw } from './portrait-refusals.ts';

interface Run {
  readonly context: StudioContext;
  readonly board: ProgressBoard;
  readonly job: JobRecord;
  readonly parameters: CreateParameters;
  readonly control: RunControl;
}

/** Portraits that come before a group, are in it, and in all groups. */
interface Share {
  readonly before: number;
  readonly own: number;
  readonly all: number;
}

export async function runCreate(
  context: StudioContext, board: ProgressBoard, job: JobRecord, control: RunControl,
): Promise<void> {
  const parameters = createParametersSchema.parse(JSON.parse(job.parameters));
  // it may have been taken back while the job waited
  for (const id of [job.subjectId, ...(parameters.second ? [parameters.second.subjectId] : [])]) {
    const subject = present(context.library.subjects.get(id), 'subject');
    if (!subject.hasConsent) throw noConsentToDraw(subject);
  }
  const run: Run = { context, board, job, parameters, control };
  const wanted = context.library.jobs.itemsToDo(job.id).map(parseItem);
  let before = 0;
  for (const group of groupsOf(parameters, wanted)) {
    await drawGroup(run, group, { before, own: group.wanted.length, all: wanted.length });
    before += group.wanted.length;
  }
}

function parseItem({ itemIndex, seed, parameters }: JobItem): WantedPortrait {
  return { itemIndex, seed, ...createItemSchema.parse(JSON.parse(parameters)) };
}

async function drawGroup(
  { context, board, job, parameters, control }: Run, group: CreateGroup, share: Share,
): Promise<void> {
  const { library, engine, packs } = context;
  await withWorkFolder(library.folder, async (folder) => {
    const pack = packs.usable(parameters.packId);
    const request = createRequest(context, { subjectId: job.subjectId, parameters, pack, group, outputFolder: folder });
    const references = referencePhotos(library.photos.list(job.subjectId), parameters.referencePhotoIds);
    await engine.run(request, control.signal, {
      onNote: (sentence) => board.note(job.id, sentence),
      onProgress: (progress) => board.report(job.id, overGroups(progress, share)),
      onItem: async (item) => {
        const wanted = item.kind === 'portrait'
          && group.wanted.find(({ itemIndex }) => String(itemIndex) === item.key);
        if (!wanted) throw new Error('The engine spoke of a portrait that nobody asked for.');
        await keepPortrait(context, {
          ...portraitOf({ context, job, parameters, group, wanted }, item),
          nearestPhotoId: references[item.nearestReference ?? -1]?.id ?? null,
        }, {
          picture: await readResult(folder, item.file),
          before: item.beforeFile === null ? null : await readResult(folder, item.beforeFile),
        });
        control.gotOn();
        board.changed(present(library.jobs.get(job.id), 'job'));
      },
    }).catch((error: unknown) => { throw duringJob(error, 'drawing portraits'); });
  });
}

/** Drawing goes on through all groups; the passes after it are each portrait's own. */
function overGroups(progress: Progress, { before, own, all }: Share): Progress {
  const { phase, step, steps, etaSeconds } = progress;
  if (phase !== 'drawing' || own === all || steps === 0) return progress;
  const perPortrait = steps / own;
  const [done, whole] = [before * perPortrait + step, all * perPortrait];
  const eta = etaSeconds === null || step === steps ? null : (etaSeconds * (whole - done)) / (steps - step);
  return { ...progress, step: Math.round(done), steps: Math.round(whole), etaSeconds: eta };
}

// Runs a create job: draws the items that have no portrait yet, keeps each as it is finished, then the contact sheet
// can be made. A job that was cut short goes on with what is missing, on the same seeds.

import type { DrawnPortrait } from '../contract/engine-create.ts';
import type { PortraitId } from '../contract/ids.ts';
import { type CreateParameters, createItemSchema, createParametersSchema } from '../jobs/job-parameters.ts';
import type { RunControl } from '../jobs/queue.ts';
import type { JobItem } from '../library/job-items.ts';
import type { JobRecord } from '../library/jobs.ts';
import { newId } from '../library/library.ts';
import type { NewPortrait } from '../library/portraits.ts';
import type { StudioContext } from './context.ts';
import { type WantedPortrait, createRequest, isDrawnAlone, lookOf, settingsOf } from './create-request.ts';
import { duringJob, readResult, withWorkFolder } from './engine-work.ts';
import type { ProgressBoard } from './jobs.ts';
import { present } from './missing.ts';

interface Run {
  readonly context: StudioContext;
  readonly board: ProgressBoard;
  readonly job: JobRecord;
  readonly parameters: CreateParameters;
  readonly signal: AbortSignal;
}

export async function runCreate(
  context: StudioContext, board: ProgressBoard, job: JobRecord, { signal }: RunControl,
): Promise<void> {
  const parameters = createParametersSchema.parse(JSON.parse(job.parameters));
  const run: Run = { context, board, job, parameters, signal };
  const wanted = context.library.jobs.itemsToDo(job.id).map(parseItem);
  for (const group of groupsOf(parameters, wanted)) if (group.length > 0) await drawGroup(run, group);
}

function parseItem({ itemIndex, seed, parameters }: JobItem): WantedPortrait {
  return { itemIndex, seed, ...createItemSchema.parse(JSON.parse(parameters)) };
}

/** A face or a second person belongs to a whole request, so twins without them are one of their own. */
function groupsOf({ instantly, second }: CreateParameters, wanted: WantedPortrait[]): WantedPortrait[][] {
  if (!instantly && !second) return [wanted];
  return [wanted.filter((item) => !isDrawnAlone(item)), wanted.filter(isDrawnAlone)];
}

async function drawGroup({ context, board, job, parameters, signal }: Run, wanted: WantedPortrait[]): Promise<void> {
  const { library, engine, packs } = context;
  await withWorkFolder(library.folder, async (folder) => {
    const request = createRequest(context, {
      subjectId: job.subjectId, parameters, pack: packs.get(parameters.packId), wanted, outputFolder: folder,
    });
    await engine.run(request, signal, {
      onNote: (sentence) => board.note(job.id, sentence),
      onProgress: (progress) => board.report(job.id, progress),
      onItem: async (item) => {
        const one = item.kind === 'portrait' && wanted.find(({ itemIndex }) => String(itemIndex) === item.key);
        if (!one) throw new Error('The engine spoke of a portrait that nobody asked for.');
        const files = {
          picture: await readResult(folder, item.file),
          before: item.beforeFile === null ? null : await readResult(folder, item.beforeFile),
        };
        await keepPortrait(context, { ...portraitOf(context, job, parameters, one, item), ...files });
        board.changed(present(library.jobs.get(job.id), 'job'));
      },
    }).catch((error: unknown) => { throw duringJob(error, 'drawing portraits'); });
  });
}

type Described = Omit<NewPortrait, 'fileSha256' | 'beforeSha256'>;
type Drawn = Described & { readonly picture: Uint8Array; readonly before: Uint8Array | null };

function portraitOf(
  { library, packs }: StudioContext, job: JobRecord, parameters: CreateParameters, wanted: WantedPortrait,
  drawn: DrawnPortrait,
): Described {
  const { adapterId, packId, instantly, second } = parameters;
  const settings = settingsOf(packs.get(packId), parameters, lookOf(library, adapterId));
  const secondLikeness = drawn.secondLikeness ?? { cosine: null, distance: null, latentDistance: null };
  return {
    id: newId<PortraitId>(), subjectId: job.subjectId, jobId: job.id, itemIndex: wanted.itemIndex,
    adapterId: wanted.usesAdapter ? adapterId : null,
    adapterStrength: wanted.usesAdapter ? settings.adapterStrength : 0, packId,
    styleId: wanted.styleId, prompt: wanted.prompt, negativePrompt: wanted.negativePrompt, seed: wanted.seed,
    widthPx: drawn.widthPx, heightPx: drawn.heightPx, samplingSteps: drawn.samplingSteps, sampler: drawn.sampler,
    guidanceScale: drawn.guidanceScale, likeness: drawn.likeness, createdAtMs: Date.now(),
    instantly: wanted.usesFace ? instantly : null,
    second: second && !isDrawnAlone(wanted)
      ? { subjectId: second.subjectId, adapterId: second.adapterId, likeness: secondLikeness } : null,
    facePoints: drawn.facePoints, isFaceRedrawn: drawn.isFaceRedrawn, settings,
  };
}

async function keepPortrait(
  { library, emit }: StudioContext, { picture, before, ...described }: Drawn,
): Promise<void> {
  await library.exclusively(async () => {
    library.portraits.insert({
      ...described, fileSha256: await library.keepFile(picture, 'image/png'),
      beforeSha256: before && await library.keepFile(before, 'image/png'),
    });
  });
  emit({ type: 'portrait-added', portrait: present(library.portraits.get(described.id), 'portrait') });
}

// What a run looks like at a snapshot: portraits on the same seeds each time, and how alike their faces are to the
// photos. Drawn by the pipeline that draws portraits, with what was learned so far as its adapter; weights that learned
// whole are read in place from the snapshot's own file.

import path from 'node:path';
import type { TeachRequest } from '../contract/engine.ts';
import { type DrawnPicture, drawPortraits } from '../generation/text-to-portrait.ts';
import { writePortrait } from '../generation/portrait-file.ts';
import type { PipelineSaving } from '../networks/memory-plan.ts';
import { type AdapterInput, type Pipeline, openPipeline } from '../networks/pipeline.ts';
import type { PromptEncoder } from '../text/prompt-encoder.ts';
import { adapterFormOf, adapterNumbersOf, learnedParameters, withLearnedWeights } from '../training/learned.ts';
import type { Measured } from '../training/trainer.ts';
import type { SnapshotFolder } from '../training/trainer-snapshots.ts';
import type { ReadTrainingState } from '../training/training-state.ts';
import type { TrainingStep } from '../training/training-step.ts';
import type { EngineParts } from './engine-parts.ts';
import { type LikenessMeter, openLikenessMeter } from './likeness-meter.ts';
import type { LoadedPack } from './loaded-pack.ts';
import type { ChosenProvider } from './provider-choice.ts';

export interface PreviewerOptions {
  readonly request: TeachRequest;
  readonly pack: LoadedPack;
  readonly chosen: ChosenProvider;
  readonly saving: Pick<PipelineSaving, 'isTiled' | 'isSliced'>;
  readonly step: TrainingStep;
  readonly snapshots: SnapshotFolder;
  /** Knows the new word. */
  readonly prompts: PromptEncoder;
  readonly parts: EngineParts;
}

export interface Previewer {
  measure(state: ReadTrainingState): Promise<Measured>;
  release(): Promise<void>;
}

/** Photos that likeness is measured against at most; a mean over more is the same. */
const mostReferences = 16;

export async function openPreviewer(options: PreviewerOptions): Promise<Previewer> {
  const { request, pack, parts } = options;
  const meter = await openLikenessMeter(
    {
      references: referencesOf(request), settings: request.preview.settings, likenessNetworks: request.likenessNetworks,
    }, undefined, parts);
  let kept: Pipeline | undefined;
  return {
    async measure(state) {
      if (request.settings.previewCount === 0) return { likeness: null, facesFound: 0, previews: [] };
      await options.step.makeRoom();
      const isWhole = options.step.trainables.unet?.kind === 'full';
      const pipeline = isWhole ? await pipelineOfSnapshot(options, state) : kept ??= pipelineWithAdapter(options);
      try {
        return await drawAndMeasure(options, meter, pipeline, state);
      } finally {
        // sessions of real size would take the memory that learning needs
        if (isWhole || pack.favour === 'memory') {
          await pipeline.release();
          kept = undefined;
        }
      }
    },
    async release() {
      await kept?.release();
      await meter.release();
    },
  };
}

/** Held-out photos, or those that are learned where none is held out. */
function referencesOf({ heldOut, images }: TeachRequest) {
  const withFace = (list: TeachRequest['images']) => list.filter(({ faceEmbedding }) => faceEmbedding !== null);
  const own = withFace(heldOut);
  return (own.length > 0 ? own : withFace(images)).slice(0, mostReferences);
}

function pipelineWithAdapter({ request, pack, chosen, saving, step }: PreviewerOptions): Pipeline {
  const { provider, precision } = chosen;
  return openPipeline(pack.checkpoint, {
    provider, precision, favour: pack.favour, adapter: adapterFormOf(step.trainables),
    skipLayers: request.settings.clipSkip, saving: { ...saving, isSequential: false },
  });
}

async function pipelineOfSnapshot(
  { request, pack, chosen: { provider, precision }, saving, step, snapshots }: PreviewerOptions,
  state: ReadTrainingState,
): Promise<Pipeline> {
  const saved = await snapshots.parameters(state.step);
  return openPipeline(withLearnedWeights(pack.checkpoint, learnedParameters(step.layout.chunks, saved)), {
    provider, precision, favour: pack.favour, skipLayers: request.settings.clipSkip,
    saving: { ...saving, isSequential: false },
  });
}

async function drawAndMeasure(
  { request, pack, step, snapshots, prompts }: PreviewerOptions, meter: LikenessMeter, pipeline: Pipeline,
  state: ReadTrainingState,
): Promise<Measured> {
  const { preview: { prompt, negativePrompt, seed, settings }, settings: { previewCount } } = request;
  const { samplingSteps, sampler, guidanceScale, attentionGuidanceScale } = settings;
  const sampling = { samplingSteps, sampler, guidanceScale, attentionGuidanceScale };
  const seeds = Array.from({ length: previewCount }, (_, i) => (seed + i) % 2 ** 32);
  const { portraits } = await drawPortraits(pipeline, prompts, {
    prompt, negativePrompt, seeds, widthPx: settings.widthPx, heightPx: settings.heightPx,
    ...sampling, ...adapterOf(step, state, pack),
  });
  const previews: string[] = [];
  for (const [index, { picture, seed: own }] of portraits.entries()) {
    const name = `step-${String(state.step).padStart(8, '0')}-${index}.png`;
    await writePortrait(path.join(snapshots.previewFolder, name), picture, {
      prompt, negativePrompt, seed: own, ...sampling, modelName: 'preview', version: 'Likeness',
    });
    previews.push(name);
  }
  return { ...await likenessOf(meter, portraits), previews };
}

function adapterOf(
  { trainables, layout }: TrainingStep, { tensors }: ReadTrainingState, { checkpoint }: LoadedPack,
): { adapter?: AdapterInput } {
  if (trainables.unet?.kind === 'full') return {};
  const learned = learnedParameters(layout.chunks, tensors);
  return { adapter: { ...adapterNumbersOf(trainables, learned, checkpoint), strength: 1 } };
}

/** Mean over the portraits; at the place of the face where none was found. */
async function likenessOf(
  meter: LikenessMeter, portraits: readonly DrawnPicture[],
): Promise<Pick<Measured, 'likeness' | 'facesFound'>> {
  const cosines: number[] = [];
  let facesFound = 0;
  for (const portrait of portraits) {
    const { cosine, placeCosine } = await meter.measure(portrait);
    if (cosine !== null) facesFound++;
    const own = cosine ?? placeCosine ?? null;
    if (own !== null) cosines.push(own);
  }
  const likeness = cosines.length === 0 ? null : cosines.reduce((sum, one) => sum + one, 0) / cosines.length;
  return { likeness, facesFound };
}

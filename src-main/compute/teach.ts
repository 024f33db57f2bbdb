// Teaches a face by any of the methods: plans what learns, prepares photos and captions, runs the trainer with its
// snapshots, and writes the best of them as a look. Everything that a run needs to go on lies in its own folder.

import { UserError } from '../contract/errors.ts';
import type { EngineResult, TeachRequest } from '../contract/engine.ts';
import { readTensor } from '../checkpoint/safetensors.ts';
import { type Pipeline, openPipeline } from '../networks/pipeline.ts';
import { toFloat32 } from '../tensor/half.ts';
import { float32Tensor } from '../tensor/tensor.ts';
import { openBatchSource } from '../training/trainer-batches.ts';
import type { Sample } from '../training/trainer-samples.ts';
import { type SnapshotFolder, openSnapshotFolder } from '../training/trainer-snapshots.ts';
import { type TrainingOutcome, train } from '../training/trainer.ts';
import { isTextLearned } from '../training/trainables.ts';
import { type TrainingStep, openTrainingStep } from '../training/training-step.ts';
import type { EngineParts } from './engine-parts.ts';
import { type LoadedPack, loadPack, promptsOf } from './loaded-pack.ts';
import type { TeachingSaving } from './memory-of-teaching.ts';
import { teachingSaving } from './memory-saving.ts';
import { type ChosenProvider, onProvider } from './provider-choice.ts';
import type { Reporter } from './reporter.ts';
import { startingState } from './starting-numbers.ts';
import { startingWords, type StartingWordsOptions } from './starting-words.ts';
import { type TeachPlan, planTeaching } from './teach-plan.ts';
import { openPreviewer } from './teach-previews.ts';
import { teachProgress } from './teach-progress.ts';
import { writeResult } from './teach-result.ts';
import { modelNotFinite, prepareTrainingSet } from './teach-set.ts';

/** What the user asks of the run while it goes on. */
export type Asked = () => 'pause' | 'finish' | undefined;

interface Run {
  readonly request: TeachRequest;
  readonly pack: LoadedPack;
  readonly plan: TeachPlan;
  readonly snapshots: SnapshotFolder;
  readonly chosen: ChosenProvider;
  readonly saving: TeachingSaving;
  readonly computing: StartingWordsOptions['computing'];
  readonly step: TrainingStep;
  readonly reporter: Reporter;
  readonly parts: EngineParts;
  readonly asked: Asked;
}

export async function teach(
  request: TeachRequest, reporter: Reporter, parts: EngineParts, asked: Asked,
): Promise<EngineResult> {
  reporter.phase('starting', 0);
  const pack = await loadPack(request, parts);
  const plan = planTeaching(request, pack);
  const snapshots = await openSnapshotFolder(request.runFolder);
  return await onProvider(parts.chooser, request, reporter, async (chosen) => {
    const { checkpoint, favour } = pack;
    const { provider, precision } = chosen;
    const { clipSkip: skipLayers } = request.settings;
    const saving = await teachingSaving(request, pack, chosen, reporter);
    const { isTiled: _ofPreviews, ...ofSteps } = saving;
    const computing = {
      checkpoint, provider, precision, favour, ...ofSteps, skipLayers, optimizer: plan.optimizer,
    };
    const step = openTrainingStep({ ...computing, trainables: plan.trainables });
    const run: Run = { request, pack, plan, snapshots, chosen, saving, computing, step, reporter, parts, asked };
    try {
      const outcome = request.finish ? undefined : await learn(run);
      if (outcome?.kind === 'paused') return { kind: 'paused', step: outcome.trainingSteps };
      reporter.phase('saving', 0);
      const saved = outcome ?? await snapshots.summary();
      return await writeResult(run, saved.records, saved.losses);
    } finally {
      await step.release();
    }
  });
}

/** Prepares and runs; the base model's pipeline stays open only where the prior asks it something in every step. */
async function learn(run: Run): Promise<TrainingOutcome> {
  const { request: { settings }, request, pack, plan, chosen: { provider, precision }, reporter } = run;
  const { favour } = pack;
  const pipeline = openPipeline(pack.checkpoint, { provider, precision, favour, skipLayers: settings.clipSkip });
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await pipeline.release();
    isOpen = false;
  };
  try {
    const set = await prepareTrainingSet(request, {
      pipeline, prompts: promptsOf(pack, plan.learnedTokens), isTextLearned: isTextLearned(plan.trainables),
      prior: plan.prior, reporter,
    });
    const asksBase = plan.prior === 'prediction';
    if (!asksBase) await close();
    const batches = openBatchSource({
      set, settings: { ...settings, prior: plan.prior }, pipeline: pipeline.config,
      isTextLearned: isTextLearned(plan.trainables),
      ...(asksBase ? { basePrediction: basePredictionOf(pipeline) } : {}),
    });
    return await runTrainer(run, batches);
  } finally {
    await close();
  }
}

async function runTrainer(run: Run, batches: ReturnType<typeof openBatchSource>): Promise<TrainingOutcome> {
  const { request, pack, plan, snapshots, step, reporter, asked } = run;
  const previewer = await openPreviewer({ ...run, prompts: promptsOf(pack, plan.learnedTokens) });
  const progress = teachProgress(reporter, request.settings.trainingSteps, snapshots.previewFolder);
  try {
    return await train({
      step, batches, settings: request.settings, snapshots, asked,
      start: async () => {
        const ids = await startingWords(run, batches);
        const state = await startingState(request, pack, step, ids);
        progress.begin(0);
        return state;
      },
      measure: async (state) => {
        progress.measuring(state.step);
        return await previewer.measure(state);
      },
      onResume: progress.resumed, onSnapshot: progress.snapshot,
      onStep: async (trainingStep, loss) => {
        progress.step(trainingStep, loss);
        // lets this process hear what it is asked
        await new Promise((resolve) => setImmediate(resolve));
      },
    });
  } catch (error) {
    throw await explained(error, pack);
  } finally {
    await previewer.release();
  }
}

/** The base model's word to a noisy latent, for prior 'prediction'. */
function basePredictionOf(pipeline: Pipeline): (sample: Sample) => Promise<Float32Array> {
  const known = new Map<string, ReturnType<Pipeline['encodeText']>>();
  return async ({ shape, noisy, timestep, caption, timeIds }) => {
    const key = JSON.stringify(caption.ids);
    const encoded = known.get(key) ?? pipeline.encodeText([caption.ids]);
    known.set(key, encoded);
    const prediction = await pipeline.predict({
      latents: float32Tensor(shape, noisy), timestep, text: await encoded,
      ...(timeIds ? { timeIds: float32Tensor([1, timeIds.length], timeIds) } : {}),
    });
    return prediction.data as Float32Array;
  };
}

/** A loss that is none from the first step on comes from a model file that is damaged, if its weights say so. */
async function explained(error: unknown, { checkpoint }: LoadedPack): Promise<unknown> {
  if (!(error instanceof UserError) || error.code !== 'training.not-finite') return error;
  if (error.parameters['trainingStep'] !== 1) return error;
  for (const weights of [checkpoint.unet, ...checkpoint.textEncoders.map((encoder) => encoder.weights)]) {
    for (const source of weights.values()) {
      const numbers = toFloat32(await readTensor(source)).data as Float32Array;
      if (!numbers.every(Number.isFinite)) return modelNotFinite();
    }
  }
  return error;
}

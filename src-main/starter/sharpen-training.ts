// The sharpen stage of `npm run starter:train`: the pack's decoder, taught on from where it is, on every core.

import path from 'node:path';
import { writeSafetensors } from '../checkpoint/safetensors-writer.ts';
import { toFloatDType } from '../tensor/half.ts';
import { type BasePack, openBasePack, openPackVae } from './base-pack.ts';
import { psnr } from './contact-sheet.ts';
import { tensorsOf } from './flat-parameters.ts';
import { trainLocally } from './local-sgd.ts';
import { peopleSet } from './people-dataset.ts';
import { decoderLayout, decoderParameters, type SharpenSet } from './sharpen-stage.ts';
import type { SharpenTask } from './sharpen-worker.ts';
import { newTrainingState, readSnapshot, type TrainingState, writeSnapshot } from './snapshot.ts';
import { report, type StarterRun } from './starter-run.ts';

export interface SharpenRun extends Pick<StarterRun, 'recipe' | 'cache' | 'out' | 'signal'> {
  /** The pack that is sharpened. */
  readonly base: string;
  readonly workers: number;
  readonly minutes?: number;
}

const encodedAtOnce = 16;

function inSharedMemory<T extends Uint8Array | Float32Array>(values: T): T {
  const shared = new SharedArrayBuffer(values.byteLength);
  const copy = new (values.constructor as new (buffer: SharedArrayBuffer) => T)(shared);
  copy.set(values);
  return copy;
}

/** Pictures of people with their latents; the people held out come last and are not in `count`. */
async function sharpenSet(run: SharpenRun, base: BasePack): Promise<{ set: SharpenSet; heldOut: Uint8Array[] }> {
  const { recipe, cache, workers } = run;
  const people = await peopleSet(recipe, cache, workers);
  const count = Math.min((people.people - recipe.people.heldOut) * people.pictures, recipe.sharpen.pictures);
  const each = people.resolutionPx ** 2 * 3;
  const picture = (index: number) => people.pixels.subarray(index * each, (index + 1) * each);
  const vae = await openPackVae(base, people.resolutionPx, {
    batchSize: encodedAtOnce, provider: 'cpu', threads: workers,
  });
  const { latentChannels, scalingFactor } = base.vaeConfig;
  const size = latentChannels * (people.resolutionPx / 8) ** 2;
  const latents = new Float32Array(new SharedArrayBuffer(count * size * 4));
  for (let start = 0; start < count; start += encodedAtOnce) {
    const batch = Math.min(encodedAtOnce, count - start);
    const scaled = await vae.encode(Array.from({ length: batch }, (_, i) => picture(start + i)));
    latents.set(scaled.subarray(0, batch * size).map((value) => value / scalingFactor), start * size);
  }
  await vae.release();
  const heldOut = Array.from({ length: 32 }, (_, i) => picture(people.count - 1 - i * 3));
  const set = {
    count, resolutionPx: people.resolutionPx, channels: latentChannels, latents,
    pixels: inSharedMemory(Uint8Array.from(people.pixels.subarray(0, count * each))),
    points: people.points.slice(0, count),
  };
  return { set, heldOut };
}

/** The base pack with another decoder. */
function withDecoder(base: BasePack, parameters: Float32Array): BasePack {
  const decoder = tensorsOf(decoderLayout(base.vaeConfig), parameters, 'vae');
  return { ...base, vae: new Map([...base.vae, ...decoder]) };
}

async function reportQuality(base: BasePack, state: TrainingState, pictures: readonly Uint8Array[], edgePx: number) {
  const options = { batchSize: pictures.length, provider: 'cpu', threads: 2 } as const;
  const vae = await openPackVae(withDecoder(base, state.average), edgePx, options);
  const drawn = await vae.decode(await vae.encode(pictures));
  await vae.release();
  const mean = pictures.reduce((sum, picture, i) => sum + psnr(picture, drawn[i]!), 0) / pictures.length;
  report(`sharpen ${state.step} held-out portraits ${mean.toFixed(2)} dB`);
}

const snapshotFile = ({ cache }: SharpenRun) => path.join(cache, 'sharpen.snapshot.safetensors');

/** Trains the decoder and writes the autoencoder into `out`/vae in float16. */
export async function sharpenVae(run: SharpenRun): Promise<void> {
  const { recipe, workers, signal } = run;
  const base = await openBasePack(run.base);
  const layout = decoderLayout(base.vaeConfig);
  const file = snapshotFile(run);
  const state = (await readSnapshot(file, layout.size)) ?? newTrainingState(decoderParameters(base));
  const { set, heldOut } = await sharpenSet(run, base);
  await reportQuality(base, state, heldOut, recipe.resolutionPx);
  const task: SharpenTask = { recipe, vaeConfig: base.vaeConfig, set };
  await trainLocally(state, {
    workers, task, plan: recipe.sharpen, roundSteps: recipe.sharpen.roundSteps, emaDecay: recipe.sharpen.emaDecay,
    workerFile: new URL('./sharpen-worker.ts', import.meta.url), signal,
    ...(run.minutes === undefined ? {} : { minutes: run.minutes }),
    onRound: ({ step, losses, spentMs }) => report(`sharpen ${step} loss ${
      (losses.slice(-recipe.sharpen.roundSteps).reduce((sum, loss) => sum + loss, 0) / recipe.sharpen.roundSteps)
        .toFixed(4)} ${(spentMs / 1000).toFixed(0)} s`),
    onSnapshot: async (saved) => {
      await writeSnapshot(file, saved);
      await reportQuality(base, saved, heldOut, recipe.resolutionPx);
    },
  });
  const { vae } = withDecoder(base, state.average);
  const halves = new Map([...vae].map(([name, tensor]) => [name, toFloatDType(tensor, 'float16')]));
  await writeSafetensors(path.join(run.out, 'vae', 'diffusion_pytorch_model.safetensors'), halves,
    new Map([['format', 'pt']]));
}

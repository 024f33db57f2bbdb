// What every row of `npm run bench -- starter` measures with: the pack as the studio opens it, the judge with its own
// accuracy, and the renderer's people.

import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { loadPack, promptsOf } from '../../src-main/compute/loaded-pack.ts';
import { openProviderChooser } from '../../src-main/compute/provider-choice.ts';
import { encodePicture } from '../../src-main/generation/encode-picture.ts';
import { decodePortrait, drawPortraits, type PortraitRequest } from '../../src-main/generation/text-to-portrait.ts';
import { openInstantIdAt } from '../../src-main/networks/instant-id.ts';
import { openPipeline, type Pipeline } from '../../src-main/networks/pipeline.ts';
import { openPackShelf, type ShelvedPack } from '../../src-main/packs/pack-shelf.ts';
import { type RgbPicture, rgbPicture } from '../../src-main/photos/pixels.ts';
import { type Judge, openJudge } from '../../src-main/starter/judge.ts';
import type { JudgeAccuracy } from '../../src-main/starter/judge-accuracy.ts';
import type { RenderedPortrait } from '../../src-main/starter/portrait-renderer.ts';
import type { PromptEncoder } from '../../src-main/text/prompt-encoder.ts';
import type { TrainingSettings } from '../../src-main/contract/settings.ts';

export interface StarterBenchOptions {
  /** The pack's folder. */
  readonly pack: string;
  readonly judge: string;
  /** The photo whose face crop goes through the autoencoder; that part is left out where there is none. */
  readonly photo: string | undefined;
  /** Where the contact sheets and starter.json go. */
  readonly out: string;
  /** Prompts of each kind. */
  readonly prompts: number;
  /** Portraits that are measured of each taught subject. */
  readonly seeds: number;
  /** Subjects that each method is taught, and the people that none of their portraits is to be nearer to. */
  readonly subjects: number;
  readonly strangers: number;
  /** How many pictures are learned from. */
  readonly learned: number;
  /** Edge of them, before a face is cut out of them. */
  readonly photoEdgePx: number;
  /** Subjects whose face is given without teaching. */
  readonly people: number;
  /** Renders of each style that go through the autoencoder. */
  readonly renders: number;
  readonly threads: number;
  /** Of every portrait; the pack's own unless told. */
  readonly samplingSteps?: number;
  /** Changes what every method is taught with; for trials. */
  readonly settings: TrainingSettings;
}

export interface StarterBench {
  readonly options: StarterBenchOptions;
  /** Resources in which the pack is the one that comes with Likeness. */
  readonly resourcesFolder: string;
  readonly pack: ShelvedPack;
  readonly pipeline: Pipeline;
  readonly prompts: PromptEncoder;
  readonly judge: Judge;
  readonly accuracy: JudgeAccuracy;
  release(): Promise<void>;
}

const root = path.resolve(import.meta.dirname, '..', '..');

/** Links to the project's resources with another pack in the place of its own. */
async function resourcesWith(folder: string, pack: string): Promise<string> {
  const own = path.join(root, 'resources');
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(own)) {
    if (name !== 'starter') await symlink(path.join(own, name), path.join(folder, name), 'junction');
  }
  await symlink(path.resolve(pack), path.join(folder, 'starter'), 'junction');
  return folder;
}

/** Opens everything; `workFolder` is for files of its own. */
export async function openStarterBench(options: StarterBenchOptions, workFolder: string): Promise<StarterBench> {
  const resourcesFolder = await resourcesWith(path.join(workFolder, 'resources'), options.pack);
  const shelf = await openPackShelf(resourcesFolder, { list: () => [], add: () => undefined });
  const pack = shelf.list().find(({ isBuiltIn }) => isBuiltIn);
  if (!pack) throw new Error(`There is no pack in ${options.pack}.`);
  const loaded = await loadPack(pack, { resourcesFolder, chooser: openProviderChooser() });
  const instantFolder = path.join(options.pack, 'instant_id');
  const hasInstant = await readdir(instantFolder).then(() => true, () => false);
  const instantId = hasInstant ? await openInstantIdAt({
    imageAdapter: path.join(instantFolder, 'ip-adapter.safetensors'),
    identityNet: path.join(instantFolder, 'ControlNetModel'),
    encoder: { kind: 'pack', folder: path.join(instantFolder, 'face_encoder') },
  }, loaded.checkpoint) : undefined;
  const { threads } = options;
  const pipeline = openPipeline(loaded.checkpoint, {
    provider: 'cpu', threads, favour: loaded.favour, ...(instantId ? { instantId } : {}),
  });
  const judge = await openJudge(options.judge, { threads });
  const accuracy = JSON.parse(await readFile(path.join(options.judge, 'accuracy.json'), 'utf8')) as JudgeAccuracy;
  return {
    options, resourcesFolder, pack, pipeline, judge, accuracy, prompts: promptsOf(loaded),
    async release() {
      await pipeline.release();
      await judge.release();
    },
  };
}

/** Which weights were measured: ten letters of a SHA-256 over a pack's files of weights, InstantID's where it draws. */
export async function packMark(folder: string, hasInstantId: boolean): Promise<string> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => (
    name.endsWith('.safetensors') && (hasInstantId || !name.startsWith('instant_id')))).sort();
  const hash = createHash('sha256');
  for (const name of names) hash.update(name).update(await readFile(path.join(folder, name)));
  return hash.digest('hex').slice(0, 10);
}

/** One portrait as the pack draws by itself. */
export async function drawOne(
  { pipeline, prompts, pack, options }: StarterBench, prompt: string, seed: number,
  more: Partial<PortraitRequest> = {},
): Promise<RgbPicture> {
  const { widthPx, heightPx, sampler, guidanceScale, attentionGuidanceScale, samplingSteps } = pack.generationDefaults;
  const { portraits } = await drawPortraits(pipeline, prompts, {
    prompt, negativePrompt: '', seeds: [seed], widthPx, heightPx, sampler, guidanceScale,
    attentionGuidanceScale,
    samplingSteps: options.samplingSteps ?? samplingSteps, guidanceInOneBatch: true, ...more,
  });
  return portraits[0]!.picture;
}

export const pictureOf = ({ rgb, width }: RenderedPortrait): RgbPicture => rgbPicture(width, width, rgb);

/** A picture as the pack's autoencoder gives it back. */
export async function throughVae({ pipeline }: StarterBench, picture: RgbPicture): Promise<RgbPicture> {
  const size = { widthPx: picture.width, heightPx: picture.height };
  return await decodePortrait(pipeline, await encodePicture(pipeline, picture, size));
}

export const mean = (values: readonly number[]): number => (
  values.reduce((sum, value) => sum + value, 0) / values.length);

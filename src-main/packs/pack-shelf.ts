// The base models that can be used: the packs that come with Likeness (resources/packs says which) and checkpoints
// that the user names by path. A pack is known by its id everywhere; only this folder turns an id into a path.

import { createHash } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { type Checkpoint, openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import { UserError } from '../contract/errors.ts';
import { type PackId, packIdSchema } from '../contract/ids.ts';
import type { Pack } from '../contract/nouns.ts';
import {
  type GenerationSettings, type Method, generationSettingsSchema, methodSchema, trainingSettingsSchema,
} from '../contract/settings.ts';
import { fastDefaults } from '../generation/fast-mode.ts';
import { unetFactor } from '../generation/portrait-size.ts';
import { catalogueFileName } from './companion-catalogue.ts';
import {
  type TrainingDefaults, generationDefaultsFor, instantDefaultsFor, trainingDefaultsFor,
} from './default-settings.ts';

/** A pack with every default filled in, and where it lies. */
export interface ShelvedPack extends Pack {
  readonly checkpointPath: string;
  readonly trainingDefaults: TrainingDefaults;
  readonly generationDefaults: Required<GenerationSettings>;
  readonly instantDefaults: GenerationSettings;
  readonly fastDefaults: GenerationSettings;
}

export interface PackShelf {
  list(): ShelvedPack[];
  /** Throws packs.unknown. */
  get(id: PackId): ShelvedPack;
  /** Takes a checkpoint file or diffusers folder of the user's onto the shelf. Throws what openCheckpoint throws. */
  add(checkpointPath: string): Promise<ShelvedPack>;
}

const builtInSchema = z.object({
  id: packIdSchema,
  /** Beside the folder of this file. */
  folder: z.string().regex(/^[a-z0-9-]+$/),
  name: z.string(),
  description: z.string(),
  license: z.string(),
  /** Only what differs from the usual. */
  trainingDefaults: z.partialRecord(methodSchema, trainingSettingsSchema),
  generationDefaults: generationSettingsSchema,
  instantDefaults: generationSettingsSchema.default({}),
  fastDefaults: generationSettingsSchema.default({}),
});

/** Where the paths of the user's own checkpoints are remembered. */
export interface CheckpointMemory {
  list(): string[];
  add(path: string, addedAtMs: number): void;
}

/**
 * Reads resources/packs and the user's own checkpoints. A pack whose networks are not there is left out, and so is a
 * checkpoint that was moved or damaged meanwhile: naming its path again says why.
 */
export async function openPackShelf(resourcesFolder: string, memory: CheckpointMemory): Promise<PackShelf> {
  const packs = new Map<PackId, ShelvedPack>();
  for (const pack of await readBuiltInPacks(resourcesFolder)) packs.set(pack.id, pack);
  for (const checkpointPath of memory.list()) {
    const pack = await openUserPack(checkpointPath).catch(() => undefined);
    if (pack) packs.set(pack.id, pack);
  }
  return {
    list: () => [...packs.values()],
    get(id) {
      const pack = packs.get(id);
      if (pack) return pack;
      throw unknownPack(id, [...packs.keys()]);
    },
    async add(checkpointPath) {
      const pack = await openUserPack(checkpointPath);
      packs.set(pack.id, pack);
      memory.add(pack.checkpointPath, Date.now());
      return pack;
    },
  };
}

async function openUserPack(checkpointPath: string): Promise<ShelvedPack> {
  return userPack(await openCheckpoint(checkpointPath), await sizeOf(checkpointPath));
}

/** What the command line takes for --pack: the id of a pack on the shelf, else a path. */
export async function findPack(shelf: PackShelf, idOrPath: string): Promise<ShelvedPack> {
  const known = shelf.list().find((pack) => pack.id === idOrPath);
  if (known) return known;
  const exists = await stat(idOrPath).then(() => true, () => false);
  if (!exists && !/[\\/.]/.test(idOrPath)) throw unknownPack(idOrPath, shelf.list().map((pack) => pack.id));
  return await shelf.add(idOrPath);
}

async function readBuiltInPacks(resourcesFolder: string): Promise<ShelvedPack[]> {
  const folder = path.join(resourcesFolder, 'packs');
  const packs: ShelvedPack[] = [];
  const isPack = (file: string): boolean => file.endsWith('.json') && file !== catalogueFileName;
  for (const name of (await readdir(folder)).filter(isPack).sort()) {
    const text = await readFile(path.join(folder, name), 'utf8');
    const { folder: place, ...entry } = builtInSchema.parse(JSON.parse(text));
    const checkpointPath = path.join(resourcesFolder, place);
    const isThere = await stat(path.join(checkpointPath, 'unet')).then((found) => found.isDirectory(), () => false);
    if (!isThere) continue;
    const checkpoint = await openCheckpoint(checkpointPath);
    const edgePx = resolutionOf(checkpoint);
    const usual = trainingDefaultsFor(checkpoint.architecture, edgePx);
    const own = (method: Method) => ({ ...usual[method], ...entry.trainingDefaults[method] });
    packs.push({
      ...entry, checkpointPath, isBuiltIn: true, origin: 'built-in', state: 'ready', note: '',
      isCommercialUseAllowed: true, architecture: checkpoint.architecture,
      resolutionPx: edgePx, sizeMultiplePx: sizeMultipleOf(checkpoint), sizeBytes: await sizeOf(checkpointPath),
      trainingDefaults: {
        lora: own('lora'), dreambooth: own('dreambooth'), 'textual-inversion': own('textual-inversion'),
      },
      generationDefaults: { ...generationDefaultsFor(edgePx), ...entry.generationDefaults },
      instantDefaults: { ...instantDefaultsFor(checkpoint.architecture), ...entry.instantDefaults },
      fastDefaults: { ...fastDefaults, ...entry.fastDefaults },
    });
  }
  return packs;
}

function userPack(checkpoint: Checkpoint, sizeBytes: number): ShelvedPack {
  const edgePx = resolutionOf(checkpoint);
  const digest = createHash('sha256').update(checkpoint.path).digest('hex').slice(0, 12);
  return {
    id: `checkpoint-${digest}` as PackId,
    name: path.basename(checkpoint.path).replace(/\.safetensors$/, ''),
    description: 'Your own checkpoint.',
    architecture: checkpoint.architecture,
    isBuiltIn: false, origin: 'own', state: 'ready', note: '', isCommercialUseAllowed: true,
    resolutionPx: edgePx,
    sizeMultiplePx: sizeMultipleOf(checkpoint),
    sizeBytes,
    license: 'See where you got it.',
    checkpointPath: checkpoint.path,
    trainingDefaults: trainingDefaultsFor(checkpoint.architecture, edgePx),
    generationDefaults: generationDefaultsFor(edgePx),
    instantDefaults: instantDefaultsFor(checkpoint.architecture),
    fastDefaults,
  };
}

function resolutionOf(checkpoint: Checkpoint): number {
  return checkpoint.unetConfig.sampleSize * vaeFactorOf(checkpoint);
}

function sizeMultipleOf(checkpoint: Checkpoint): number {
  return vaeFactorOf(checkpoint) * unetFactor;
}

function vaeFactorOf({ vaeConfig }: Checkpoint): number {
  return 2 ** (vaeConfig.blockOutChannels.length - 1);
}

async function sizeOf(location: string): Promise<number> {
  const found = await stat(location);
  if (!found.isDirectory()) return found.size;
  const files = (await readdir(location, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async (file) => (await stat(path.join(file.parentPath, file.name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function unknownPack(id: string, known: readonly string[]): UserError {
  const todo = known.length > 0
    ? `Choose ${known.join(' or ')}, or give the path of a Stable Diffusion 1.5 checkpoint.`
    : 'Give the path of a Stable Diffusion 1.5 checkpoint.';
  const what = `There is no model "${id}".`;
  return new UserError('packs.unknown', { what, safe: 'Nothing was changed.', todo }, { id });
}

// The base models that can be used: the packs that come with Likeness (resources/packs says which) and checkpoints
// that the user names by path. A pack is known by its id everywhere; only this folder turns an id into a path.

import { existsSync } from 'node:fs';
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
import { modelCatalogueFileName } from './catalogue.ts';
import { catalogueFileName } from './companion-catalogue.ts';
import { packChanged, packGone } from './model-errors.ts';
import { packIdOf } from './model-facts.ts';
import {
  type LookDefaults, type TrainingDefaults, generationDefaultsFor, instantDefaultsFor, trainingDefaultsFor,
} from './default-settings.ts';

/** A pack with every default filled in, and where it lies. */
export interface ShelvedPack extends Pack {
  readonly checkpointPath: string;
  readonly trainingDefaults: TrainingDefaults;
  readonly generationDefaults: Required<GenerationSettings>;
  readonly instantDefaults: GenerationSettings;
  readonly lookDefaults: LookDefaults;
  readonly fastDefaults: GenerationSettings;
  readonly describingPhrases: readonly (readonly string[])[];
  /** A VAE in the place of the checkpoint's own; null takes that. */
  readonly vaeFile: string | null;
}

/** What is told of a pack that is put onto the shelf beside its header. */
export type PackWords = Partial<Pick<ShelvedPack, 'name' | 'description' | 'license' | 'isCommercialUseAllowed'>>;

export interface AddOptions {
  /** 'own' is remembered for the next start; downloads are named again by whoever fetched them. */
  readonly origin?: 'own' | 'download';
  readonly words?: PackWords;
  readonly vaeFile?: string | null;
}

export interface PackShelf {
  /** Those of the user's own that are gone are in it too, and say so. */
  list(): ShelvedPack[];
  /** Throws packs.unknown. */
  get(id: PackId): ShelvedPack;
  /** The same for work that reads it now; throws packs.gone and packs.changed besides. */
  usable(id: PackId): ShelvedPack;
  /** Takes a checkpoint file or diffusers folder of the user's onto the shelf. Throws what openCheckpoint throws. */
  add(checkpointPath: string, options?: AddOptions): Promise<ShelvedPack>;
  /** Puts a pack there whose header was read before, in the place of one with its id. */
  place(pack: ShelvedPack): void;
  /** Takes one of the user's own off the shelf; its file is not touched. */
  remove(id: PackId): void;
}

/** Never a size, which is checked before it is known how a look was taught. */
const lookSettings = generationSettingsSchema.omit({ widthPx: true, heightPx: true });

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
  lookDefaults: z.partialRecord(methodSchema, lookSettings).default({}),
  fastDefaults: generationSettingsSchema.default({}),
  describingPhrases: z.array(z.array(z.string().min(1)).min(1)).default([]),
});

/** Where the paths of the user's own checkpoints are remembered. */
export interface CheckpointMemory {
  list(): string[];
  add(path: string, addedAtMs: number): void;
}

/**
 * Reads resources/packs and the checkpoints that the user named. A pack whose networks are not there is left out, and
 * so is such a checkpoint that was moved or damaged meanwhile: naming its path again says why.
 */
export async function openPackShelf(resourcesFolder: string, memory: CheckpointMemory): Promise<PackShelf> {
  const packs = new Map<PackId, ShelvedPack>();
  for (const pack of await readBuiltInPacks(resourcesFolder)) packs.set(pack.id, pack);
  for (const checkpointPath of memory.list()) {
    const pack = await openUserPack(checkpointPath).catch(() => undefined);
    if (pack) packs.set(pack.id, pack);
  }
  const get = (id: PackId): ShelvedPack => {
    const pack = packs.get(id);
    if (pack) return pack;
    throw unknownPack(id, [...packs.keys()]);
  };
  return {
    list: () => [...packs.values()],
    get,
    usable(id) {
      const pack = get(id);
      // a drive that is known to be gone is not asked again: it may not answer
      const isThere = pack.state !== 'gone' && existsSync(pack.checkpointPath);
      if (!pack.isBuiltIn && !isThere) throw packGone(pack.name);
      if (pack.state === 'changed') throw packChanged(pack.name);
      return pack;
    },
    async add(checkpointPath, { origin = 'own', words = {}, vaeFile = null } = {}) {
      const pack = { ...await openUserPack(checkpointPath, vaeFile), origin, ...words };
      packs.set(pack.id, pack);
      if (origin === 'own') memory.add(pack.checkpointPath, Date.now());
      return pack;
    },
    place: (pack) => void packs.set(pack.id, pack),
    remove(id) {
      if (packs.get(id)?.isBuiltIn === false) packs.delete(id);
    },
  };
}

async function openUserPack(checkpointPath: string, vaeFile: string | null = null): Promise<ShelvedPack> {
  const checkpoint = await openCheckpoint(checkpointPath, vaeFile === null ? {} : { vaeFile });
  return ownPack({
    checkpointPath: checkpoint.path, architecture: checkpoint.architecture, resolutionPx: resolutionOf(checkpoint),
    sizeMultiplePx: sizeMultipleOf(checkpoint), sizeBytes: await sizeOf(checkpointPath), vaeFile,
  });
}

/** What the command line takes for --pack: the id of a pack on the shelf, else a path. */
export async function findPack(shelf: PackShelf, idOrPath: string): Promise<ShelvedPack> {
  const place = path.resolve(idOrPath);
  const isIt = ({ id, isBuiltIn, checkpointPath }: ShelvedPack): boolean => (
    id === idOrPath || (!isBuiltIn && checkpointPath === place));
  const known = shelf.list().find(isIt);
  if (known) return known;
  const exists = await stat(idOrPath).then(() => true, () => false);
  if (!exists && !/[\\/.]/.test(idOrPath)) throw unknownPack(idOrPath, shelf.list().map((pack) => pack.id));
  return await shelf.add(idOrPath);
}

/** What else lies beside the packs. */
const catalogueNames: ReadonlySet<string> = new Set([catalogueFileName, modelCatalogueFileName, 'cuda.json']);

async function readBuiltInPacks(resourcesFolder: string): Promise<ShelvedPack[]> {
  const folder = path.join(resourcesFolder, 'packs');
  const packs: ShelvedPack[] = [];
  const isPack = (file: string): boolean => file.endsWith('.json') && !catalogueNames.has(file);
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
      ...entry, checkpointPath, vaeFile: null, isBuiltIn: true, origin: 'built-in', state: 'ready', note: '',
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

type OwnPack = Pick<ShelvedPack, 'checkpointPath' | 'architecture' | 'resolutionPx' | 'sizeBytes' | 'vaeFile'>
  & { readonly sizeMultiplePx: number };

/** A checkpoint of the user's own as a pack, by what its header says. */
export function ownPack(own: OwnPack): ShelvedPack {
  const { checkpointPath, architecture, resolutionPx } = own;
  return {
    ...own, id: packIdOf(checkpointPath),
    name: path.basename(checkpointPath).replace(/\.(?:safetensors|sft|ckpt|pt|pth|bin)$/i, ''),
    description: 'Your own checkpoint.', license: 'See where you got it.',
    isBuiltIn: false, origin: 'own', state: 'ready', note: '', isCommercialUseAllowed: true,
    trainingDefaults: trainingDefaultsFor(architecture, resolutionPx),
    generationDefaults: generationDefaultsFor(resolutionPx),
    instantDefaults: instantDefaultsFor(architecture), lookDefaults: {}, fastDefaults,
    describingPhrases: [],
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
    ? `Choose ${known.join(' or ')}, or give the path of a Stable Diffusion 1.5, 2 or SDXL checkpoint.`
    : 'Give the path of a Stable Diffusion 1.5, 2 or SDXL checkpoint.';
  const what = `There is no model "${id}".`;
  return new UserError('packs.unknown', { what, safe: 'Nothing was changed.', todo }, { id });
}

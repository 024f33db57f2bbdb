// Which networks beside the base models a path holds, by what is in it: a file by its header (an .onnx file by its
// hash), a folder by the files in it and a few folders down. Nothing is copied and nothing runs.

import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { detectFileKind } from '../checkpoint/architecture.ts';
import { unreadableFile } from '../checkpoint/file-errors.ts';
import { openIdentityNet, openImageAdapter } from '../checkpoint/instant-id-files.ts';
import { wrongHash } from '../checkpoint/model-errors.ts';
import { titleOf } from '../checkpoint/refusals.ts';
import { openTensorFile } from '../checkpoint/tensor-file.ts';
import type { CompanionKind } from '../contract/companions.ts';
import { type CompanionCatalogue, mustBePublished } from './companion-catalogue.ts';
import { noCompanion, notALcmLora } from './companion-errors.ts';
import { type HashMemory, hashedFile } from './file-hashes.ts';

export interface RecognizedCompanion {
  readonly kind: CompanionKind;
  /** Absolute path of a file, or of IdentityNet's folder. */
  readonly path: string;
}

/** Folders below the one that is named: a release unpacks to antelopev2/, a snapshot has ControlNetModel/. */
const maximumDepth = 3;
/** So that naming a whole disk ends soon. */
const maximumEntries = 20_000;
/** What buffalo_l calls the same detector, byte for byte, and other editions of InstantID's adapter. */
const otherNames: Readonly<Record<string, CompanionKind>> = {
  'det_10g.onnx': 'face-detector', 'ip-adapter.safetensors': 'image-adapter',
};

/**
 * Throws a UserError for what is none of them: the readers' own for a file that is cut off, malicious or of another
 * network, models.wrong-hash for an .onnx file that is not the published one.
 */
export async function recognizeCompanions(
  location: string, catalogue: CompanionCatalogue, memory: HashMemory,
): Promise<RecognizedCompanion[]> {
  const place = path.resolve(location);
  const info = await stat(place).catch((cause: unknown) => { throw unreadableFile(place, cause); });
  if (!info.isDirectory()) return [{ kind: await kindOfFile(place, catalogue, memory), path: place }];
  const entries = await readdir(place);
  if (entries.includes('config.json') && entries.some((name) => name.startsWith('diffusion_pytorch_model'))) {
    await openIdentityNet(place);
    return [{ kind: 'identity-net', path: place }];
  }
  const found = await companionsIn(place, catalogue);
  if (found.length === 0) throw noCompanion(place, 'it holds none of the files that are looked for');
  for (const { kind, path: file } of found) {
    if (kind === 'identity-net') await openIdentityNet(file);
    else await kindOfFile(file, catalogue, memory);
  }
  return found;
}

/** By their published names; the one that lies least deep where there are several. */
async function companionsIn(folder: string, catalogue: CompanionCatalogue): Promise<RecognizedCompanion[]> {
  const names = new Map<string, CompanionKind>(Object.entries(otherNames));
  for (const { kind, files } of catalogue.companions) {
    if (kind !== 'identity-net') names.set(path.posix.basename(files[0]!.file), kind);
  }
  const found = new Map<CompanionKind, string>();
  let [waiting, seen] = [[folder], 0];
  for (let depth = 0; depth <= maximumDepth; depth++) {
    const next: string[] = [];
    for (const here of waiting) {
      if (seen > maximumEntries) break;
      const entries = await readdir(here, { withFileTypes: true }).catch(() => []);
      seen += entries.length;
      for (const entry of entries) {
        const kind = entry.name === 'ControlNetModel' ? 'identity-net' : names.get(entry.name);
        const place = path.join(here, entry.name);
        if (kind && !found.has(kind)) found.set(kind, place);
        else if (entry.isDirectory() && !entry.name.startsWith('.')) next.push(place);
      }
    }
    waiting = next;
  }
  return [...found].map(([kind, place]) => ({ kind, path: place }));
}

async function kindOfFile(file: string, catalogue: CompanionCatalogue, memory: HashMemory): Promise<CompanionKind> {
  if (file.endsWith('.onnx')) return await kindOfGraph(file, catalogue, memory);
  const { tensors } = await openTensorFile(file);
  const kind = detectFileKind(tensors);
  switch (kind) {
    case 'ip-adapter':
      await openImageAdapter(file);
      return 'image-adapter';
    case 'controlnet':
      await openIdentityNet(file);
      return 'identity-net';
    case 'lora':
      if (!drawsInFewSteps([...tensors.keys()])) throw notALcmLora(file);
      return 'fast-adapter';
    default:
      throw noCompanion(file, `it is ${titleOf(kind)}`);
  }
}

async function kindOfGraph(file: string, catalogue: CompanionCatalogue, memory: HashMemory): Promise<CompanionKind> {
  const { sha256 } = await hashedFile(file, memory);
  const graphs = catalogue.companions.filter(mustBePublished);
  const published = graphs.find(({ files }) => files.some((one) => one.sha256 === sha256));
  if (!published) throw wrongHash(file);
  return published.kind;
}

/** A LoRA of what a face looks like leaves the layers of the timestep alone; LCM's teaches them (Luo et al. 2023). */
function drawsInFewSteps(names: readonly string[]): boolean {
  return names.some((name) => /time_emb_proj|emb_layers/.test(name));
}

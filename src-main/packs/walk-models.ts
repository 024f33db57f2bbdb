// Walks a folder of models and yields what may be one: files by their endings, diffusers folders as a whole. Links are
// followed, loops are not; what vanishes in the middle is passed over, what may not be read is told.

import { type Dirent, type Stats } from 'node:fs';
import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

export interface ModelCandidate {
  /** Absolute path of a file, or of a diffusers folder. */
  readonly path: string;
  readonly isFolder: boolean;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
}

/** What is known of a walk once it has ended. */
export interface WalkReport {
  /** Folders that could not be read, with what is in them. */
  readonly unreadable: string[];
  /** Files and folders of InstantID and antelopev2, by their published names. */
  readonly companions: string[];
  isCutShort: boolean;
  entries: number;
}

export const newWalkReport = (): WalkReport => ({ unreadable: [], companions: [], isCutShort: false, entries: 0 });

/** So that naming a whole disk ends. */
export const maximumEntries = 200_000;
const maximumDepth = 16;

const modelEnding = /\.(?:safetensors|sft|ckpt|pt|pth|bin)$/i;
const companionFile = /^(?:ip-adapter\.(?:bin|safetensors)|scrfd_10g_bnkps\.onnx|det_10g\.onnx|glintr100\.onnx)$/;
const companionFolder = /^ControlNetModel$/;
/** Programs, not models. */
const passedOver = /^(?:\..*|node_modules|__pycache__|site-packages|venv|lost\+found|System Volume Information|\$.*)$/;
/** Smaller files are empty or notes; anything else is told what it is. */
const fewestBytes = 100;

interface Walk {
  readonly report: WalkReport;
  readonly signal: AbortSignal;
  /** Folders and files by their true paths, each once. */
  readonly seen: Set<string>;
}

/** Yields each file and folder once. Ends without a word where the signal says so. */
export async function* walkModels(
  roots: readonly string[], report: WalkReport, signal: AbortSignal,
): AsyncGenerator<ModelCandidate> {
  const walk: Walk = { report, signal, seen: new Set() };
  for (const root of roots) yield* walkFolder(walk, root, 0);
}

async function* walkFolder(walk: Walk, folder: string, depth: number): AsyncGenerator<ModelCandidate> {
  const { report, signal } = walk;
  const entries = await entriesOf(walk, folder);
  if (!entries) return;
  report.entries += entries.length;
  if (report.entries > maximumEntries || depth > maximumDepth) report.isCutShort = true;
  if (report.isCutShort || signal.aborted) return;
  const names = new Set(entries.map(({ name }) => name));
  if (names.has('model_index.json') || (names.has('unet') && names.has('vae') && names.has('text_encoder'))) {
    const candidate = await diffusersFolder(folder);
    if (candidate) yield candidate;
    return;
  }
  for (const entry of await inOrder(folder, entries)) {
    if (signal.aborted) return;
    const place = path.join(folder, entry.name);
    const info = await infoOf(entry, place);
    if (!info) continue;
    if (info === 'folder' || info.isDirectory()) {
      if (passedOver.test(entry.name)) continue;
      if (companionFolder.test(entry.name)) report.companions.push(place);
      yield* walkFolder(walk, place, depth + 1);
    } else {
      if (companionFile.test(entry.name)) report.companions.push(place);
      if (isModel(entry.name, info) && await isFirst(walk, place)) yield candidateOf(place, info);
    }
  }
}

async function isFirst({ seen }: Walk, place: string): Promise<boolean> {
  const real = await realpath(place).catch(() => place);
  const isNew = !seen.has(real);
  seen.add(real);
  return isNew;
}

/** Undefined where it was read before or cannot be. */
async function entriesOf({ report, seen }: Walk, folder: string): Promise<Dirent[] | undefined> {
  try {
    const real = await realpath(folder);
    if (seen.has(real)) return undefined;
    seen.add(real);
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    // gone in the middle: the walk goes on without it
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'ELOOP') report.unreadable.push(folder);
    return undefined;
  }
}

/** By name; of a model in Hugging Face's cache, only the revision that is in use. */
async function inOrder(folder: string, entries: Dirent[]): Promise<Dirent[]> {
  const sorted = entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  if (path.basename(path.dirname(folder)).startsWith('models--') && path.basename(folder) === 'snapshots') {
    const main = await readFile(path.join(folder, '..', 'refs', 'main'), 'utf8').catch(() => '');
    const used = sorted.filter(({ name }) => name === main.trim());
    return used.length > 0 ? used : sorted.slice(-1);
  }
  const isCached = path.basename(folder).startsWith('models--');
  return isCached ? sorted.filter(({ name }) => name === 'snapshots') : sorted;
}

/** Undefined for a link that leads nowhere, for what vanished, and for what is neither file nor folder. */
async function infoOf(entry: Dirent, place: string): Promise<Stats | 'folder' | undefined> {
  if (entry.isDirectory()) return 'folder';
  if (!entry.isSymbolicLink() && !entry.isFile()) return undefined;
  const isWanted = entry.isSymbolicLink() || modelEnding.test(entry.name) || companionFile.test(entry.name);
  return isWanted ? await statOf(place) : undefined;
}

async function statOf(place: string): Promise<Stats | undefined> {
  return await stat(place).catch(() => undefined);
}

function isModel(name: string, info: Stats): boolean {
  return info.isFile() && modelEnding.test(name) && info.size >= fewestBytes && !companionFile.test(name);
}

function candidateOf(place: string, { size: sizeBytes, mtimeMs: modifiedAtMs }: Stats): ModelCandidate {
  return { path: place, isFolder: false, sizeBytes, modifiedAtMs };
}

const networkFolders = ['unet', 'vae', 'text_encoder', 'text_encoder_2', 'scheduler'];

/** Its size and time are those of its networks' files together; undefined where there are none. */
export async function diffusersFolder(folder: string): Promise<ModelCandidate | undefined> {
  let [sizeBytes, modifiedAtMs] = [0, 0];
  for (const network of networkFolders) {
    const inside = path.join(folder, network);
    for (const name of await readdir(inside).catch(() => [])) {
      const info = /\.(?:safetensors|bin|json)$/.test(name) ? await statOf(path.join(inside, name)) : undefined;
      sizeBytes += info?.size ?? 0;
      modifiedAtMs = Math.max(modifiedAtMs, info?.mtimeMs ?? 0);
    }
  }
  return sizeBytes === 0 ? undefined : { path: folder, isFolder: true, sizeBytes, modifiedAtMs };
}

/** A file or diffusers folder as it is now; undefined where it is not there. */
export async function candidateAt(place: string): Promise<ModelCandidate | undefined> {
  const info = await statOf(place);
  if (!info) return undefined;
  return info.isDirectory() ? await diffusersFolder(place) : candidateOf(place, info);
}

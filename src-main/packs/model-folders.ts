// Folders of the user's own models: named once, read in the background, remembered, and used in place. What a file is
// stays known while its size and time do, so a second look over thousands of files reads no header again.

import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { FoundModelId } from '../contract/add-ons.ts';
import type { PackId } from '../contract/ids.ts';
import type { FoundModel, ModelFolder } from '../contract/models.ts';
import type { ModelFolderQueries, ModelFolderRow } from '../library/model-folders.ts';
import {
  type FoundFile, type HeldFolder, answers, goneNote, inGroups, isInside, noteOf, stateOf, unreadNote,
} from './found-files.ts';
import { foundView, folderView } from './found-views.ts';
import { fitsAsVae, usedVae } from './vae-choice.ts';
import { modelsMissing, notAVaeFor, notUsable, unknownModel } from './model-errors.ts';
import { foundIdOf, packIdOf, parseFacts } from './model-facts.ts';
import { layoutOf } from './model-layout.ts';
import { ownPack, type PackShelf } from './pack-shelf.ts';
import { recognizeModel } from './recognize-model.ts';
import { type ModelCandidate, type WalkReport, candidateAt, newWalkReport, walkModels } from './walk-models.ts';

export interface ModelFolders {
  list(): ModelFolder[];
  found(): FoundModel[];
  /** What an id stands for; undefined where it is not known any more. */
  file(id: FoundModelId): FoundFile | undefined;
  /** Names a folder or a file and reads it. Throws models.place-missing, and models.not-usable of a file. */
  add(location: string): Promise<ModelFolder>;
  /** A folder by its id or its path. */
  named(idOrPath: string): ModelFolder | undefined;
  /** Looks again at one folder or all. Throws models.unknown. */
  rescan(id: string | null): Promise<void>;
  /** Nothing in it is touched. */
  forget(id: string): void;
  /** Throws models.unknown, models.not-a-vae. */
  setVae(packId: string, vaeId: FoundModelId | null): FoundModel;
  /** Whether folders and files are where they were, without reading them. */
  refresh(): Promise<void>;
  /** Stops whatever is being read. */
  close(): Promise<void>;
}

export interface ModelFolderOptions {
  readonly memory: ModelFolderQueries;
  readonly shelf: PackShelf;
  /** Checkpoints that were named alone before. */
  readonly named?: readonly string[];
  /** Folders, found models and packs are others now. */
  readonly onChange: () => void;
  /** Files of InstantID and antelopev2 that lie among the models. */
  readonly onCompanions?: (places: readonly string[]) => Promise<void>;
}

/** How many files are kept at once while a folder is read, so that what was seen shows early. */
const filesAtOnce = 64;

/** Takes up what was found before; reads nothing but where the folders are. */
export async function openModelFolders(options: ModelFolderOptions): Promise<ModelFolders> {
  const service = new FolderService(options);
  await service.refresh();
  return service;
}

class FolderService implements ModelFolders {
  private readonly folders = new Map<string, HeldFolder>();
  private readonly stop = new AbortController();
  private last: Promise<unknown> = Promise.resolve();
  private placed = new Set<PackId>();

  private readonly options: ModelFolderOptions;

  constructor(options: ModelFolderOptions) {
    this.options = options;
    for (const row of options.memory.list()) this.folders.set(row.id, this.held(row));
    for (const place of options.named ?? []) {
      if ([...this.folders.values()].some(({ row }) => isInside(place, row.path))) continue;
      const row: ModelFolderRow = { id: foundIdOf(place), path: place, kind: 'file', addedAtMs: Date.now() };
      options.memory.add(row);
      this.folders.set(row.id, this.held(row));
    }
  }

  list(): ModelFolder[] {
    return [...this.folders.values()].map((folder) => folderView(folder));
  }

  found(): FoundModel[] {
    const vaeOf = (checkpoint: string): string | undefined => this.options.memory.vaeOf(checkpoint);
    return this.allFiles().map((file) => foundView(file, {
      folder: this.folders.get(file.row.folderId)!.row, usesVae: this.vaeFor(file), chosenVae: vaeOf(file.row.path),
    }));
  }

  file(id: FoundModelId): FoundFile | undefined {
    return this.allFiles().find(({ row }) => foundIdOf(row.path) === id);
  }

  named(idOrPath: string): ModelFolder | undefined {
    const folder = this.folders.get(idOrPath) ?? this.folders.get(foundIdOf(path.resolve(idOrPath)));
    return folder && folderView(folder);
  }

  async add(location: string): Promise<ModelFolder> {
    const place = path.resolve(location);
    const info = await stat(place).catch((cause: unknown) => { throw modelsMissing(place, cause); });
    const around = [...this.folders.values()].find(({ row }) => isInside(place, row.path));
    if (around) {
      await this.rescan(around.row.id);
      return folderView(this.folders.get(around.row.id)!);
    }
    const isOne = !info.isDirectory() || await candidateOfFolder(place) !== undefined;
    if (isOne) await refuseUnusable(place, info.isDirectory());
    const kind = isOne ? 'file' : (await layoutOf(place).catch((cause: unknown) => {
      throw modelsMissing(place, cause);
    })).kind;
    const row: ModelFolderRow = { id: foundIdOf(place), path: place, kind, addedAtMs: Date.now() };
    // what it contains is read as a part of it
    for (const [id, folder] of this.folders) if (isInside(folder.row.path, place)) this.drop(id);
    this.options.memory.add(row);
    this.folders.set(row.id, this.held(row));
    await this.rescan(row.id);
    return folderView(this.folders.get(row.id)!);
  }

  async rescan(id: string | null): Promise<void> {
    if (id !== null && !this.folders.has(id)) throw unknownModel('folder');
    const ids = id === null ? [...this.folders.keys()] : [id];
    const next = this.last.then(async () => {
      for (const each of ids) await this.read(each);
    });
    this.last = next.catch(() => undefined);
    await next;
  }

  forget(id: string): void {
    if (!this.folders.has(id)) throw unknownModel('folder');
    this.drop(id);
    this.changed();
  }

  setVae(packId: string, vaeId: FoundModelId | null): FoundModel {
    const checkpoint = this.allFiles().find(({ row, facts }) => (
      facts.kind === 'checkpoint' && packIdOf(row.path) === packId));
    if (!checkpoint) throw unknownModel('model');
    const vae = vaeId === null ? undefined : this.file(vaeId);
    if (vaeId !== null && !vae) throw unknownModel('model');
    if (vae && !fitsAsVae(vae.facts, checkpoint.facts)) throw notAVaeFor(path.basename(vae.row.path));
    this.options.memory.setVae(checkpoint.row.path, vae?.row.path ?? null);
    this.changed();
    return this.found().find(({ packId: its }) => its === packId) ?? this.found().find(({ id }) => (
      id === foundIdOf(checkpoint.row.path)))!;
  }

  async refresh(): Promise<void> {
    for (const folder of this.folders.values()) {
      if (folder.state === 'reading') continue;
      const isThere = await answers(folder.row.path);
      if (isThere && folder.state === 'gone') [folder.state, folder.note] = ['ready', ''];
      if (!isThere) [folder.state, folder.note] = ['gone', goneNote];
      await inGroups([...folder.files], filesAtOnce, async ([place, file]) => {
        const now = isThere ? await candidateAt(place) : undefined;
        folder.files.set(place, { ...file, state: stateOf(file, now) });
      });
    }
    this.placePacks();
  }

  async close(): Promise<void> {
    this.stop.abort();
    await this.last;
  }

  private held(row: ModelFolderRow): HeldFolder {
    const files = new Map<string, FoundFile>();
    for (const { facts: text, ...file } of this.options.memory.files(row.id)) {
      const facts = parseFacts(text);
      if (facts) files.set(file.path, { row: file, facts, state: 'ready' });
    }
    return { row, state: 'ready', note: '', files };
  }

  private allFiles(): FoundFile[] {
    return [...this.folders.values()].flatMap(({ files }) => [...files.values()]);
  }

  private drop(id: string): void {
    this.folders.delete(id);
    this.options.memory.remove(id);
  }

  private changed(): void {
    this.placePacks();
    this.options.onChange();
  }

  private async read(id: string): Promise<void> {
    const folder = this.folders.get(id);
    if (!folder || this.stop.signal.aborted) return;
    if (!await answers(folder.row.path)) {
      await this.refresh();
      this.options.onChange();
      return;
    }
    folder.state = 'reading';
    this.options.onChange();
    const report = newWalkReport();
    try {
      await this.readFiles(folder, report);
      [folder.state, folder.note] = ['ready', noteOf(report, folder)];
    } catch (error) {
      [folder.state, folder.note] = ['refused', unreadNote(error)];
    }
    if (!this.stop.signal.aborted) await this.options.onCompanions?.(report.companions);
    if (this.folders.has(id)) this.changed();
  }

  private async readFiles(folder: HeldFolder, report: WalkReport): Promise<void> {
    const { row } = folder;
    const seen = new Set<string>();
    let batch: FoundFile[] = [];
    const keep = (gone: readonly string[]): void => {
      // it may have been forgotten meanwhile
      if (this.folders.get(row.id) !== folder) return;
      this.options.memory.setFiles(batch.map((file) => ({ ...file.row, facts: JSON.stringify(file.facts) })), gone);
      for (const file of batch) folder.files.set(file.row.path, file);
      for (const place of gone) folder.files.delete(place);
      batch = [];
    };
    for await (const candidate of candidatesOf(row, report, this.stop.signal)) {
      seen.add(candidate.path);
      const known = folder.files.get(candidate.path);
      if (known && stateOf(known, candidate) === 'ready') {
        folder.files.set(candidate.path, { ...known, state: 'ready' });
        continue;
      }
      const { path: place, isFolder, sizeBytes, modifiedAtMs } = candidate;
      const facts = await recognizeModel(place, isFolder);
      batch.push({ row: { path: place, folderId: row.id, sizeBytes, modifiedAtMs }, facts, state: 'ready' });
      if (batch.length >= filesAtOnce) keep([]);
    }
    keep(this.stop.signal.aborted ? [] : this.vanished(folder, seen, report));
  }

  /** Files that are not there any more; a checkpoint that something was made with stays as gone. */
  private vanished(folder: HeldFolder, seen: ReadonlySet<string>, report: WalkReport): string[] {
    const gone = [...folder.files].filter(([place]) => (
      !seen.has(place) && !report.isCutShort && !report.unreadable.some((inside) => isInside(place, inside))));
    const [kept, dropped] = [[] as string[], [] as string[]];
    for (const [place, { facts }] of gone) {
      const isNeeded = facts.kind === 'checkpoint' && this.options.memory.isUsed(packIdOf(place));
      (isNeeded ? kept : dropped).push(place);
    }
    for (const place of kept) folder.files.set(place, { ...folder.files.get(place)!, state: 'gone' });
    return dropped;
  }

  private vaeFor(file: FoundFile): FoundFile | 'own' | undefined {
    return usedVae(file, this.allFiles(), this.options.memory.vaeOf(file.row.path));
  }

  private placePacks(): void {
    const { shelf } = this.options;
    const placed = new Set<PackId>();
    for (const file of this.allFiles()) {
      const { row: { path: checkpointPath, sizeBytes }, facts, state } = file;
      const vae = facts.kind === 'checkpoint' && facts.refusal === '' ? this.vaeFor(file) : undefined;
      if (vae === undefined || facts.architecture === null) continue;
      const { folderId } = file.row;
      const pack = ownPack({
        checkpointPath, sizeBytes, architecture: facts.architecture, resolutionPx: facts.resolutionPx ?? 512,
        sizeMultiplePx: facts.sizeMultiplePx ?? 64, vaeFile: vae === 'own' ? null : vae.row.path,
      });
      const view = foundView(file, { folder: this.folders.get(folderId)!.row, usesVae: vae, chosenVae: undefined });
      shelf.place({ ...pack, name: view.name, state, note: view.note });
      placed.add(pack.id);
    }
    for (const id of this.placed) if (!placed.has(id)) shelf.remove(id);
    this.placed = placed;
  }
}

async function* candidatesOf(
  { path: place, kind }: ModelFolderRow, report: WalkReport, signal: AbortSignal,
): AsyncGenerator<ModelCandidate> {
  if (kind === 'file') {
    const only = await candidateAt(place);
    if (only) yield only;
    return;
  }
  yield* walkModels((await layoutOf(place)).roots, report, signal);
}

async function candidateOfFolder(place: string): Promise<ModelCandidate | undefined> {
  return (await stat(path.join(place, 'unet', 'config.json')).catch(() => undefined)) && await candidateAt(place);
}

async function refuseUnusable(place: string, isFolder: boolean): Promise<void> {
  const { refusal } = await recognizeModel(place, isFolder);
  if (refusal !== '') throw notUsable(place, refusal);
}

// The models that Likeness fetches: a folder a model below one place, each with a note of what was verified in it.
// A few downloads at once; each goes on after a restart as it was, because what it should do lies beside its files.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errorDataOf } from '../contract/error-data.ts';
import type { CatalogueEntry, ModelStore as StoreView } from '../contract/models.ts';
import { AwayWatch } from './away-watch.ts';
import { installedFilesOf, publishedModelBytes } from './catalogue.ts';
import { placeError, wantedNoRoom } from './download-errors.ts';
import { fetchModel, fetchedOf } from './fetch-model.ts';
import { sha256Of } from './file-hashes.ts';
import { type Held, entryOf, isActive, still } from './held-model.ts';
import type { ModelStore, ModelStoreOptions } from './model-store-port.ts';
import { sizeInWords } from './instant-needs.ts';
import { licenseNotAccepted, storeAway, unknownModelId } from './model-store-errors.ts';
import { goneNote } from './found-files.ts';
import { Pace } from './pace.ts';
import { freeBytesOf, isAway, markPlace } from './store-place.ts';
import { installedBytes, noteVerified, noteWanted, storedState, withHome } from './stored-model.ts';

const atOnce = 2;
/** Room that is left on the disk. */
const reserveBytes = 512 * 2 ** 20;
const tellEveryMs = 250;

export function openModelStore(options: ModelStoreOptions): ModelStore {
  return new Store(options);
}

class Store implements ModelStore {
  readonly #options: ModelStoreOptions;
  readonly #held: Map<string, Held>;
  #folder: string;
  readonly #watch: AwayWatch;
  #isFetching = true;

  constructor(options: ModelStoreOptions) {
    this.#options = options;
    this.#folder = options.folder;
    this.#held = new Map(options.catalogue.models.map((model) => [
      model.id, { model, state: 'available', download: null, ofBytes: publishedModelBytes(model), packId: null }]));
    this.#watch = new AwayWatch({
      isAway: async () => (options.wasUsed?.(this.#folder) ?? false) && isAway(this.#folder),
      onBack: async () => {
        await this.start();
        this.#all().forEach((held) => this.#tell(held));
      },
      everyMs: options.lookEveryMs,
    });
  }

  async start(isFetching = this.#isFetching): Promise<void> {
    this.#isFetching = isFetching;
    await this.#watch.start();
    for (const held of this.#held.values()) {
      if (isActive(held)) continue;
      const state = this.#watch.isAway ? 'available' : await storedState(held.model, this.#place(held));
      Object.assign(held, { state, download: null });
      if (held.state === 'installed') await this.#install(held);
      else this.#doWithout(held);
      if (held.state !== 'partial') continue;
      const isPaused = await readFile(this.#pauseFile(held), 'utf8').then(() => true, () => false);
      held.download = { ...still, state: isPaused ? 'paused' : 'waiting', bytesDone: await this.#bytesOf(held) };
    }
    // a drive that may only be read needs no mark
    if (this.#all().some(({ state }) => state !== 'available')) await this.#use().catch(() => undefined);
    this.#next();
  }

  /** What it was is known and waited for while its place is away. */
  #doWithout(held: Held): void {
    const { onAway, onRemoved } = this.#options;
    if (this.#watch.isAway) held.packId ??= onAway?.(held.model) ?? null;
    else if (held.packId !== null) onRemoved(held.model, held.packId);
    if (!this.#watch.isAway) held.packId = null;
  }

  #all = (): Held[] => [...this.#held.values()];

  async #use(): Promise<void> {
    await markPlace(this.#folder);
    this.#options.onUsed?.(this.#folder);
  }

  async view(): Promise<StoreView> {
    await this.#watch.look();
    const freeBytes = this.#watch.isAway ? null : await freeBytesOf(this.#folder);
    const usedBytes = this.#all().reduce((sum, held) => (
      held.state === 'installed' ? sum + installedBytes(held.model) : sum + (held.download?.bytesDone ?? 0)), 0);
    return {
      place: withHome(this.#folder), note: this.#watch.isAway ? goneNote : '', usedBytes, freeBytes,
      entries: [...this.#held.keys()].map((id) => this.entry(id)),
    };
  }

  entry(id: string): CatalogueEntry {
    const held = this.#find(id);
    return entryOf(held, withHome(this.#place(held)), this.#options);
  }

  async get(id: string): Promise<CatalogueEntry> {
    const held = this.#find(id);
    const { license } = this.entry(id);
    if (!license.isAccepted) throw licenseNotAccepted(held.model.name, license);
    if (held.state === 'installed' || isActive(held)) return this.entry(id);
    await this.#watch.look();
    if (this.#watch.isAway) throw storeAway(withHome(this.#folder));
    await this.#checkRoom(held);
    await this.#prepare(held).catch((error: unknown) => { throw placeError(error); });
    held.state = 'partial';
    held.download = { ...still, state: 'waiting', bytesDone: await this.#bytesOf(held) };
    this.#tell(held);
    this.#next();
    return this.entry(id);
  }

  async #prepare(held: Held): Promise<void> {
    await this.#use();
    await mkdir(this.#place(held), { recursive: true });
    await rm(this.#pauseFile(held), { force: true });
    await noteWanted(this.#place(held));
  }

  async pause(id: string): Promise<CatalogueEntry> {
    const held = this.#find(id);
    if (!held.download) return this.entry(id);
    await writeFile(this.#pauseFile(held), '');
    await this.#stop(held);
    held.download = { ...still, state: 'paused', bytesDone: await this.#bytesOf(held) };
    this.#tell(held);
    this.#next();
    return this.entry(id);
  }

  async cancel(id: string): Promise<CatalogueEntry> {
    const held = this.#find(id);
    await this.#stop(held);
    if (held.state === 'partial') await this.#clear(held);
    this.#next();
    return this.entry(id);
  }

  async remove(id: string): Promise<CatalogueEntry> {
    const held = this.#find(id);
    await this.#stop(held);
    if (held.state !== 'available') await this.#clear(held);
    return this.entry(id);
  }

  async verify(id: string): Promise<CatalogueEntry> {
    const held = this.#find(id);
    if (held.state !== 'installed' && held.state !== 'damaged') return this.entry(id);
    let isRight = true;
    for (const { file, sha256 } of installedFilesOf(held.model)) {
      isRight &&= await sha256Of(path.join(this.#place(held), file)).catch(() => '') === sha256;
    }
    if (isRight) await noteVerified(held.model, this.#place(held));
    held.state = isRight ? 'installed' : 'damaged';
    if (isRight) await this.#install(held);
    this.#tell(held);
    return this.entry(id);
  }

  async moveTo(folder: string): Promise<void> {
    for (const held of this.#held.values()) {
      await this.#stop(held);
      if (held.state === 'installed') this.#options.onRemoved(held.model, held.packId);
      Object.assign(held, { state: 'available', download: null, packId: null });
    }
    this.#folder = folder;
    await this.start();
    for (const held of this.#held.values()) this.#tell(held);
  }

  async settled(id: string): Promise<CatalogueEntry> {
    const held = this.#find(id);
    while (isActive(held)) await (held.work ?? new Promise((resolve) => { setTimeout(resolve, 20); }));
    return this.entry(id);
  }

  async close(): Promise<void> {
    await this.#watch.close();
    await Promise.all(this.#all().map((held) => this.#stop(held)));
  }

  #find(id: string): Held {
    const held = this.#held.get(id);
    if (!held) throw unknownModelId(id, [...this.#held.keys()]);
    return held;
  }

  #place = (held: Held): string => path.join(this.#folder, held.model.id);
  #pauseFile = (held: Held): string => path.join(this.#place(held), '.paused');

  async #bytesOf(held: Held): Promise<number> {
    const { bytes, ofBytes } = await fetchedOf(held.model, this.#place(held));
    held.ofBytes = ofBytes;
    return bytes;
  }

  #tell(held: Held): void {
    this.#options.onChange(this.entry(held.model.id));
  }

  /** With what the others still fetch, and what unpacking takes. */
  async #checkRoom(held: Held): Promise<void> {
    const free = await freeBytesOf(this.#folder);
    if (free === null) return;
    const others = this.#all().filter((other) => other !== held && isActive(other));
    let needed = reserveBytes;
    for (const each of [held, ...others]) {
      const unpacked = each.model.files.flatMap(({ members = [] }) => members);
      const bytes = await this.#bytesOf(each);
      needed += Math.max(0, each.ofBytes - bytes);
      needed += unpacked.reduce((sum, { bytes }) => sum + bytes, 0);
    }
    if (free < needed) throw wantedNoRoom(sizeInWords(needed), sizeInWords(free));
  }

  #next(): void {
    if (!this.#isFetching) return;
    const running = this.#all().filter(({ work }) => work !== undefined).length;
    const waiting = this.#all().filter((each) => each.download?.state === 'waiting' && !each.work);
    for (const held of waiting.slice(0, Math.max(0, atOnce - running))) {
      held.work = this.#run(held).finally(() => {
        delete held.work;
        this.#next();
      });
    }
  }

  async #run(held: Held): Promise<void> {
    const stop = new AbortController();
    held.stop = stop;
    try {
      await this.#fetch(held, stop.signal);
      await noteVerified(held.model, this.#place(held));
      Object.assign(held, { state: 'installed', download: null });
      await this.#install(held);
    } catch (error) {
      // paused, cancelled or closed: whoever did it says how it stands
      if (stop.signal.aborted) return;
      // what failed is not tried again by itself at the next start
      await writeFile(this.#pauseFile(held), '').catch(() => undefined);
      const bytesDone = await this.#bytesOf(held);
      held.download = { ...still, state: 'failed', bytesDone, error: errorDataOf(placeError(error)) };
    }
    this.#tell(held);
  }

  async #fetch(held: Held, signal: AbortSignal): Promise<void> {
    const { mirrors, version, patience } = this.#options;
    let [pace, toldAtMs] = [new Pace(held.ofBytes), -Infinity];
    await fetchModel({
      model: held.model, place: this.#place(held), mirrors: mirrors(), userAgent: `Likeness/${version}`, signal,
      patience,
      onProgress: (bytes, ofBytes, phase) => {
        const nowMs = performance.now();
        if (ofBytes !== held.ofBytes) [pace, held.ofBytes, toldAtMs] = [new Pace(ofBytes), ofBytes, -Infinity];
        held.download = { ...still, ...pace.at(bytes, nowMs, phase), state: phase };
        if (nowMs - toldAtMs < tellEveryMs) return;
        toldAtMs = nowMs;
        this.#tell(held);
      },
    });
  }

  async #install(held: Held): Promise<void> {
    const { model } = held;
    const place = model.entry === '.' ? this.#place(held) : path.join(this.#place(held), model.entry);
    try {
      held.packId = await this.#options.onInstalled(model, place);
    } catch (error) {
      held.state = 'damaged';
      held.download = { ...still, state: 'failed', error: errorDataOf(error) };
    }
  }

  async #stop(held: Held): Promise<void> {
    const rest = (): void => {
      if (held.download && held.download.state !== 'failed') held.download = { ...held.download, state: 'paused' };
    };
    // at once, or the next turn would take it for one that waits
    rest();
    held.stop?.abort(new Error('The download was stopped.'));
    await held.work?.catch(() => undefined);
    delete held.stop;
    rest();
  }

  async #clear(held: Held): Promise<void> {
    const { packId, model } = held;
    if (held.state === 'installed' || held.state === 'damaged') this.#options.onRemoved(model, packId);
    await rm(this.#place(held), { recursive: true, force: true });
    Object.assign(held, { state: 'available', download: null, packId: null });
    this.#tell(held);
  }
}

// CUDA's libraries as the studio has them: fetched when the user asks, paused, gone on with after a kill, tried for
// real, given back. The engine is started with them only after they were tried and found to compute right.

import { existsSync } from 'node:fs';
import { mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CudaLibraries } from '../contract/cuda.ts';
import { errorDataOf } from '../contract/error-data.ts';
import type { Mirror } from '../contract/mirror.ts';
import type { ModelLicense } from '../contract/models.ts';
import type { ErrorData } from '../contract/nouns.ts';
import { placeError } from '../packs/download-errors.ts';
import type { DownloadPatience } from '../packs/download.ts';
import { withHome } from '../packs/stored-model.ts';
import { cudaInUse, licenseOpen, nothingToFetch } from './cuda-errors.ts';
import { type CudaFetch, fetchCuda, fetchedSoFar, removeCuda } from './cuda-fetch.ts';
import {
  type CudaNote, type InstalledRuntime, isWhole, libraryFolderOf, readNote, readPlan, usedLibraryFolder, withLibraries,
  writeNote,
} from './cuda-folder.ts';
import { type CudaPlaces, cudaLibrariesAt } from './cuda-libraries.ts';
import { lockHolder, releaseLock, takeLock } from './cuda-lock.ts';
import type { CudaTrial } from './cuda-trial.ts';

export interface CudaService {
  view(): Promise<CudaLibraries>;
  /** Starts or goes on. Throws machine.cuda-nothing, machine.cuda-license, machine.cuda-busy. */
  get(): Promise<CudaLibraries>;
  /** What has come is kept. */
  pause(): Promise<CudaLibraries>;
  /** Stops, and gives back all that was fetched. Throws machine.cuda-in-use, machine.cuda-busy. */
  remove(): Promise<CudaLibraries>;
  /** Goes on with what was under way when Likeness ended. */
  start(): Promise<void>;
  /** When nothing is done any more. */
  settled(): Promise<CudaLibraries>;
  /** What an engine is started with; undefined: with this process's own environment. */
  environment(): NodeJS.ProcessEnv | undefined;
  close(): Promise<void>;
}

export interface CudaServiceOptions extends Pick<CudaFetch, 'catalogue' | 'freeBytes'> {
  readonly folder: string;
  /** Of this process. */
  readonly environment: NodeJS.ProcessEnv;
  /** Undefined where CUDA is not for this system. */
  readonly places: CudaPlaces | undefined;
  readonly runtime: InstalledRuntime;
  /** Of the C library: [2, 36]. */
  readonly glibc: () => readonly [number, number];
  /** First number of NVIDIA's driver; null where it is not told. */
  readonly driver: () => Promise<number | null>;
  readonly licenses: readonly Omit<ModelLicense, 'isAccepted'>[];
  readonly acceptedLicenses: () => readonly string[];
  readonly mirrors: () => readonly Mirror[];
  readonly version: string;
  readonly patience?: Partial<DownloadPatience> | undefined;
  readonly tryIt: (environment: NodeJS.ProcessEnv, signal: AbortSignal) => Promise<CudaTrial>;
  /** The engine works with them now. */
  readonly isInUse: () => boolean;
  readonly onChange: (libraries: CudaLibraries) => void;
  /** There is something else to start engines with. */
  readonly onUse: () => void;
}

const tellEveryMs = 250;

export function openCudaService(options: CudaServiceOptions): CudaService {
  return new Service(options);
}

type Standing = Pick<CudaLibraries, 'state' | 'note' | 'sizeBytes' | 'bytesDone'>;

class Service implements CudaService {
  readonly #options: CudaServiceOptions;
  #work: Promise<void> | undefined;
  #stop = new AbortController();
  /** How far the work is. */
  #progress: Standing = { state: 'fetching', note: '', sizeBytes: 0, bytesDone: 0 };
  #error: ErrorData | null = null;
  #told: Promise<void> = Promise.resolve();

  constructor(options: CudaServiceOptions) {
    this.#options = options;
  }

  async view(): Promise<CudaLibraries> {
    const { folder } = this.#options;
    return {
      ...await this.#standing(), isFetched: existsSync(libraryFolderOf(folder)), place: withHome(folder),
      licenses: this.#licenses(), error: this.#work ? null : this.#error,
    };
  }

  #licenses(): ModelLicense[] {
    const { licenses, catalogue, acceptedLicenses } = this.#options;
    const accepted = acceptedLicenses();
    return licenses.filter(({ id }) => catalogue.licenses.includes(id))
      .map((license) => ({ ...license, isAccepted: accepted.includes(license.id) }));
  }

  async #standing(): Promise<Standing> {
    const { folder, places, catalogue } = this.#options;
    if (this.#work) return this.#progress;
    const found = await cudaLibrariesAt(places);
    const note = readNote(folder);
    if (found.state === 'not-needed' || (found.state === 'ready' && !note)) {
      return { ...found, sizeBytes: 0, bytesDone: 0 };
    }
    const fetched = await fetchedSoFar(folder);
    if (this.#error || fetched || note?.trial === null) {
      const state = this.#error ? 'failed' : await lockHolder(folder) === undefined ? 'paused' : 'fetching';
      const bytes = sizeOf(note);
      return { state, note: '', ...fetched ?? { sizeBytes: bytes || catalogue.aboutBytes, bytesDone: bytes } };
    }
    return note ? this.#noted(note) : { ...found, sizeBytes: catalogue.aboutBytes, bytesDone: 0 };
  }

  #noted(note: CudaNote): Standing {
    const { folder, runtime } = this.#options;
    const [sizeBytes, trialNote] = [sizeOf(note), note.trial?.note ?? ''];
    const all = { sizeBytes, bytesDone: sizeBytes };
    if (usedLibraryFolder(folder, runtime)) return { state: 'ready', note: trialNote, ...all };
    if (note.ortVersion !== runtime.version) {
      const text = `They were fetched for ONNX Runtime ${note.ortVersion}; this Likeness has ${runtime.version}.`;
      return { state: 'wrong-version', note: text, ...all };
    }
    return isWhole(folder, note) ? { state: 'failed', note: trialNote, ...all }
      : { state: 'failed', note: 'Some of what was fetched has been changed or removed.', ...all };
  }

  async get(): Promise<CudaLibraries> {
    const { folder } = this.#options;
    if (this.#work) return await this.view();
    const { state, note } = await this.#standing();
    if (state === 'not-needed' || state === 'ready') throw nothingToFetch(note);
    const open = this.#licenses().find(({ isAccepted }) => !isAccepted);
    if (open) throw licenseOpen(open);
    await mkdir(folder, { recursive: true }).catch((error: unknown) => { throw placeError(error); });
    await takeLock(folder);
    await rm(this.#pauseFile(), { force: true });
    // asked twice at once
    if (!this.#work) this.#begin();
    return await this.view();
  }

  #begin(): void {
    this.#stop = new AbortController();
    this.#error = null;
    this.#progress = { state: 'fetching', note: '', sizeBytes: this.#options.catalogue.aboutBytes, bytesDone: 0 };
    this.#work = this.#run(this.#stop.signal);
    this.#tell();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { folder } = this.#options;
    try {
      const note = await this.#fetch(signal);
      this.#progress = { ...this.#progress, state: 'checking' };
      this.#tell();
      await this.#try(note, signal);
    } catch (error) {
      // paused, taken back or closed: whoever did it says how it stands
      if (!signal.aborted) {
        this.#error = errorDataOf(placeError(error));
        // what failed is not tried again by itself at the next start
        await writeFile(this.#pauseFile(), '').catch(() => undefined);
      }
    }
    await releaseLock(folder).catch(() => undefined);
    this.#work = undefined;
    this.#tell();
  }

  async #fetch(signal: AbortSignal): Promise<CudaNote> {
    const { folder, runtime, catalogue, glibc, freeBytes, version, patience, driver, mirrors } = this.#options;
    let toldAtMs = -Infinity;
    return await fetchCuda({
      folder, runtime, catalogue, freeBytes, signal, patience, glibc: glibc(), driver: await driver(),
      mirrors: mirrors(), userAgent: `Likeness/${version}`,
      onProgress: (bytesDone, sizeBytes, phase) => {
        const state = phase === 'checking' ? phase : 'fetching';
        const isNew = state !== this.#progress.state || sizeBytes !== this.#progress.sizeBytes;
        this.#progress = { state, note: '', bytesDone, sizeBytes };
        if (!isNew && performance.now() - toldAtMs < tellEveryMs) return;
        toldAtMs = performance.now();
        this.#tell();
      },
    });
  }

  async #try(note: CudaNote, signal: AbortSignal): Promise<void> {
    const { folder, environment, tryIt, onUse } = this.#options;
    const trial = await tryIt(withLibraries(environment, libraryFolderOf(folder)), signal);
    signal.throwIfAborted();
    await writeNote(folder, { ...note, trial });
    if (trial.works) onUse();
  }

  async pause(): Promise<CudaLibraries> {
    if (this.#work) await writeFile(this.#pauseFile(), '');
    await this.#halt();
    return await this.view();
  }

  async remove(): Promise<CudaLibraries> {
    const { folder, isInUse, onUse } = this.#options;
    const wasUsed = this.environment() !== undefined;
    if (wasUsed && isInUse()) throw cudaInUse();
    await this.#halt();
    this.#error = null;
    if (existsSync(folder)) {
      await takeLock(folder);
      await removeCuda(folder);
      await rm(this.#pauseFile(), { force: true });
      await releaseLock(folder);
      // whatever else lies there is not ours
      await rmdir(folder).catch(() => undefined);
    }
    if (wasUsed) onUse();
    this.#tell();
    return await this.view();
  }

  async start(): Promise<void> {
    const { folder } = this.#options;
    if (existsSync(this.#pauseFile())) return;
    const isWaiting = await readPlan(folder) !== undefined || readNote(folder)?.trial === null;
    // another library may not have the agreement to the licences, and another Likeness may be at it
    if (isWaiting) await this.get().catch(() => undefined);
  }

  async settled(): Promise<CudaLibraries> {
    await this.#work;
    await this.#told;
    return await this.view();
  }

  environment(): NodeJS.ProcessEnv | undefined {
    const { folder, runtime, environment, places } = this.#options;
    const used = places && usedLibraryFolder(folder, runtime);
    return used === undefined ? undefined : withLibraries(environment, used);
  }

  async close(): Promise<void> {
    await this.#halt();
  }

  #pauseFile = (): string => path.join(this.#options.folder, '.paused');

  async #halt(): Promise<void> {
    this.#stop.abort(new Error('The download was stopped.'));
    await this.#work;
  }

  /** One after the other: what is told last is how it stands. */
  #tell(): void {
    this.#told = this.#told.then(() => this.view()).then(this.#options.onChange).catch(() => undefined);
  }
}

const sizeOf = (note: CudaNote | undefined): number => (
  note?.archives.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0);

// Fetches what CUDA needs into its folder: ONNX Runtime's provider first, whose own needs then decide which of NVIDIA's
// packages, in which version, are fetched. Each archive is checked as a whole, unpacked and removed; what is done is
// written down after each, so that a kill costs one chunk of a download at most.

import { copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../contract/errors.ts';
import { downloadFile } from '../packs/download.ts';
import { wantedNoRoom } from '../packs/download-errors.ts';
import { sizeInWords } from '../packs/instant-needs.ts';
import { type Registries, nugetPackage, pypiWheel } from '../packs/package-registries.ts';
import { partName } from '../packs/part-file.ts';
import { type PlaceOf, listLibraries, unpackLibraries } from '../packs/unpack-libraries.ts';
import { type CudaCatalogue, cudaMajorOf, isOfCuda, packageOf } from './cuda-catalogue.ts';
import { neededLibraries } from './cuda-elf.ts';
import { driverTooOld, libraryMissing, unknownCuda } from './cuda-errors.ts';
import {
  type CudaArchive, type CudaNote, type CudaPlan, type InstalledRuntime, downloadFolderOf, dropNote, dropPlan,
  isAsNoted, libraryFolderOf, licenseFolderOf, readNote, readPlan, writeNote, writePlan,
} from './cuda-folder.ts';

export interface CudaFetch extends Registries {
  readonly folder: string;
  readonly runtime: InstalledRuntime;
  readonly catalogue: CudaCatalogue;
  /** First number of NVIDIA's driver; null where it is not told. */
  readonly driver: number | null;
  readonly glibc: readonly [number, number];
  readonly freeBytes: (folder: string) => Promise<number | null>;
  readonly onProgress: (bytesDone: number, totalBytes: number, phase: 'checking' | 'running') => void;
}

/** Room that is left on the disk. */
const reserveBytes = 512 * 2 ** 20;
/** A package's libraries take about so much more than the package. */
const unpackedTimes = 2;

/** Throws a UserError that says what to do (download.*, machine.cuda-*), or the signal's reason; what came is kept. */
export async function fetchCuda(fetch: CudaFetch): Promise<CudaNote> {
  const { folder } = fetch;
  for (const one of [libraryFolderOf, licenseFolderOf, downloadFolderOf]) await mkdir(one(folder), { recursive: true });
  let plan = await settle(fetch, await startPlan(fetch));
  await checkRoom(fetch, plan);
  for (;;) {
    await writePlan(folder, plan);
    const next = plan.archives.find(({ files }) => files === null);
    if (!next) return await finish(fetch, plan);
    const files = await take(fetch, plan, next);
    const archives = plan.archives.map((one) => (one === next ? { ...one, files } : one));
    await writePlan(folder, { ...plan, archives });
    plan = await settle(fetch, { ...plan, archives });
  }
}

/** The kept plan, or one with what an earlier ONNX Runtime has left that is still right. */
async function startPlan({ folder, runtime: { version }, ...fetch }: CudaFetch): Promise<CudaPlan> {
  const kept = await readPlan(folder);
  if (kept?.ortVersion === version) return kept;
  const { packageName } = fetch.catalogue.provider;
  const note = readNote(folder);
  if (!kept && note?.ortVersion === version) return { ortVersion: version, archives: note.archives };
  const earlier = (kept ?? note)?.archives ?? [];
  const others = earlier.filter((one) => one.packageName !== packageName && one.files !== null);
  const provider = await nugetPackage(packageName, version, fetch);
  return { ortVersion: version, archives: [{ ...provider, files: null }, ...others] };
}

/** Archives that are needed as far as is known now: none that is not, all that are missing, with their sizes. */
async function settle(fetch: CudaFetch, plan: CudaPlan): Promise<CudaPlan> {
  const { folder, catalogue, driver } = fetch;
  const archives = plan.archives.map((one) => (isThere(folder, one) ? one : { ...one, files: null }));
  const provider = archives.find((one) => one.packageName === catalogue.provider.packageName)!;
  const { needed, major } = provider.files ? await needsOf(fetch, archives) : expectedNeeds(catalogue);
  const facts = catalogue.majors[major]!;
  // until the provider is here, it may be of the CUDA with the least demand
  const [asked, oldest] = provider.files ? [major, facts.minimumDriver] : leastDemand(catalogue);
  if (driver !== null && driver < oldest) throw driverTooOld(driver, oldest, asked);
  // what is here already may be needed by what the provider needs
  const wanted = [provider, ...provider.files ? [] : archives.filter((one) => one !== provider && one.files)];
  for (const library of needed) {
    const found = packageOf(library, major, catalogue);
    if (!found) throw unknownCuda(library);
    const isSame = (one: CudaArchive): boolean => (
      one.packageName === found.name && Number.parseInt(one.version, 10) === found.major);
    const known = wanted.find(isSame) ?? archives.find(isSame);
    const archive = known ?? { ...await pypiWheel({ ...found, glibc: fetch.glibc }, fetch), files: null };
    if (archive.files && !archive.files.some(({ name }) => name === library)) throw libraryMissing(library, found.name);
    if (!wanted.includes(archive)) wanted.push(archive);
  }
  return { ...plan, archives: wanted };
}

/** Of all versions of CUDA the one that takes the oldest driver, and that driver. */
function leastDemand({ majors }: CudaCatalogue): [major: number, driver: number] {
  const all = Object.entries(majors).map(([major, { minimumDriver }]) => [Number(major), minimumDriver] as const);
  const [major, driver] = all.reduce((least, one) => (one[1] < least[1] ? one : least));
  return [major, driver];
}

function expectedNeeds({ expected, majors }: CudaCatalogue): { needed: string[]; major: number } {
  const { libraries, major } = expected;
  return { needed: [...libraries, ...majors[major]!.loadedLater], major };
}

/** Of the provider and of all that it needs, as far as that is here. */
async function needsOf(
  { folder, catalogue }: CudaFetch, archives: readonly CudaArchive[],
): Promise<{ needed: string[]; major: number }> {
  const here = new Set(archives.flatMap(({ files }) => files ?? []).map(({ name }) => name));
  const [first] = catalogue.provider.libraries;
  const asked = await neededIn(folder, first!);
  const major = cudaMajorOf(asked);
  if (major === undefined || !catalogue.majors[major]) throw unknownCuda(asked.find(isOfCuda) ?? 'another CUDA');
  const needed = new Set([...asked.filter(isOfCuda), ...catalogue.majors[major].loadedLater]);
  // a set is walked with what is added to it on the way
  for (const library of needed) {
    if (!here.has(library)) continue;
    for (const deeper of (await neededIn(folder, library)).filter(isOfCuda)) needed.add(deeper);
  }
  return { needed: [...needed], major };
}

async function neededIn(folder: string, library: string): Promise<string[]> {
  const needed = await neededLibraries(path.join(libraryFolderOf(folder), library));
  if (!needed) throw libraryMissing(library, library);
  return needed;
}

const isThere = (folder: string, { files }: CudaArchive): boolean => (
  files?.every((file) => isAsNoted(libraryFolderOf(folder), file)) ?? false);

async function take(fetch: CudaFetch, plan: CudaPlan, archive: CudaArchive): Promise<CudaArchive['files']> {
  const { folder, signal, catalogue, freeBytes, userAgent, patience, onProgress } = fetch;
  const file = path.join(downloadFolderOf(folder), archive.fileName);
  const total = plan.archives.reduce((sum, { bytes }) => sum + bytes, 0);
  const done = plan.archives.filter(({ files }) => files).reduce((sum, { bytes }) => sum + bytes, 0);
  if ((await sizeOf(file)) !== archive.bytes) {
    await downloadFile({
      url: new URL(archive.url), file, sizeBytes: archive.bytes, ...archive.hash, userAgent, signal,
      onProgress: (bytes, phase) => onProgress(done + bytes, total, phase), ...(patience ? { patience } : {}),
    }).catch(async (error: unknown) => {
      // what was withdrawn is looked up anew the next time
      if (error instanceof UserError && error.code === 'download.not-there') await dropPlan(folder);
      throw error;
    });
  }
  onProgress(done + archive.bytes, total, 'checking');
  const placeOf = placesOf(folder, archive, catalogue);
  try {
    const unpacked = (await listLibraries(file, placeOf)).reduce((sum, { bytes }) => sum + bytes, 0);
    const free = await freeBytes(folder);
    if (free !== null && free < unpacked) throw wantedNoRoom(sizeInWords(unpacked), sizeInWords(free));
    const files = await unpackLibraries(file, placeOf, signal);
    await rm(file, { force: true });
    return files.filter(({ name }) => isLibrary(name));
  } catch (error) {
    if (error instanceof UserError && error.code === 'download.archive') await rm(file, { force: true });
    throw error;
  }
}

const isLibrary = (name: string): boolean => /\.so(?:\.\d+)*$/.test(name);

/** Libraries go into one folder, each licence into a file with the package's name. */
function placesOf(folder: string, { packageName }: CudaArchive, { provider }: CudaCatalogue): PlaceOf {
  const libraries = libraryFolderOf(folder);
  const licenses = licenseFolderOf(folder);
  if (packageName === provider.packageName) {
    const wanted = new Map(provider.libraries.map((name) => [`${provider.folder}/${name}`, name]));
    return (inArchive) => {
      const name = wanted.get(inArchive);
      if (name !== undefined) return { folder: libraries, name };
      const isText = /^(?:LICENSE|ThirdPartyNotices)(?:\.txt)?$/.test(inArchive);
      return isText ? { folder: licenses, name: `onnxruntime-${path.basename(inArchive, '.txt')}.txt` } : undefined;
    };
  }
  return (inArchive) => {
    const library = /(?:^|\/)lib\/(lib[A-Za-z0-9_-]+\.so(?:\.\d+)+)$/.exec(inArchive)?.[1];
    if (library) return { folder: libraries, name: library };
    const isLicense = /\.dist-info\/(?:licenses\/)?License[^/]*$/i.test(inArchive);
    return isLicense ? { folder: licenses, name: `${packageName}.txt` } : undefined;
  };
}

/** For the largest archive beside all that is unpacked. */
async function checkRoom({ folder, freeBytes }: CudaFetch, { archives }: CudaPlan): Promise<void> {
  const free = await freeBytes(folder);
  if (free === null) return;
  let needed = reserveBytes;
  for (const { bytes, fileName, files } of archives) {
    if (files) continue;
    const come = await sizeOf(partName(path.join(downloadFolderOf(folder), fileName)));
    needed += Math.max(0, bytes - come) + bytes * (unpackedTimes - 1);
  }
  if (free < needed) throw wantedNoRoom(sizeInWords(needed), sizeInWords(free));
}

const sizeOf = async (file: string): Promise<number> => (await stat(file).catch(() => ({ size: 0 }))).size;

/** ONNX Runtime's own library beside its provider, nothing in the folder that is not needed, and the note. */
async function finish({ folder, runtime, catalogue }: CudaFetch, plan: CudaPlan): Promise<CudaNote> {
  const libraries = libraryFolderOf(folder);
  const name = (await readdir(runtime.folder)).find((one) => /^libonnxruntime\.so\.\d+$/.test(one));
  if (name === undefined) throw new Error(`There is no ONNX Runtime in ${runtime.folder}.`);
  await copyFile(path.join(runtime.folder, name), path.join(libraries, `${name}.part`));
  await rename(path.join(libraries, `${name}.part`), path.join(libraries, name));
  const kept = new Set([name, ...plan.archives.flatMap(({ files }) => files ?? []).map((file) => file.name)]);
  for (const one of await readdir(libraries)) if (!kept.has(one)) await rm(path.join(libraries, one), { force: true });
  const note: CudaNote = {
    ...plan, cudaMajor: cudaMajorOf(await neededIn(folder, catalogue.provider.libraries[0]!)) ?? 0,
    runtime: { name, bytes: await sizeOf(path.join(libraries, name)) }, trial: null,
  };
  await writeNote(folder, note);
  await dropPlan(folder);
  await rm(downloadFolderOf(folder), { recursive: true, force: true });
  return note;
}

/** What is there of what is to be fetched, in bytes; undefined while nothing is under way. */
export async function fetchedSoFar(folder: string): Promise<{ bytesDone: number; sizeBytes: number } | undefined> {
  const plan = await readPlan(folder);
  if (!plan) return undefined;
  let bytesDone = 0;
  for (const { bytes, files, fileName } of plan.archives) {
    const file = path.join(downloadFolderOf(folder), fileName);
    bytesDone += files ? bytes : await sizeOf(file) || await sizeOf(partName(file));
  }
  return { bytesDone, sizeBytes: plan.archives.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Gives back all that was fetched. */
export async function removeCuda(folder: string): Promise<void> {
  await dropNote(folder);
  await dropPlan(folder);
  for (const one of [libraryFolderOf, licenseFolderOf, downloadFolderOf]) {
    await rm(one(folder), { recursive: true, force: true });
  }
}


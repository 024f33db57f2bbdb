// The one folder in which what CUDA needs lies, and the note of what was fetched into it. The engine's process is told
// of it by LD_LIBRARY_PATH: onnxruntime-node's binding then takes ONNX Runtime from there, and ONNX Runtime looks for
// its providers beside itself. So nothing is written into an installed Likeness, and no other program sees it.

import { readFileSync, statSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { z } from 'zod';

const fileSchema = z.object({ name: z.string(), bytes: z.int() });
export type NotedFile = z.infer<typeof fileSchema>;

export const archiveSchema = z.object({
  packageName: z.string(), version: z.string(), fileName: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/),
  url: z.string(), bytes: z.int(), hash: z.union([z.object({ sha256: z.string() }), z.object({ sha512: z.string() })]),
  /** What was taken out of it; null while it is not here. */
  files: z.array(fileSchema).nullable(),
});
export type CudaArchive = z.infer<typeof archiveSchema>;

const planSchema = z.object({ ortVersion: z.string(), archives: z.array(archiveSchema) });
export type CudaPlan = z.infer<typeof planSchema>;

const noteSchema = planSchema.extend({
  cudaMajor: z.int(),
  /** ONNX Runtime's own library, a copy of the installed one. */
  runtime: fileSchema,
  /** How the trial went; null while there was none. */
  trial: z.object({ works: z.boolean(), note: z.string() }).nullable(),
});
export type CudaNote = z.infer<typeof noteSchema>;

/** ONNX Runtime as it is installed. */
export interface InstalledRuntime {
  readonly version: string;
  /** Where its libraries for this system lie. */
  readonly folder: string;
}

export function installedRuntime(engineFile: string): InstalledRuntime {
  const manifest = createRequire(engineFile).resolve('onnxruntime-node/package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return { version, folder: path.join(path.dirname(manifest), 'bin', 'napi-v6', 'linux', 'x64') };
}

export const libraryFolderOf = (folder: string): string => path.join(folder, 'lib');
export const licenseFolderOf = (folder: string): string => path.join(folder, 'licenses');
export const downloadFolderOf = (folder: string): string => path.join(folder, 'downloads');
const noteFile = (folder: string): string => path.join(folder, 'likeness-cuda.json');
const planFile = (folder: string): string => path.join(folder, 'fetching.json');

/** What was fetched; undefined where nothing is whole. */
export function readNote(folder: string): CudaNote | undefined {
  try {
    return noteSchema.parse(JSON.parse(readFileSync(noteFile(folder), 'utf8')));
  } catch {
    return undefined;
  }
}

export async function readPlan(folder: string): Promise<CudaPlan | undefined> {
  try {
    return planSchema.parse(JSON.parse(await readFile(planFile(folder), 'utf8')));
  } catch {
    return undefined;
  }
}

export const writeNote = (folder: string, note: CudaNote): Promise<void> => writeWhole(noteFile(folder), note);
export const writePlan = (folder: string, plan: CudaPlan): Promise<void> => writeWhole(planFile(folder), plan);
export const dropNote = (folder: string): Promise<void> => rm(noteFile(folder), { force: true });
export const dropPlan = (folder: string): Promise<void> => rm(planFile(folder), { force: true });

async function writeWhole(file: string, content: unknown): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(content, null, 2), { flush: true });
  await rename(`${file}.new`, file);
}

/** The file is there with the size that it was written with. */
export function isAsNoted(folder: string, { name, bytes }: NotedFile): boolean {
  return statSync(path.join(folder, name), { throwIfNoEntry: false })?.size === bytes;
}

/** Every library is as it was noted. */
export function isWhole(folder: string, { archives, runtime }: CudaNote): boolean {
  const files = [runtime, ...archives.flatMap((archive) => archive.files ?? [])];
  return files.every((file) => isAsNoted(libraryFolderOf(folder), file));
}

/** The folder that the engine loads libraries from; undefined while what is there is not whole, or was never right. */
export function usedLibraryFolder(folder: string, runtime: InstalledRuntime): string | undefined {
  const note = readNote(folder);
  const isRight = note?.trial?.works === true && note.ortVersion === runtime.version
    && isAsNoted(runtime.folder, note.runtime) && isWhole(folder, note);
  return isRight ? libraryFolderOf(folder) : undefined;
}

/** An engine's environment with these libraries before all others. */
export function withLibraries(environment: NodeJS.ProcessEnv, folder: string): NodeJS.ProcessEnv {
  const others = environment['LD_LIBRARY_PATH'];
  return { ...environment, LD_LIBRARY_PATH: others ? `${folder}:${others}` : folder };
}

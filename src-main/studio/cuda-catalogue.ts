// Which packages CUDA's libraries come in: ONNX Runtime's provider in one of NuGet, NVIDIA's libraries in some of PyPI.
// resources/packs/cuda.json holds it as data. What is fetched of it is decided by what the libraries say they need.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

const libraryName = z.string().regex(/^lib[A-Za-z0-9_-]+$/);
const packageName = z.string().regex(/^[A-Za-z0-9.-]+$/);
const needName = z.string().regex(/^lib[A-Za-z0-9_-]+\.so\.\d+$/);

const majorSchema = z.object({
  /** First number of the oldest driver that runs it. */
  minimumDriver: z.int(),
  /** Loaded while the work goes on, so that no library names it as needed. */
  loadedLater: z.array(needName),
  /** Package of PyPI → names of the libraries in it, less '.so' and version. */
  packages: z.record(packageName, z.array(libraryName)),
});

const catalogueSchema = z.object({
  provider: z.object({ packageName, folder: z.string(), libraries: z.array(z.string()).min(1) }),
  /** Of the catalogue of models: agreed to before anything is fetched. */
  licenses: z.array(z.string()),
  /** What is fetched in all, told before any server is asked. */
  aboutBytes: z.int(),
  /** What the provider will need, until it is here and says so itself. */
  expected: z.object({ major: z.int(), libraries: z.array(needName) }),
  /** By CUDA's first version number. */
  majors: z.record(z.string(), majorSchema),
});
export type CudaCatalogue = z.infer<typeof catalogueSchema>;

export async function readCudaCatalogue(resourcesFolder: string): Promise<CudaCatalogue> {
  return catalogueSchema.parse(JSON.parse(await readFile(path.join(resourcesFolder, 'packs', 'cuda.json'), 'utf8')));
}

export interface NeededPackage {
  readonly name: string;
  /** First number of its version: that of the library's name, 12 of libcufft.so.12. */
  readonly major: number;
}

/** The package that has a library, for this version of CUDA; undefined where none is known to. */
export function packageOf(library: string, cudaMajor: number, catalogue: CudaCatalogue): NeededPackage | undefined {
  const { stem, version } = partsOf(library);
  const packages = Object.entries(catalogue.majors[cudaMajor]?.packages ?? {});
  const name = packages.find(([, libraries]) => libraries.includes(stem))?.[0];
  return name === undefined || version === undefined ? undefined : { name, major: version };
}

/** CUDA's own version, by the runtime library that the provider needs. */
export function cudaMajorOf(needed: readonly string[]): number | undefined {
  return needed.map(partsOf).find(({ stem }) => stem === 'libcudart')?.version;
}

/** NVIDIA's, but for those that only its driver brings. */
export function isOfCuda(library: string): boolean {
  return /^lib(?:cu|nv)/.test(library) && !/^lib(?:cuda\.so|nvidia-)/.test(library);
}

/** libcublas.so.12 → libcublas, 12. */
function partsOf(library: string): { readonly stem: string; readonly version: number | undefined } {
  const found = /^(.+?)\.so(?:\.(\d+))?/.exec(library);
  return { stem: found?.[1] ?? library, version: found?.[2] === undefined ? undefined : Number(found[2]) };
}

// What NuGet and PyPI publish of a package: the address of its archive, how large it is and the hash that it must have.
// (NuGet's server API: service index, RegistrationsBaseUrl, catalog entry. Python's simple index as JSON: PEP 691 and
// PEP 700, file names by PEP 427.)

import { z } from 'zod';
import type { Mirror } from '../contract/mirror.ts';
import { isTrustedHost } from './download-request.ts';
import type { DownloadPatience } from './download.ts';
import { strayed } from './download-errors.ts';
import type { PublishedHash } from './part-file.ts';
import { readJson } from './read-json.ts';
import { noSuchPackage, strangeAnswer } from './registry-errors.ts';

export interface PackageArchive {
  /** 'nvidia-cublas-cu12', and its release. */
  readonly packageName: string;
  readonly version: string;
  readonly fileName: string;
  readonly url: string;
  readonly bytes: number;
  readonly hash: PublishedHash;
}

export interface Registries {
  readonly mirrors: readonly Mirror[];
  readonly userAgent: string;
  readonly signal: AbortSignal;
  readonly patience?: Partial<DownloadPatience> | undefined;
}

const serviceIndexSchema = z.object({ resources: z.array(z.object({ '@id': z.url(), '@type': z.string() })) });
const leafSchema = z.object({ packageContent: z.url(), catalogEntry: z.url() });
const catalogEntrySchema = z.object({
  packageHash: z.base64().length(88), packageHashAlgorithm: z.literal('SHA512'), packageSize: z.int().min(1),
});

/** One release of a package of NuGet. Throws a UserError (download.*). */
export async function nugetPackage(name: string, version: string, registries: Registries): Promise<PackageArchive> {
  const indexUrl = nugetAddress(registries, '/v3/index.json');
  const { resources } = await ask(indexUrl, serviceIndexSchema, registries);
  const base = resources.find((one) => one['@type'] === 'RegistrationsBaseUrl');
  if (!base) throw strangeAnswer(indexUrl.host);
  const id = name.toLowerCase();
  const leafUrl = new URL(`${id}/${version.toLowerCase()}.json`, withSlash(onHost(base['@id'], indexUrl).href));
  const leaf = await ask(leafUrl, leafSchema, registries);
  const entry = await ask(onHost(leaf.catalogEntry, leafUrl), catalogEntrySchema, registries);
  return {
    packageName: name, version, fileName: `${id}.${version.toLowerCase()}.nupkg`,
    url: onHost(leaf.packageContent, leafUrl).href, bytes: entry.packageSize,
    hash: { sha512: Buffer.from(entry.packageHash, 'base64').toString('hex') },
  };
}

const nugetAddress = ({ mirrors }: Registries, path: string): URL => (
  new URL(`${baseOf('api.nuget.org', mirrors)}${path}`));

const simpleIndexSchema = z.object({
  files: z.array(z.object({
    filename: z.string(), url: z.string(), hashes: z.record(z.string(), z.string()), size: z.int().min(1).optional(),
    yanked: z.union([z.boolean(), z.string()]).optional(),
  })),
});

export interface WantedWheel {
  readonly name: string;
  /** The first number of its version. */
  readonly major: number;
  /** The C library's version of this machine: [2, 36]. */
  readonly glibc: readonly [number, number];
}

/** The newest release of a package of PyPI that runs here, for Linux on x64. Throws a UserError (download.*). */
export async function pypiWheel({ name, major, glibc }: WantedWheel, registries: Registries): Promise<PackageArchive> {
  const url = new URL(`${baseOf('pypi.org', registries.mirrors)}/simple/${name}/`);
  const index = await ask(url, simpleIndexSchema, registries, 'application/vnd.pypi.simple.v1+json');
  const wheels = index.files.flatMap((file) => {
    const version = releaseOf(file.filename, name, glibc);
    const isWanted = version?.[0] === major && !file.yanked && file.size !== undefined
      && /^[0-9a-f]{64}$/.test(file.hashes['sha256'] ?? '');
    return isWanted ? [{ ...file, version }] : [];
  });
  const newest = wheels.sort((a, b) => byNumbers(b.version, a.version))[0];
  if (!newest) throw noSuchPackage(url.host, `${name} ${major}`);
  return {
    packageName: name, version: newest.version.join('.'), fileName: newest.filename,
    url: onHost(newest.url, url).href, bytes: newest.size!, hash: { sha256: newest.hashes['sha256']! },
  };
}

/** [12, 9, 1, 4] of nvidia_cublas_cu12-12.9.1.4-py3-none-manylinux_2_27_x86_64.whl; undefined for what is of no use. */
function releaseOf(fileName: string, name: string, glibc: readonly [number, number]): number[] | undefined {
  const found = /^([A-Za-z0-9_.]+)-(\d+(?:\.\d+)*)-py3-none-([a-z0-9_.]+)\.whl$/.exec(fileName);
  if (!found || found[1]!.toLowerCase() !== name.replaceAll('-', '_')) return undefined;
  return found[3]!.split('.').some((tag) => runsHere(tag, glibc)) ? found[2]!.split('.').map(Number) : undefined;
}

/** PEP 600, and the names from before it. */
function runsHere(tag: string, [major, minor]: readonly [number, number]): boolean {
  const older: Readonly<Record<string, readonly [number, number]>> = {
    manylinux1_x86_64: [2, 5], manylinux2010_x86_64: [2, 12], manylinux2014_x86_64: [2, 17],
  };
  const found = /^manylinux_(\d+)_(\d+)_x86_64$/.exec(tag);
  const needed = found ? [Number(found[1]), Number(found[2])] as const : older[tag];
  return needed !== undefined && (needed[0] < major || (needed[0] === major && needed[1] <= minor));
}

function byNumbers(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function baseOf(host: Mirror['from'], mirrors: readonly Mirror[]): string {
  return (mirrors.find(({ from }) => from === host)?.to ?? `https://${host}`).replace(/\/+$/, '');
}

const withSlash = (url: string): string => (url.endsWith('/') ? url : `${url}/`);

/** An address in an answer leads to whoever gave it, or to where the publishers keep files. */
function onHost(address: string, answered: URL): URL {
  const url = new URL(address, answered);
  if (!isTrustedHost(url, answered)) throw strayed(answered.host, url.host);
  return url;
}

async function ask<T>(url: URL, schema: z.ZodType<T>, registries: Registries, accept?: string): Promise<T> {
  const { userAgent, signal, patience } = registries;
  const parsed = schema.safeParse(await readJson({ url, userAgent, signal, patience, ...(accept ? { accept } : {}) }));
  if (!parsed.success) throw strangeAnswer(url.host);
  return parsed.data;
}

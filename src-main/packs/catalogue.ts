// The models that Likeness can fetch: where each file is published, its size and SHA-256, and what its licence says.
// resources/packs/catalogue.json holds it as data.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Mirror } from '../contract/mirror.ts';
import { catalogueEntrySchema, licenseSchema, modelIdSchema } from '../contract/models.ts';

/** Beside the built-in packs. */
export const modelCatalogueFileName = 'catalogue.json';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** No part of it leads out of the model's folder. */
const fileName = z.string().regex(/^(?:[A-Za-z0-9_][A-Za-z0-9._-]*\/)*[A-Za-z0-9_][A-Za-z0-9._-]*$/);

const publishedFileSchema = z.object({
  host: z.enum(['huggingface.co', 'github.com']),
  repository: z.string().regex(/^[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+$/),
  /** A commit on Hugging Face, a release on GitHub. */
  revision: z.string().regex(/^[A-Za-z0-9_.-]+$/),
  file: fileName,
  /** Null where the publisher does not say. */
  bytes: z.int().min(1).nullable(),
  sha256,
  /** What is taken out of an archive, which goes afterwards; by base name, wherever in it they lie. */
  members: z.array(z.object({ name: fileName, bytes: z.int().min(1), sha256 })).optional(),
});
export type PublishedFile = z.infer<typeof publishedFileSchema>;

const publishedModelSchema = catalogueEntrySchema
  .pick({ name: true, description: true, kind: true, architecture: true, neededFor: true, needs: true })
  .extend({
    id: modelIdSchema,
    license: z.string(),
    /** What is added when it is there: a file, or '.' for its folder. */
    entry: z.union([z.literal('.'), fileName]),
    files: z.array(publishedFileSchema).min(1),
    /** The same files at another publisher, asked where the first does not give them. */
    otherSources: z.array(z.array(publishedFileSchema).min(1)).default([]),
  });
export type PublishedModel = z.infer<typeof publishedModelSchema>;

const catalogueSchema = z.object({
  licenses: z.array(licenseSchema.omit({ isAccepted: true })),
  models: z.array(publishedModelSchema),
}).refine(({ licenses, models }) => models.every((model) => (
  licenses.some(({ id }) => id === model.license)
  && model.needs.every((need) => models.some(({ id }) => id === need))
  && model.otherSources.every((files) => holdsTheSame(files, model.files)))));
export type ModelCatalogue = z.infer<typeof catalogueSchema>;

export async function readModelCatalogue(resourcesFolder: string): Promise<ModelCatalogue> {
  const text = await readFile(path.join(resourcesFolder, 'packs', modelCatalogueFileName), 'utf8');
  return catalogueSchema.parse(JSON.parse(text));
}

/** Parses a catalogue of the same form, for another one than that which comes with Likeness. */
export function parseModelCatalogue(json: unknown): ModelCatalogue {
  return catalogueSchema.parse(json);
}

/** Where a file is asked for: at its publisher, or at the mirror that the user chose for that host. */
export function addressOf({ host, repository, revision, file }: PublishedFile, mirrors: readonly Mirror[]): URL {
  const base = mirrors.find(({ from }) => from === host)?.to ?? `https://${host}`;
  const place = host === 'github.com'
    ? `${repository}/releases/download/${revision}/${file}` : `${repository}/resolve/${revision}/${file}`;
  return new URL(`${base.replace(/\/+$/, '')}/${place}`);
}

/** What is downloaded of a model; files whose size is not known count nothing. */
export function publishedModelBytes({ files }: Pick<PublishedModel, 'files'>): number {
  return files.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
}

export interface InstalledFile {
  readonly file: string;
  readonly bytes: number | null;
  readonly sha256: string;
}

/** The files that are there when it is whole, with size and hash. */
export function installedFilesOf({ files }: Pick<PublishedModel, 'files'>): InstalledFile[] {
  return files.flatMap(({ file, bytes, sha256: hash, members }) => (
    members?.map(({ name, bytes: size, sha256: own }) => ({ file: name, bytes: size, sha256: own }))
    ?? [{ file, bytes, sha256: hash }]));
}

function holdsTheSame(some: readonly PublishedFile[], others: readonly PublishedFile[]): boolean {
  const namesOf = (files: readonly PublishedFile[]): string => (
    installedFilesOf({ files: [...files] }).map(({ file, sha256: hash }) => `${hash} ${file}`).sort().join('\n'));
  return namesOf(some) === namesOf(others);
}

/** All places that have a model's files, the publisher's own first. */
export function sourcesOf({ files, otherSources }: PublishedModel): readonly (readonly PublishedFile[])[] {
  return [files, ...otherSources];
}

/** Repositories and revisions, to be read. */
export function sourceOf(model: PublishedModel): string {
  return sourcesOf(model).map(([first]) => {
    const { host, repository, revision } = first!;
    return `${host}/${repository}, ${revision === 'main' ? 'main' : revision.slice(0, 12)}`;
  }).join('; or ');
}

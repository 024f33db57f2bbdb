// What is known of the networks beside the base models: who published them, their files with size and SHA-256, and what
// their licences say. resources/packs/companions.json holds it as data.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { companionKindSchema, companionSchema } from '../contract/companions.ts';

/** Beside the built-in packs. */
export const catalogueFileName = 'companions.json';

const licenseSchema = z.object({
  id: z.string().regex(/^[a-z0-9-]{1,80}$/),
  /** One line: what it is for, a colon, what it allows. */
  text: z.string().regex(/^[^:]+: ./),
  isCommercialUseAllowed: z.boolean(),
  mustBeAccepted: z.boolean(),
});

const publishedSchema = z.object({
  kind: companionKindSchema,
  name: z.string(),
  source: z.string(),
  license: z.string(),
  neededFor: companionSchema.shape.neededFor,
  files: z.array(z.object({
    /** As it is published, with its folder. */
    file: z.string(),
    bytes: z.int().nullable(),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  })).min(1),
});

const catalogueSchema = z.object({
  licenses: z.array(licenseSchema),
  /** One of each kind. */
  companions: z.array(publishedSchema),
}).refine(({ licenses, companions }) => companions.every(({ license }) => licenses.some(({ id }) => id === license)));

export type CompanionCatalogue = z.infer<typeof catalogueSchema>;
export type PublishedCompanion = z.infer<typeof publishedSchema>;
export type CompanionLicense = z.infer<typeof licenseSchema>;

export async function readCatalogue(resourcesFolder: string): Promise<CompanionCatalogue> {
  const text = await readFile(path.join(resourcesFolder, 'packs', catalogueFileName), 'utf8');
  return catalogueSchema.parse(JSON.parse(text));
}

/** Sum of the files whose size is known. */
export function publishedBytes({ files }: PublishedCompanion): number {
  return files.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
}

export function licenseOf(catalogue: CompanionCatalogue, { license }: PublishedCompanion): CompanionLicense {
  return catalogue.licenses.find(({ id }) => id === license)!;
}

/** .onnx files are graphs that run as they are, so only the published bytes are let in. */
export function mustBePublished({ files }: PublishedCompanion): boolean {
  return files.some(({ file }) => file.endsWith('.onnx'));
}

// Queries over datasets: what each teach job learns from, as it was when the job began.

import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { type JobId, photoIdSchema } from '../contract/ids.ts';
import { boxSchema } from '../contract/nouns.ts';

const datasetPhotoSchema = z.object({
  photoId: photoIdSchema,
  originalSha256: z.string(),
  cropSha256: z.string().nullable(),
  faceBox: boxSchema.nullable(),
  /** The user's own words, '' where the usual caption served, and what that one named. */
  caption: z.string(),
  details: z.array(z.string()),
  repeats: z.int().min(1),
  /** Not learned from: likeness is measured against it. */
  isHeldOut: z.boolean(),
});
export type DatasetPhoto = z.infer<typeof datasetPhotoSchema>;

const datasetSchema = z.object({
  atMs: z.number(),
  /** In the order that teaching sees them. */
  photos: z.array(datasetPhotoSchema),
});
export type Dataset = z.infer<typeof datasetSchema>;

export interface DatasetQueries {
  put(jobId: JobId, dataset: Dataset): void;
  /** Undefined where the job has none, or one that is not understood because it comes from another version. */
  get(jobId: JobId): Dataset | undefined;
}

export function datasetQueries(database: Database): DatasetQueries {
  const upsert = database.prepare(`
    insert into dataset (job_id, content) values (?, ?)
    on conflict (job_id) do update set content = excluded.content`);
  const select = database.prepare<[string], string>('select content from dataset where job_id = ?').pluck();
  return {
    put: (jobId, dataset) => void upsert.run(jobId, JSON.stringify(dataset)),
    get(jobId) {
      const content = select.get(jobId);
      return content === undefined ? undefined : datasetSchema.safeParse(JSON.parse(content)).data;
    },
  };
}

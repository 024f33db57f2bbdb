// What there is of a subject, as numbers, for the receipt of its removal; and of the library as a whole.

import type { Database } from 'better-sqlite3';
import type { SubjectId } from '../contract/ids.ts';
import type { ErasureReceipt, LibraryState } from '../contract/keeping.ts';

/** Rows of a subject; portraits are those that show them, as the first or the second person. */
export type Traces = Pick<ErasureReceipt,
  'photos' | 'faces' | 'crops' | 'looks' | 'snapshots' | 'portraits' | 'jobs'>;

export interface TraceQueries {
  ofSubject(id: SubjectId): Traces;
  /** What the library holds, without the trash and without who was removed. */
  all(): Pick<LibraryState, 'subjects' | 'photos' | 'looks' | 'portraits'>;
  /** Bytes of the kept files. */
  fileBytes(): number;
}

const shared = "kind = 'create' and parameters ->> '$.second.subjectId' = @id";

export function traceQueries(database: Database): TraceQueries {
  const ofSubject = database.prepare<[{ id: string }], Traces>(`
    select
      (select count(*) from photo where subject_id = @id) as photos,
      (select count(*) from found_face join photo on photo.id = photo_id where subject_id = @id) as faces,
      (select count(crop_sha256) from photo where subject_id = @id) as crops,
      (select count(*) from adapter where subject_id = @id) as looks,
      (select count(*) from snapshot join job on job.id = job_id where subject_id = @id) as snapshots,
      (select count(*) from portrait where subject_id = @id or second_subject_id = @id
        or job_id in (select id from job where ${shared})) as portraits,
      (select count(*) from job where subject_id = @id or (${shared})) as jobs`);
  const all = database.prepare<[], ReturnType<TraceQueries['all']>>(`
    select
      (select count(*) from subject where removed_at_ms is null) as subjects,
      (select count(*) from photo) as photos,
      (select count(*) from adapter) as looks,
      (select count(*) from portrait where removed_at_ms is null) as portraits`);
  const bytes = database.prepare<[], { bytes: number }>(
    'select coalesce(sum(size_bytes), 0) as bytes from stored_file');
  return { ofSubject: (id) => ofSubject.get({ id })!, all: () => all.get()!, fileBytes: () => bytes.get()!.bytes };
}

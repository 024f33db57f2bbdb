// Queries over the snapshots of teach jobs and their preview pictures. The numbers for going on lie in the job's run
// folder; here is what the page shows, as long as the job is there.

import type { Database } from 'better-sqlite3';
import type { JobId, PreviewId } from '../contract/ids.ts';
import type { Snapshot } from '../contract/nouns.ts';

export type NewSnapshot = Omit<Snapshot, 'previewIds'> & {
  readonly previews: readonly { readonly id: PreviewId; readonly fileSha256: string }[];
};

export interface SnapshotQueries {
  /** Takes the place of an earlier one of the same step; where it is the best, no other one is. */
  put(snapshot: NewSnapshot): void;
  /** Makes a snapshot that is there the best, or not. */
  setBest(jobId: JobId, step: number, isBest: boolean): void;
  get(jobId: JobId, step: number): Snapshot | undefined;
  /** By step. */
  list(jobId: JobId): Snapshot[];
  /** The file of a preview picture. */
  previewFile(id: PreviewId): string | undefined;
  clear(jobId: JobId): void;
}

interface SnapshotRow {
  job_id: JobId; step: number; loss: number; validation_loss: number | null; likeness: number | null;
  faces_found: number; is_best: number; created_at_ms: number; previews: string;
}

const selectSql = `
select snapshot.*,
  (select json_group_array(preview.id order by preview_index) from preview
    where preview.job_id = snapshot.job_id and preview.step = snapshot.step) as previews
from snapshot`;

export function snapshotQueries(database: Database): SnapshotQueries {
  const get = database.prepare<[string, number], SnapshotRow>(`${selectSql} where job_id = ? and step = ?`);
  const list = database.prepare<[string], SnapshotRow>(`${selectSql} where job_id = ? order by step`);
  const file = database.prepare<[string], { file_sha256: string }>('select file_sha256 from preview where id = ?');
  const clear = database.prepare('delete from snapshot where job_id = ?');
  const noneIsBest = database.prepare('update snapshot set is_best = 0 where job_id = ?');
  const setBest = database.prepare('update snapshot set is_best = ? where job_id = ? and step = ?');
  return {
    put: snapshotWriter(database),
    setBest: database.transaction((jobId: JobId, step: number, isBest: boolean) => {
      if (isBest) noneIsBest.run(jobId);
      setBest.run(Number(isBest), jobId, step);
    }),
    get(jobId, step) {
      const row = get.get(jobId, step);
      return row && toSnapshot(row);
    },
    list: (jobId) => list.all(jobId).map(toSnapshot),
    previewFile: (id) => file.get(id)?.file_sha256,
    clear: (jobId) => void clear.run(jobId),
  };
}

function snapshotWriter(database: Database): SnapshotQueries['put'] {
  const remove = database.prepare('delete from snapshot where job_id = ? and step = ?');
  const noneIsBest = database.prepare('update snapshot set is_best = 0 where job_id = ?');
  const insert = database.prepare(`
    insert into snapshot (job_id, step, loss, validation_loss, likeness, faces_found, is_best, created_at_ms)
    values (@jobId, @step, @loss, @validationLoss, @likeness, @facesFound, @isBest, @createdAtMs)`);
  const insertPreview = database.prepare(
    'insert into preview (id, job_id, step, preview_index, file_sha256) values (?, ?, ?, ?, ?)');
  return database.transaction(({ previews, ...snapshot }: NewSnapshot) => {
    const { jobId, step, isBest } = snapshot;
    remove.run(jobId, step);
    if (isBest) noneIsBest.run(jobId);
    insert.run({ ...snapshot, isBest: Number(isBest) });
    previews.forEach(({ id, fileSha256 }, index) => insertPreview.run(id, jobId, step, index, fileSha256));
  });
}

function toSnapshot(row: SnapshotRow): Snapshot {
  return {
    jobId: row.job_id, step: row.step, loss: row.loss, validationLoss: row.validation_loss, likeness: row.likeness,
    facesFound: row.faces_found, isBest: row.is_best === 1, createdAtMs: row.created_at_ms,
    previewIds: JSON.parse(row.previews) as PreviewId[],
  };
}

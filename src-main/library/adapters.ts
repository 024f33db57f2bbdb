// Queries over looks: the adapters that were taught.

import type { Database } from 'better-sqlite3';
import type { AdapterId, JobId, PackId, PortraitId, SubjectId } from '../contract/ids.ts';
import type { CurvePoint, Look } from '../contract/nouns.ts';
import { type TrainingSettings, trainingSettingsSchema } from '../contract/settings.ts';

/** A look with the name of its file in the store and the metadata inside that file. */
export interface AdapterRecord extends Omit<Look, 'exportFormats'> {
  readonly fileSha256: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export type NewAdapter = Omit<AdapterRecord, 'sizeBytes' | 'likeness' | 'coverPortraitId' | 'curve'>;

export interface AdapterQueries {
  insert(adapter: NewAdapter): void;
  get(id: AdapterId): AdapterRecord | undefined;
  ofJob(jobId: JobId): AdapterRecord | undefined;
  /** Newest first. */
  list(subjectId: SubjectId): AdapterRecord[];
  remove(id: AdapterId): boolean;
}

interface AdapterRow {
  id: AdapterId; subject_id: SubjectId; job_id: JobId; name: string; method: Look['method']; pack_id: PackId;
  pack_name: string; trigger_word: string; rank: number; vector_count: number; training_steps: number;
  best_step: number; settings: string; photo_count: number; final_loss: number; metadata: string; file_sha256: string;
  created_at_ms: number; size_bytes: number; curve: string; likeness: number | null; cover: PortraitId | null;
}

const selectSql = `
select adapter.*, stored_file.size_bytes,
  (select json_group_array(json_object('step', step, 'likeness', likeness, 'validationLoss', validation_loss)
    order by step) from snapshot where snapshot.job_id = adapter.job_id) as curve,
  (select avg(likeness_cosine) from portrait where adapter_id = adapter.id and adapter_strength > 0
    and instantly is null and removed_at_ms is null) as likeness,
  (select portrait.id from portrait where adapter_id = adapter.id and adapter_strength > 0 and removed_at_ms is null
    order by likeness_cosine desc nulls last, portrait.created_at_ms limit 1) as cover
from adapter join stored_file on sha256 = file_sha256`;

export function adapterQueries(database: Database): AdapterQueries {
  const insert = database.prepare(`
    insert into adapter (id, subject_id, job_id, name, method, pack_id, pack_name, trigger_word, rank, vector_count,
      training_steps, best_step, settings, photo_count, final_loss, metadata, file_sha256, created_at_ms)
    values (@id, @subjectId, @jobId, @name, @method, @packId, @packName, @triggerWord, @rank, @vectorCount,
      @trainingSteps, @bestStep, @settings, @photoCount, @finalLoss, @metadata, @fileSha256, @createdAtMs)`);
  const get = database.prepare<[string], AdapterRow>(`${selectSql} where adapter.id = ?`);
  const ofJob = database.prepare<[string], AdapterRow>(`${selectSql} where adapter.job_id = ?`);
  const list = database.prepare<[string], AdapterRow>(
    `${selectSql} where adapter.subject_id = ? order by adapter.created_at_ms desc, adapter.id`);
  const remove = database.prepare('delete from adapter where id = ?');
  return {
    insert: (adapter) => void insert.run({
      ...adapter, metadata: JSON.stringify(adapter.metadata), settings: JSON.stringify(adapter.settings),
    }),
    get: (id) => toRecord(get.get(id)),
    ofJob: (jobId) => toRecord(ofJob.get(jobId)),
    list: (subjectId) => list.all(subjectId).map((row) => toRecord(row)!),
    remove: (id) => remove.run(id).changes > 0,
  };
}

function toRecord(row: AdapterRow | undefined): AdapterRecord | undefined {
  return row && {
    id: row.id, subjectId: row.subject_id, jobId: row.job_id, name: row.name, method: row.method, packId: row.pack_id,
    packName: row.pack_name, triggerWord: row.trigger_word, rank: row.rank, vectorCount: row.vector_count,
    trainingSteps: row.training_steps, bestStep: row.best_step, curve: JSON.parse(row.curve) as CurvePoint[],
    settings: parseSettings(row.settings), photoCount: row.photo_count,
    finalLoss: row.final_loss, sizeBytes: row.size_bytes, createdAtMs: row.created_at_ms,
    likeness: row.likeness, coverPortraitId: row.cover, fileSha256: row.file_sha256,
    metadata: JSON.parse(row.metadata) as Record<string, string>,
  };
}

/** What is not understood, because it comes from another version, is left out. */
function parseSettings(text: string): TrainingSettings {
  return trainingSettingsSchema.safeParse(JSON.parse(text)).data ?? {};
}

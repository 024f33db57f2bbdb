// Queries over files that were prepared for the world outside: looks in a form for other programs, portraits as
// pictures, contact sheets. They are kept until the next start.

import type { Database } from 'better-sqlite3';
import type { AdapterId, ExportId, JobId } from '../contract/ids.ts';
import type { ExportFormat, ExportPrecision } from '../contract/settings.ts';

export interface ExportedFile {
  readonly id: ExportId;
  /** As whoever saves it sees it. */
  readonly fileName: string;
  readonly fileSha256: string;
  readonly sizeBytes: number;
}

/** A look in the form of another program. */
export interface ExportedLook extends ExportedFile {
  readonly adapterId: AdapterId;
  readonly format: ExportFormat;
  readonly precision: ExportPrecision;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ExportedFileQueries {
  insertLook(look: Omit<ExportedLook, 'sizeBytes'>): void;
  /** Portraits as a picture or a ZIP of them; `jobId` is the export job, null where a contact sheet has none. */
  insertPictures(file: Omit<ExportedFile, 'sizeBytes'> & { readonly jobId: JobId | null }): void;
  get(id: ExportId): ExportedFile | undefined;
  findLook(adapterId: AdapterId, format: ExportFormat, precision: ExportPrecision): ExportedLook | undefined;
  ofJob(jobId: JobId): ExportedFile | undefined;
  /** Every picture and sheet: several people may be in one, so all go with any of them. */
  removePictures(): void;
  /** All of it, for the start; jobs that made any say so no more. */
  removeAll(): void;
}

type LookRow = Omit<ExportedLook, 'metadata'> & { readonly metadata: string };

const columns = 'id, file_name as fileName, file_sha256 as fileSha256, size_bytes as sizeBytes';
const source = 'from exported_file join stored_file on sha256 = file_sha256';

export function exportedFileQueries(database: Database): ExportedFileQueries {
  const insert = database.prepare(`
    insert into exported_file (id, adapter_id, job_id, format, precision, file_name, metadata, file_sha256)
    values (@id, @adapterId, @jobId, @format, @precision, @fileName, @metadata, @fileSha256)`);
  const get = database.prepare<[string], ExportedFile>(`select ${columns} ${source} where id = ?`);
  const findLook = database.prepare<[string, string, string], LookRow>(`
    select ${columns}, adapter_id as adapterId, format, precision, metadata ${source}
    where adapter_id = ? and format = ? and precision = ?`);
  const ofJob = database.prepare<[string], ExportedFile>(`select ${columns} ${source} where job_id = ?`);
  const removePictures = database.prepare('delete from exported_file where adapter_id is null');
  const removeAll = database.prepare('delete from exported_file');
  const forget = database.prepare("update job set outcome = null where kind = 'export' and outcome is not null");
  const ofPictures = { adapterId: null, format: null, precision: null, metadata: '{}' };
  return {
    insertLook: (look) => void insert.run({ ...look, jobId: null, metadata: JSON.stringify(look.metadata) }),
    insertPictures: (file) => void insert.run({ ...ofPictures, ...file }),
    get: (id) => get.get(id),
    findLook(adapterId, format, precision) {
      const row = findLook.get(adapterId, format, precision);
      return row && { ...row, metadata: JSON.parse(row.metadata) as Record<string, string> };
    },
    ofJob: (jobId) => ofJob.get(jobId),
    removePictures: () => void removePictures.run(),
    removeAll: database.transaction(() => {
      removeAll.run();
      forget.run();
    }),
  };
}

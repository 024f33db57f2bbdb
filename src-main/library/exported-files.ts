// Queries over looks that were written in a form for other programs. They are kept until the next start.

import type { Database } from 'better-sqlite3';
import type { AdapterId, ExportId } from '../contract/ids.ts';
import type { ExportFormat, ExportPrecision } from '../contract/settings.ts';

export interface ExportedFile {
  readonly id: ExportId;
  readonly adapterId: AdapterId;
  readonly format: ExportFormat;
  readonly precision: ExportPrecision;
  readonly fileName: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fileSha256: string;
  readonly sizeBytes: number;
}

export interface ExportedFileQueries {
  insert(file: Omit<ExportedFile, 'sizeBytes'>): void;
  get(id: ExportId): ExportedFile | undefined;
  find(adapterId: AdapterId, format: ExportFormat, precision: ExportPrecision): ExportedFile | undefined;
  removeAll(): void;
}

type Row = Omit<ExportedFile, 'metadata'> & { readonly metadata: string };

const selectSql = `
select id, adapter_id as adapterId, format, precision, file_name as fileName, metadata, file_sha256 as fileSha256,
  size_bytes as sizeBytes
from exported_file join stored_file on sha256 = file_sha256`;

export function exportedFileQueries(database: Database): ExportedFileQueries {
  const insert = database.prepare(`
    insert into exported_file (id, adapter_id, format, precision, file_name, metadata, file_sha256)
    values (@id, @adapterId, @format, @precision, @fileName, @metadata, @fileSha256)`);
  const get = database.prepare<[string], Row>(`${selectSql} where id = ?`);
  const find = database.prepare<[string, string, string], Row>(
    `${selectSql} where adapter_id = ? and format = ? and precision = ?`);
  const removeAll = database.prepare('delete from exported_file');
  const toFile = (row: Row | undefined): ExportedFile | undefined =>
    row && { ...row, metadata: JSON.parse(row.metadata) as Record<string, string> };
  return {
    insert: (file) => void insert.run({ ...file, metadata: JSON.stringify(file.metadata) }),
    get: (id) => toFile(get.get(id)),
    find: (adapterId, format, precision) => toFile(find.get(adapterId, format, precision)),
    removeAll: () => void removeAll.run(),
  };
}

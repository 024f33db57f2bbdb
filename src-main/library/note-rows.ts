// What a note holds: the rows of one subject, photo, job, look or portrait as JSON, with those of the files they speak
// of. Columns stand as they are in the tables; what a reader does not know is left out, what it lacks has its default.

import type { Database } from 'better-sqlite3';
import { z } from 'zod';

export const noteKinds = ['settings', 'subject', 'job', 'photo', 'look', 'portrait'] as const;
export type NoteKind = (typeof noteKinds)[number];

/** Which rows of which tables a note has; `@id` is the noun's own id. The first is the noun itself. */
const contents: Readonly<Record<NoteKind, readonly (readonly [table: string, where: string])[]>> = {
  subject: [['subject', 'id = @id']],
  photo: [['photo', 'id = @id'], ['found_face', 'photo_id = @id'], ['face_embedding', 'photo_id = @id']],
  job: [
    ['job', 'id = @id'], ['job_item', 'job_id = @id'], ['dataset', 'job_id = @id'], ['snapshot', 'job_id = @id'],
    ['preview', 'job_id = @id'],
  ],
  look: [['adapter', 'id = @id']],
  portrait: [['portrait', 'id = @id']],
  settings: [['setting', '@id = @id'], ['checkpoint', '@id = @id'], ['companion', '@id = @id']],
};

/** The table that holds the nouns of a kind; settings are no noun. */
export const nounTables: Readonly<Record<Exclude<NoteKind, 'settings'>, string>> = {
  subject: 'subject', photo: 'photo', job: 'job', look: 'adapter', portrait: 'portrait',
};

const valueSchema = z.union([z.string(), z.number(), z.null(), z.object({ base64: z.string() })]);
const rowSchema = z.record(z.string(), valueSchema);

export const noteSchema = z.object({
  kind: z.enum(noteKinds),
  id: z.string(),
  /** Of the tables that the rows are from. */
  version: z.int(),
  rows: z.record(z.string(), z.array(rowSchema)),
});
export type Note = z.infer<typeof noteSchema>;

type Row = Record<string, string | number | null | Buffer>;

/** Reads the note of a noun; undefined where it is not in the library any more. */
export function noteReader(database: Database): (kind: NoteKind, id: string) => Note | undefined {
  const version = database.pragma('user_version', { simple: true }) as number;
  const selects = new Map(noteKinds.map((kind) => [kind, contents[kind].map(([table, where]) => (
    { table, select: database.prepare<[{ id: string }], Row>(`select * from ${table} where ${where}`) }))]));
  const file = database.prepare<[string], Row>('select * from stored_file where sha256 = ?');
  return (kind, id) => {
    const rows = selects.get(kind)!.map(({ table, select }) => ({ table, found: select.all({ id }) }));
    if (kind !== 'settings' && rows[0]!.found.length === 0) return undefined;
    const names = new Set(rows.flatMap(({ found }) => found.flatMap(fileNamesOf)));
    rows.push({ table: 'stored_file', found: [...names].flatMap((name): Row[] => file.all(name)) });
    const all = rows.filter(({ found }) => found.length > 0).map(({ table, found }) => [table, found.map(toJson)]);
    return { kind, id, version, rows: Object.fromEntries(all) as Note['rows'] };
  };
}

function fileNamesOf(row: Row): string[] {
  return Object.entries(row).flatMap(([column, value]) => (
    column.endsWith('_sha256') && typeof value === 'string' ? [value] : []));
}

function toJson(row: Row): z.infer<typeof rowSchema> {
  return Object.fromEntries(Object.entries(row).map(([column, value]) => (
    [column, Buffer.isBuffer(value) ? { base64: value.toString('base64') } : value])));
}

/** Writes the rows of notes into the tables, in the place of rows of the same key. References must be off. */
export function rowWriter(database: Database): (note: Note) => void {
  const columnsOf = new Map<string, ReadonlySet<string>>();
  for (const { name, column } of database.prepare<[], { name: string; column: string }>(`
    select m.name, c.name as column from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table'`).all()) {
    columnsOf.set(name, new Set([...columnsOf.get(name) ?? [], column]));
  }
  return ({ kind, rows }) => {
    const tables = new Set([...contents[kind].map(([table]) => table), 'stored_file']);
    for (const [table, found] of Object.entries(rows)) {
      if (!tables.has(table)) continue;
      for (const row of found) {
        const entries = Object.entries(row).filter(([column]) => columnsOf.get(table)?.has(column));
        const columns = entries.map(([column]) => `"${column}"`).join(', ');
        database.prepare(
          `insert or replace into "${table}" (${columns}) values (${entries.map(() => '?').join(', ')})`,
        ).run(entries.map(([, value]) => fromJson(value)));
      }
    }
  };
}

function fromJson(value: z.infer<typeof valueSchema>): string | number | null | Buffer {
  return value !== null && typeof value === 'object' ? Buffer.from(value.base64, 'base64') : value;
}

// Brings the tables to where the notes beside the files are: rows of notes are written in the place of older ones,
// nouns whose note is gone are removed, and what lacks its parent gets one or goes.

import type { Database } from 'better-sqlite3';
import type { SubjectId } from '../contract/ids.ts';
import type { NoteFiles } from './note-files.ts';
import { nounTables, rowWriter } from './note-rows.ts';
import { completeMark } from './notes.ts';

/** What a subject is called whose own note was lost. */
const lostName = '?';

/** Applies all notes, or none when it fails. Returns the subjects that were there and have no note any more. */
export function applyNotes(database: Database, files: NoteFiles): SubjectId[] {
  database.pragma('foreign_keys = off');
  try {
    return database.transaction(() => {
      const triggers = takeTriggers(database);
      const gone = removeNounsWithoutNote(database, files);
      const write = rowWriter(database);
      for (const note of files.readAll()) write(note);
      addLostParents(database);
      mendReferences(database);
      countItems(database);
      for (const sql of triggers) database.exec(sql);
      return gone;
    })();
  } finally {
    database.pragma('foreign_keys = on');
  }
}

/** Takes the triggers off, which would count rows that are counted already. */
function takeTriggers(database: Database): string[] {
  const triggers = database.prepare<[], { name: string; sql: string }>(
    "select name, sql from sqlite_master where type = 'trigger'").all();
  for (const { name } of triggers) database.exec(`drop trigger "${name}"`);
  return triggers.map(({ sql }) => sql);
}

/**
 * A noun that had its note when this database was copied, and has none now, was removed since. Where the notes are not
 * those of this database, or not all of them were written, nothing can be said, and every noun stays.
 */
function removeNounsWithoutNote(database: Database, files: NoteFiles): SubjectId[] {
  const mark = completeMark(database);
  if (mark === null || mark !== files.readMark()) return [];
  const names = files.names();
  const due = new Set(database.prepare<[], string>("select kind || ' ' || id from note_due").pluck().all());
  const gone: SubjectId[] = [];
  for (const [kind, table] of Object.entries(nounTables)) {
    const remove = database.prepare(`delete from "${table}" where id = ?`);
    for (const id of database.prepare<[], string>(`select id from "${table}"`).pluck().all()) {
      if (names.has(`${kind} ${id}`) || due.has(`${kind} ${id}`)) continue;
      remove.run(id);
      if (kind === 'subject') gone.push(id as SubjectId);
    }
  }
  for (const table of ['photo', 'adapter', 'portrait', 'job']) {
    const remove = database.prepare(`delete from "${table}" where subject_id = ?`);
    for (const id of gone) remove.run(id);
  }
  return gone;
}

/** Subjects and jobs whose note was lost while the notes of what belongs to them are there. */
function addLostParents(database: Database): void {
  const insertSubject = database.prepare(`
    insert into subject (id, name, trigger_word, class_word, has_consent, created_at_ms)
    values (?, '${lostName}', 'ohwx', 'person', 0, 0)`);
  for (const table of ['photo', 'adapter', 'portrait', 'job']) {
    const lost = database.prepare<[], string>(
      `select distinct subject_id from "${table}" where subject_id not in (select id from subject)`).pluck().all();
    for (const id of lost) insertSubject.run(id);
  }
  for (const [table, kind] of [['portrait', 'create'], ['adapter', 'teach']] as const) {
    database.exec(`
      insert into job (id, kind, subject_id, title, parameters, state, position, is_cleared, created_at_ms)
      select job_id, '${kind}', min(subject_id), '', '{}', 'done', 0, 1, min(created_at_ms) from "${table}"
      where job_id not in (select id from job) group by job_id`);
  }
  database.exec(`
    insert into job_item (job_id, item_index, seed, parameters) select job_id, item_index, seed, '{}' from portrait
    where not exists
      (select 1 from job_item i where i.job_id = portrait.job_id and i.item_index = portrait.item_index)`);
}

interface Reference {
  readonly child: string;
  readonly parent: string;
  readonly from: string;
  readonly to: string;
  readonly onDelete: string;
  readonly id: number;
}

/** Rows without their parent go, or lose the reference, as they would have when the parent went. */
function mendReferences(database: Database): void {
  const references = database.prepare<[], Reference>(`
    select m.name as child, f."table" as parent, f.id, f."from", f."to", f.on_delete as onDelete
    from sqlite_master m, pragma_foreign_key_list(m.name) f where m.type = 'table' order by 1, f.id, f.seq`).all();
  const byKey = new Map<string, Reference[]>();
  for (const one of references) {
    const key = `${one.child} ${one.id}`;
    byKey.set(key, [...byKey.get(key) ?? [], one]);
  }
  const statements = [...byKey.values()].map((columns) => database.prepare(mendSql(columns)));
  for (let changes = 1; changes > 0;) changes = statements.reduce((sum, mend) => sum + mend.run().changes, 0);
}

function mendSql(columns: readonly Reference[]): string {
  const { child, parent, onDelete } = columns[0]!;
  const isSet = columns.map(({ from }) => `"${from}" is not null`).join(' and ');
  const isParent = columns.map(({ from, to }) => `p."${to}" = "${child}"."${from}"`).join(' and ');
  const lacks = `${isSet} and not exists (select 1 from "${parent}" p where ${isParent})`;
  return onDelete === 'SET NULL'
    ? `update "${child}" set ${columns.map(({ from }) => `"${from}" = null`).join(', ')} where ${lacks}`
    : `delete from "${child}" where ${lacks}`;
}

/** A job's note may be older than its last portraits. */
function countItems(database: Database): void {
  database.exec(`
    update job_item set outcome = '{"kind":"drawn"}' where outcome is null and exists
      (select 1 from portrait p where p.job_id = job_item.job_id and p.item_index = job_item.item_index);
    update job set items = (select count(*) from job_item where job_id = job.id),
      items_done = (select count(outcome) from job_item where job_id = job.id)`);
}

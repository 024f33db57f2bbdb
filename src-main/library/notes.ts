// Notes beside the files: one small JSON file for each subject, photo, job, look and portrait, so that the library can
// be made anew from its folder alone. Triggers of this connection write down with every change, in one transaction with
// it, which notes are due; they are written a moment later, and what a crash leaves due after the next start.
// Writing is synchronous, a few notes at a time, so that a closed library never writes.

import { randomBytes } from 'node:crypto';
import type { Database } from 'better-sqlite3';
import { NoteFiles } from './note-files.ts';
import { type NoteKind, noteReader, nounTables } from './note-rows.ts';

/** How long changes are gathered, and how many notes are written without a pause. */
const gatherMs = 100;
const notesAtOnce = 8;
/** What closing or a backup writes at most; the rest stays due. */
const notesToWaitFor = 400;

interface DueNote {
  readonly kind: NoteKind;
  readonly id: string;
  readonly subjectId: string;
  readonly seq: number;
}

export interface Notes {
  /** Writes every note that is due, now. */
  writeAll(): void;
  /** Removes every note of a subject that is gone, at once. */
  removeSubject(id: string): void;
  /** Writes those that are due where they are not too many to wait for. */
  catchUp(): void;
  /** Forgets what the notes folder holds, so that every note is written again and others are removed. */
  startOver(): void;
  close(): void;
}

/** Keeps notes of an open database in `libraryFolder`/notes from now on. */
export function keepNotes(database: Database, libraryFolder: string): Notes {
  const keeper = new NoteKeeper(database, new NoteFiles(libraryFolder));
  keeper.start();
  return keeper;
}

class NoteKeeper implements Notes {
  readonly #database: Database;
  readonly #files: NoteFiles;
  readonly #read: ReturnType<typeof noteReader>;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(database: Database, files: NoteFiles) {
    this.#database = database;
    this.#files = files;
    this.#read = noteReader(database);
  }

  start(): void {
    this.#database.function('note_is_due', { directOnly: false }, () => {
      this.#schedule(gatherMs);
      return null;
    });
    this.#database.exec(triggersSql);
    if (completeMark(this.#database) === null || completeMark(this.#database) !== this.#files.readMark()) {
      this.startOver();
    } else if (this.#due(1).length > 0) this.#schedule(gatherMs);
  }

  startOver(): void {
    this.#files.removeMark();
    this.#database.transaction(() => {
      setCompleteMark(this.#database, null);
      this.#database.exec('delete from note_due');
      for (const [kind, table] of Object.entries(nounTables)) {
        const subject = kind === 'subject' ? 'id' : 'subject_id';
        this.#database.exec(`
          insert into note_due (kind, id, subject_id) select '${kind}', id, ${subject} from "${table}" order by rowid`);
      }
      this.#database.exec("insert into note_due (kind, id, subject_id) values ('settings', '', '')");
    })();
    this.#schedule(gatherMs);
  }

  writeAll(): void {
    while (this.#writeSome(notesAtOnce)) continue;
  }

  removeSubject(id: string): void {
    if (this.#read('subject', id) !== undefined) return;
    this.#files.write([{ kind: 'subject', id, subjectId: id, note: undefined }]);
    this.#database.prepare('delete from note_due where subject_id = ?').run(id);
  }

  catchUp(): void {
    try {
      for (let written = 0; written < notesToWaitFor && this.#writeSome(notesAtOnce);) written += notesAtOnce;
    } catch {
      // they stay due
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#isClosed = true;
    this.catchUp();
  }

  #schedule(afterMs: number): void {
    if (this.#timer || this.#isClosed) return;
    this.#timer = setTimeout(() => this.#writeInTime(), afterMs);
    this.#timer.unref();
  }

  #writeInTime(): void {
    this.#timer = undefined;
    const startMs = performance.now();
    try {
      // most of the time is for others
      if (this.#writeSome(notesAtOnce)) this.#schedule(4 * (performance.now() - startMs));
    } catch {
      // a full disk, most likely: they stay due until the next change or start
    }
  }

  /** Writes the oldest that are due; false when there was none left. */
  #writeSome(count: number): boolean {
    const due = this.#due(count);
    const written = due.map(({ kind, id, subjectId }) => ({ kind, id, subjectId, note: this.#read(kind, id) }));
    this.#files.write(written);
    const forget = this.#database.prepare('delete from note_due where seq = ?');
    this.#database.transaction(() => due.forEach(({ seq }) => forget.run(seq)))();
    if (due.length === count) return true;
    if (completeMark(this.#database) === null) this.#complete();
    return false;
  }

  /** Everything has its note; what else lies there belongs to nothing. */
  #complete(): void {
    const kept = new Set(Object.entries(nounTables).flatMap(([kind, table]) =>
      this.#database.prepare<[], string>(`select '${kind} ' || id from "${table}"`).pluck().all()));
    this.#files.sweep((kind, id) => kind === 'settings' || kept.has(`${kind} ${id}`));
    const mark = randomBytes(16).toString('hex');
    this.#files.writeMark(mark);
    setCompleteMark(this.#database, mark);
  }

  #due(count: number): DueNote[] {
    return this.#database.prepare<[number], DueNote>(
      'select kind, id, subject_id as subjectId, seq from note_due order by seq limit ?').all(count);
  }
}

/** Names the state in which every noun had its note; null where that was not reached yet. */
export function completeMark(database: Database): string | null {
  const row = database.prepare<[], { value: string }>("select value from library_note where name = 'notes'").get();
  return row?.value ?? null;
}

export function setCompleteMark(database: Database, mark: string | null): void {
  database.prepare("delete from library_note where name = 'notes'").run();
  if (mark !== null) database.prepare("insert into library_note (name, value) values ('notes', ?)").run(mark);
}

/** What makes a note due: a change of a table, whose row names the noun and the subject in whose folder it lies. */
interface Watch {
  readonly table: string;
  readonly event: 'insert' | 'update' | 'delete';
  /** An update of other columns makes no note due. */
  readonly columns?: string;
  readonly kind: NoteKind;
  readonly id: string;
  readonly subject: string;
}

const events = ['insert', 'update', 'delete'] as const;

function watchNoun(kind: Exclude<NoteKind, 'settings'>, subjectColumn = 'subject_id', columns?: string): Watch[] {
  return events.map((event) => {
    const row = event === 'delete' ? 'old' : 'new';
    return { table: nounTables[kind], event, columns, kind, id: `${row}.id`, subject: `${row}.${subjectColumn}` };
  });
}

const watched: readonly Watch[] = [
  ...watchNoun('subject', 'id'), ...watchNoun('photo'), ...watchNoun('look'), ...watchNoun('portrait'),
  ...watchNoun('job', 'subject_id', 'state, title, parameters, outcome, is_cleared'),
  // the job knows that it was drawn, and does not draw it again
  {
    table: 'portrait', event: 'delete', kind: 'job', id: 'old.job_id',
    subject: '(select subject_id from job where id = old.job_id)',
  },
  ...['dataset', 'snapshot'].flatMap((table) => (['insert', 'update'] as const).map((event): Watch => ({
    table, event, kind: 'job', id: 'new.job_id', subject: '(select subject_id from job where id = new.job_id)',
  }))),
  ...['setting', 'checkpoint', 'companion'].flatMap((table) => events.map((event): Watch => ({
    table, event, kind: 'settings', id: "''", subject: "''",
  }))),
];

const triggersSql = watched.map(({ table, event, columns, kind, id, subject }) => `
create temp trigger ${kind}_note_${table}_${event}
after ${event}${columns && event === 'update' ? ` of ${columns}` : ''} on main.${table} begin
  insert into note_due (kind, id, subject_id) select '${kind}', ${id}, ${subject}
    where ${subject} is not null and not exists (select 1 from note_due where kind = '${kind}' and id = ${id});
  select note_is_due();
end;`).join('\n');

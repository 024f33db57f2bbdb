// Queries over subjects. One that was removed while its portraits were kept stays as a row without a name, which
// nothing here shows.

import type { Database } from 'better-sqlite3';
import type { SubjectId } from '../contract/ids.ts';
import type { ClassWord, Subject } from '../contract/nouns.ts';

interface SubjectRow {
  id: SubjectId; name: string; trigger_word: string; class_word: ClassWord; has_consent: number; created_at_ms: number;
  consent_note: string; consent_at_ms: number | null;
  photo_count: number; look_count: number; portrait_count: number;
}

type Counted = 'photoCount' | 'lookCount' | 'portraitCount' | 'likenessRange' | 'coverPhotoId';
export type NewSubject = Omit<Subject, Counted | 'consentNote' | 'consentAtMs'>
  & Partial<Pick<Subject, 'consentNote' | 'consentAtMs'>>;

/** What is left out stays as it is. */
export type SubjectChange = Partial<Pick<Subject, 'name' | 'classWord' | 'hasConsent' | 'consentNote' | 'consentAtMs'>>;

export interface SubjectQueries {
  insert(subject: NewSubject): void;
  /** In the order they were made. */
  list(): Subject[];
  get(id: SubjectId): Subject | undefined;
  change(id: SubjectId, change: SubjectChange): void;
  /**
   * Removes the subject and every row that belongs to it, with the create jobs of others in which they are the second
   * person, and so the portraits that show them; false when there was none.
   */
  remove(id: SubjectId): boolean;
  /** The same but for the portraits, which stay without a name; what is in the trash goes. */
  removeButPortraits(id: SubjectId, removedAtMs: number): void;
}

const selectSql = `
select subject.*,
  (select count(*) from photo where subject_id = subject.id) as photo_count,
  (select count(*) from adapter where subject_id = subject.id) as look_count,
  (select count(*) from portrait where (subject_id = subject.id or second_subject_id = subject.id)
    and removed_at_ms is null) as portrait_count
from subject`;

export function subjectQueries(database: Database): SubjectQueries {
  const insert = database.prepare(`
    insert into subject (id, name, trigger_word, class_word, has_consent, consent_note, consent_at_ms, created_at_ms)
    values (@id, @name, @triggerWord, @classWord, @hasConsent, @consentNote, @consentAtMs, @createdAtMs)`);
  const list = database.prepare<[], SubjectRow>(`${selectSql} where removed_at_ms is null order by created_at_ms, id`);
  const get = database.prepare<[string], SubjectRow>(`${selectSql} where id = ? and removed_at_ms is null`);
  const change = database.prepare(`
    update subject set name = @name, has_consent = @hasConsent, consent_note = @consentNote,
      consent_at_ms = @consentAtMs, class_word = @classWord where id = @id`);
  const find = (id: SubjectId): Subject | undefined => {
    const row = get.get(id);
    return row && toSubject(row);
  };
  return {
    insert: (subject) => void insert.run({
      consentNote: '', consentAtMs: null, ...subject, hasConsent: Number(subject.hasConsent),
    }),
    list: () => list.all().map(toSubject),
    get: find,
    change(id, wanted) {
      const before = find(id);
      if (!before) return;
      const { name, classWord, hasConsent, consentNote, consentAtMs } = { ...before, ...wanted };
      change.run({ id, name, classWord, hasConsent: Number(hasConsent), consentNote, consentAtMs });
    },
    remove: subjectRemover(database),
    removeButPortraits: portraitKeeper(database),
  };
}

function subjectRemover(database: Database): SubjectQueries['remove'] {
  const remove = database.prepare('delete from subject where id = ?');
  const removeShared = database.prepare(
    "delete from job where kind = 'create' and parameters ->> '$.second.subjectId' = ?");
  return database.transaction((id: SubjectId) => {
    removeShared.run(id);
    return remove.run(id).changes > 0;
  });
}

function portraitKeeper(database: Database): SubjectQueries['removeButPortraits'] {
  const hide = database.prepare(`
    update subject set name = '', has_consent = 0, consent_note = '', consent_at_ms = null, removed_at_ms = @removedAtMs
    where id = @id`);
  const removals = [
    'delete from portrait where (subject_id = @id or second_subject_id = @id) and removed_at_ms is not null',
    'delete from photo where subject_id = @id',
    'delete from adapter where subject_id = @id',
    'delete from job where subject_id = @id and not exists (select 1 from portrait where job_id = job.id)',
    "update job set title = '', error = null, outcome = null, is_cleared = 1 where subject_id = @id",
  ].map((sql) => database.prepare(sql));
  return database.transaction((id: SubjectId, removedAtMs: number) => {
    for (const removal of removals) removal.run({ id });
    hide.run({ id, removedAtMs });
  });
}

function toSubject(row: SubjectRow): Subject {
  return {
    id: row.id, name: row.name, triggerWord: row.trigger_word, classWord: row.class_word,
    hasConsent: row.has_consent === 1, consentNote: row.consent_note, consentAtMs: row.consent_at_ms,
    coverPhotoId: null, createdAtMs: row.created_at_ms,
    photoCount: row.photo_count, lookCount: row.look_count, portraitCount: row.portrait_count,
    likenessRange: null,
  };
}

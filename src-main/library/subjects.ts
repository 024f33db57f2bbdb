// Queries over subjects.

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

export interface SubjectQueries {
  insert(subject: NewSubject): void;
  /** In the order they were made. */
  list(): Subject[];
  get(id: SubjectId): Subject | undefined;
  change(id: SubjectId, change: { name?: string; hasConsent?: boolean; classWord?: ClassWord }): void;
  /**
   * Removes the subject and every row that belongs to it, with the create jobs of others in which they are the second
   * person, and so the portraits that show them; false when there was none.
   */
  remove(id: SubjectId): boolean;
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
  const list = database.prepare<[], SubjectRow>(`${selectSql} order by created_at_ms, id`);
  const get = database.prepare<[string], SubjectRow>(`${selectSql} where id = ?`);
  const change = database.prepare(`
    update subject set name = coalesce(@name, name), has_consent = coalesce(@hasConsent, has_consent),
      class_word = coalesce(@classWord, class_word) where id = @id`);
  const remove = database.prepare('delete from subject where id = ?');
  const removeShared = database.prepare(
    "delete from job where kind = 'create' and parameters ->> '$.second.subjectId' = ?");
  return {
    insert: (subject) => void insert.run({
      consentNote: '', consentAtMs: null, ...subject, hasConsent: Number(subject.hasConsent),
    }),
    list: () => list.all().map(toSubject),
    get(id) {
      const row = get.get(id);
      return row && toSubject(row);
    },
    change(id, { name, hasConsent, classWord }) {
      const consent = hasConsent === undefined ? null : Number(hasConsent);
      change.run({ id, name: name ?? null, hasConsent: consent, classWord: classWord ?? null });
    },
    remove: database.transaction((id: SubjectId) => {
      removeShared.run(id);
      return remove.run(id).changes > 0;
    }),
  };
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

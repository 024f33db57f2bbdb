// Migration 5: portraits whose face was given without teaching, with somebody else in them, drawn again and enlarged.
// Whoever is the second person in a portrait takes it along when they are removed: it shows them.

export const sql = `
alter table portrait add column likeness_engine text check (likeness_engine in ('built-in', 'antelopev2'));
alter table portrait add column likeness_level text
  check (likeness_level in ('as-two-photos', 'nearly', 'some', 'none'));
alter table portrait add column instantly text;
alter table portrait add column second_subject_id text references subject (id) on delete cascade;
alter table portrait add column second_adapter_id text references adapter (id) on delete set null;
alter table portrait add column second_likeness text;
alter table portrait add column face_points text;
alter table portrait add column is_face_redrawn integer not null default 0 check (is_face_redrawn in (0, 1));
alter table portrait add column before_sha256 text references stored_file (sha256);
alter table portrait add column settings text not null default '{}';
create index portrait_by_second on portrait (second_subject_id) where second_subject_id is not null;
`;

// Migration 3: what is known of each photo grows: every face with its embedding, which of them will be learned and
// whether the user chose it, what was measured, a hash of the picture, and whose networks said so.
// `own_verdict` is of the photo alone, the verdict beside it of all photos together. `analyzed_by` is null where an
// older version has looked, so that the photo is looked at again.

export const sql = `
alter table photo add column hint text not null default '';
alter table photo add column actions text not null default '[]';
alter table photo add column own_verdict text;
alter table photo add column face_index integer;
alter table photo add column is_face_chosen integer not null default 0 check (is_face_chosen in (0, 1));
alter table photo add column face_points text;
alter table photo add column measures text;
alter table photo add column picture_hash text not null default '';
alter table photo add column same_as_photo_id text references photo (id) on delete set null;
alter table photo add column analyzed_by text check (analyzed_by in ('built-in', 'antelopev2'));

alter table face_embedding add column engine text not null default 'built-in'
  check (engine in ('built-in', 'antelopev2'));

create table found_face (
  photo_id text not null references photo (id) on delete cascade,
  face_index integer not null,
  box text not null,
  score real not null,
  points text not null,
  embedding blob,
  primary key (photo_id, face_index)
) strict, without rowid;
`;

// Migration 6: ratings, picks and variations, small pictures for the gallery, notes of consent, a queue with an order,
// imports and exports as jobs, what a look was taught from. `job` is made anew, because a check cannot be changed;
// what was prepared for export goes at every start, so its table starts empty.

export const sql = `
alter table subject add column consent_note text not null default '';
alter table subject add column consent_at_ms integer;
alter table subject add column removed_at_ms integer;
update subject set consent_at_ms = created_at_ms where has_consent = 1;

alter table portrait add column rating integer not null default 0 check (rating between 0 and 5);
alter table portrait add column flag integer not null default 0 check (flag in (-1, 0, 1));
alter table portrait add column tile_sha256 text references stored_file (sha256);
alter table portrait add column nearest_photo_id text references photo (id) on delete set null;
alter table portrait add column variation text;
alter table portrait add column origin_portrait_id text references portrait (id) on delete set null;
alter table portrait add column origin_how text check (origin_how in ('varied', 'upscaled', 'repeated'));

create table new_job (
  id text primary key,
  kind text not null check (kind in ('import', 'analyze', 'teach', 'create', 'export')),
  subject_id text not null references subject (id) on delete cascade,
  title text not null,
  parameters text not null,
  state text not null check (state in ('waiting', 'running', 'paused', 'done', 'failed', 'cancelled')),
  request text check (request in ('pause', 'finish')),
  attempts integer not null default 0,
  error text,
  outcome text,
  position real not null,
  created_at_ms integer not null,
  ended_at_ms integer
) strict;
insert into new_job (id, kind, subject_id, title, parameters, state, request, attempts, error, position, created_at_ms,
    ended_at_ms)
  select id, kind, subject_id, title, parameters, state, request, attempts, error,
    row_number() over (order by created_at_ms, rowid), created_at_ms, ended_at_ms
  from job order by rowid;
drop table job;
alter table new_job rename to job;
create index job_by_state on job (state, position);

alter table job_item add column outcome text;

drop table exported_file;
create table exported_file (
  id text primary key,
  adapter_id text references adapter (id) on delete cascade,
  job_id text references job (id) on delete cascade,
  format text,
  precision text,
  file_name text not null,
  metadata text not null,
  file_sha256 text not null references stored_file (sha256),
  unique (adapter_id, format, precision)
) strict;

create table dataset (
  job_id text primary key references job (id) on delete cascade,
  content text not null
) strict, without rowid;

create table library_note (
  name text primary key,
  value text not null
) strict, without rowid;

create index portrait_newest on portrait (subject_id, created_at_ms desc, id) where removed_at_ms is null;
create index portrait_likeness on portrait (subject_id, likeness_cosine desc, created_at_ms desc)
  where removed_at_ms is null;
create index portrait_all_newest on portrait (created_at_ms desc, id) where removed_at_ms is null;
create index portrait_all_likeness on portrait (likeness_cosine desc, created_at_ms desc) where removed_at_ms is null;
`;

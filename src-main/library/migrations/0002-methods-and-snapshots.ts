// Migration 2: three methods, jobs that pause, snapshots with their previews, pictures of a class, prepared exports.
// SQLite cannot change a check, so `job` and `adapter` are made anew; migrate() keeps references off meanwhile.

export const sql = `
create table new_job (
  id text primary key,
  kind text not null check (kind in ('analyze', 'teach', 'create')),
  subject_id text not null references subject (id) on delete cascade,
  title text not null,
  parameters text not null,
  state text not null check (state in ('waiting', 'running', 'paused', 'done', 'failed', 'cancelled')),
  request text check (request in ('pause', 'finish')),
  attempts integer not null default 0,
  error text,
  created_at_ms integer not null,
  ended_at_ms integer
) strict;
insert into new_job (id, kind, subject_id, title, parameters, state, attempts, error, created_at_ms, ended_at_ms)
  select id, kind, subject_id, title, parameters, state, attempts, error, created_at_ms, ended_at_ms
  from job order by rowid;
drop table job;
alter table new_job rename to job;
create index job_by_state on job (state, created_at_ms);

create table new_adapter (
  id text primary key,
  subject_id text not null references subject (id) on delete cascade,
  job_id text not null unique references job (id) on delete cascade,
  name text not null,
  method text not null check (method in ('lora', 'dreambooth', 'textual-inversion')),
  pack_id text not null,
  pack_name text not null,
  trigger_word text not null,
  rank integer not null,
  vector_count integer not null,
  training_steps integer not null,
  best_step integer not null,
  settings text not null,
  photo_count integer not null,
  final_loss real not null,
  metadata text not null,
  file_sha256 text not null references stored_file (sha256),
  created_at_ms integer not null
) strict;
insert into new_adapter (id, subject_id, job_id, name, method, pack_id, pack_name, trigger_word, rank, vector_count,
    training_steps, best_step, settings, photo_count, final_loss, metadata, file_sha256, created_at_ms)
  select id, subject_id, job_id, name, method, pack_id, pack_name, trigger_word, rank, 0, training_steps,
    training_steps, json_object('rank', rank, 'trainingSteps', training_steps), photo_count, final_loss, metadata,
    file_sha256, created_at_ms
  from adapter order by rowid;
drop table adapter;
alter table new_adapter rename to adapter;

alter table photo add column repeats integer not null default 1;

create table snapshot (
  job_id text not null references job (id) on delete cascade,
  step integer not null,
  loss real not null,
  validation_loss real,
  likeness real,
  faces_found integer not null,
  is_best integer not null check (is_best in (0, 1)),
  created_at_ms integer not null,
  primary key (job_id, step)
) strict, without rowid;

create table preview (
  id text primary key,
  job_id text not null,
  step integer not null,
  preview_index integer not null,
  file_sha256 text not null references stored_file (sha256),
  unique (job_id, step, preview_index),
  foreign key (job_id, step) references snapshot (job_id, step) on delete cascade
) strict;

create table class_image (
  pack_id text not null,
  class_word text not null,
  edge_px integer not null,
  seed integer not null,
  file_sha256 text not null references stored_file (sha256),
  primary key (pack_id, class_word, edge_px, seed)
) strict, without rowid;

create table exported_file (
  id text primary key,
  adapter_id text not null references adapter (id) on delete cascade,
  format text not null,
  precision text not null,
  file_name text not null,
  metadata text not null,
  file_sha256 text not null references stored_file (sha256),
  unique (adapter_id, format, precision)
) strict;
`;

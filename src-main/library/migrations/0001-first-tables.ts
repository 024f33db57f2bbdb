// Migration 1: subjects, photos, looks, portraits, jobs and the files they stand on.
// Times are milliseconds since 1970; ids are 32 hex digits; face embeddings are little-endian float32 blobs.

export const sql = `
create table stored_file (
  sha256 text primary key check (length(sha256) = 64),
  size_bytes integer not null,
  media_type text not null
) strict;

create table subject (
  id text primary key,
  name text not null,
  trigger_word text not null,
  class_word text not null,
  has_consent integer not null check (has_consent in (0, 1)),
  created_at_ms integer not null
) strict;

create table photo (
  id text primary key,
  subject_id text not null references subject (id) on delete cascade,
  original_sha256 text not null references stored_file (sha256),
  preview_sha256 text not null references stored_file (sha256),
  thumbnail_sha256 text not null references stored_file (sha256),
  crop_sha256 text references stored_file (sha256),
  file_name text not null,
  width_px integer not null,
  height_px integer not null,
  added_at_ms integer not null,
  face_box text,
  face_count integer not null default 0,
  grade text not null default 'waiting' check (grade in ('waiting', 'good', 'usable', 'left-out')),
  reason_codes text not null default '[]',
  reason text not null default '',
  user_choice text check (user_choice in ('use', 'leave-out')),
  caption text not null default '',
  details text not null default '[]',
  unique (subject_id, original_sha256)
) strict;

create table face_embedding (
  photo_id text primary key references photo (id) on delete cascade,
  embedding blob not null
) strict;

create table job (
  id text primary key,
  kind text not null check (kind in ('analyze', 'teach', 'create')),
  subject_id text not null references subject (id) on delete cascade,
  title text not null,
  parameters text not null,
  state text not null check (state in ('waiting', 'running', 'done', 'failed', 'cancelled')),
  attempts integer not null default 0,
  error text,
  created_at_ms integer not null,
  ended_at_ms integer
) strict;
create index job_by_state on job (state, created_at_ms);

create table job_loss (
  job_id text not null references job (id) on delete cascade,
  step integer not null,
  loss real not null,
  primary key (job_id, step)
) strict, without rowid;

create table adapter (
  id text primary key,
  subject_id text not null references subject (id) on delete cascade,
  job_id text not null unique references job (id) on delete cascade,
  name text not null,
  method text not null check (method in ('lora')),
  pack_id text not null,
  pack_name text not null,
  trigger_word text not null,
  rank integer not null,
  training_steps integer not null,
  photo_count integer not null,
  final_loss real not null,
  metadata text not null,
  file_sha256 text not null references stored_file (sha256),
  created_at_ms integer not null
) strict;

create table job_item (
  job_id text not null references job (id) on delete cascade,
  item_index integer not null,
  seed integer not null,
  parameters text not null,
  primary key (job_id, item_index)
) strict, without rowid;

create table portrait (
  id text primary key,
  subject_id text not null references subject (id) on delete cascade,
  job_id text not null,
  item_index integer not null,
  adapter_id text references adapter (id) on delete set null,
  pack_id text not null,
  style_id text,
  prompt text not null,
  negative_prompt text not null,
  seed integer not null,
  width_px integer not null,
  height_px integer not null,
  sampling_steps integer not null,
  sampler text not null,
  guidance_scale real not null,
  adapter_strength real not null,
  likeness_cosine real,
  likeness_distance real,
  latent_distance real,
  place_cosine real,
  file_sha256 text not null references stored_file (sha256),
  created_at_ms integer not null,
  removed_at_ms integer,
  unique (job_id, item_index),
  foreign key (job_id, item_index) references job_item (job_id, item_index) on delete cascade
) strict;

create table checkpoint (
  path text primary key,
  added_at_ms integer not null
) strict;

create table setting (
  name text primary key,
  value text not null
) strict, without rowid;
`;

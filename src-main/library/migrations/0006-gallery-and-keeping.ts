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
  items integer not null default 0,
  items_done integer not null default 0,
  is_cleared integer not null default 0 check (is_cleared in (0, 1)),
  created_at_ms integer not null,
  ended_at_ms integer
) strict;
insert into new_job (id, kind, subject_id, title, parameters, state, request, attempts, error, position, items,
    items_done, created_at_ms, ended_at_ms)
  select id, kind, subject_id, title, parameters, state, request, attempts, error,
    row_number() over (order by created_at_ms, rowid),
    (select count(*) from job_item where job_id = job.id), (select count(*) from portrait where job_id = job.id),
    created_at_ms, ended_at_ms
  from job order by rowid;
drop table job;
alter table new_job rename to job;
create index job_by_state on job (state, position);

-- An item is done once it has an outcome: its portrait, also after that is removed, its photo or its file.
alter table job_item add column outcome text;
update job_item set outcome = '{"kind":"drawn"}' where exists
  (select 1 from portrait where portrait.job_id = job_item.job_id and portrait.item_index = job_item.item_index);
create trigger job_item_added after insert on job_item begin
  update job set items = items + 1, items_done = items_done + (new.outcome is not null) where id = new.job_id;
end;
create trigger job_item_done after update of outcome on job_item
when (old.outcome is null) <> (new.outcome is null) begin
  update job set items_done = items_done + iif(new.outcome is null, -1, 1) where id = new.job_id;
end;
create trigger portrait_drawn after insert on portrait begin
  update job_item set outcome = '{"kind":"drawn"}'
  where job_id = new.job_id and item_index = new.item_index and outcome is null;
end;

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

create table note_due (
  seq integer primary key,
  kind text not null check (kind in ('subject', 'photo', 'job', 'look', 'portrait', 'settings')),
  id text not null,
  subject_id text not null,
  unique (kind, id)
) strict;

-- for counting by kind in one walk, then in the order of each sort; the newest have all that filters ask for. What
-- a partial index demands has to be among its columns, or SQLite reads every row to see it
create index portrait_kinds on portrait (subject_id, style_id, adapter_id, pack_id, rating, flag, likeness_cosine,
  removed_at_ms) where removed_at_ms is null;
create index portrait_newest on portrait (subject_id, created_at_ms desc, id, width_px, height_px, style_id, adapter_id,
  pack_id, rating, flag, likeness_cosine, removed_at_ms) where removed_at_ms is null;
create index portrait_all_newest on portrait (created_at_ms desc, id, width_px, height_px, style_id, adapter_id,
  pack_id, rating, flag, likeness_cosine, removed_at_ms) where removed_at_ms is null;
create index portrait_likeness on portrait (subject_id, likeness_cosine desc, created_at_ms desc, id, width_px,
  height_px, removed_at_ms) where removed_at_ms is null;
create index portrait_all_likeness on portrait (likeness_cosine desc, created_at_ms desc, id, width_px, height_px,
  removed_at_ms) where removed_at_ms is null;
create index portrait_rating on portrait (subject_id, rating desc, created_at_ms desc, id, width_px, height_px,
  removed_at_ms) where removed_at_ms is null;
create index portrait_all_rating on portrait (rating desc, created_at_ms desc, id, width_px, height_px, removed_at_ms)
  where removed_at_ms is null;
`;

// Migration 7: folders of the user's own models and what was found in them, VAEs chosen for checkpoints, where
// downloads are kept, providers that were tried, and the add-ons of portraits.

export const sql = `
create table model_folder (
  id text primary key,
  path text not null unique,
  kind text not null check (kind in ('comfyui', 'a1111', 'hugging-face', 'folder', 'file')),
  added_at_ms integer not null
) strict, without rowid;

-- what a file's header said, so that it is read again only when it has changed
create table model_file (
  path text primary key,
  folder_id text not null references model_folder (id) on delete cascade,
  size_bytes integer not null,
  modified_at_ms real not null,
  facts text not null
) strict, without rowid;
create index model_file_folder on model_file (folder_id);

create table checkpoint_vae (
  checkpoint_path text primary key,
  vae_path text not null
) strict, without rowid;

create table model_setting (
  name text primary key,
  value text not null
) strict, without rowid;

-- by provider, driver, device and version of ONNX Runtime
create table provider_trial (
  key text primary key,
  report text not null,
  tried_at_ms integer not null
) strict, without rowid;

alter table portrait add column add_ons text;
`;

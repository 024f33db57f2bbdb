// Migration 4: where the networks beside the base models lie, and the hashes of files that were read before. A hash
// counts for as long as size and time of change of its file are the same.

export const sql = `
create table companion (
  kind text primary key,
  path text not null,
  added_at_ms integer not null
) strict, without rowid;

create table known_hash (
  path text primary key,
  size_bytes integer not null,
  modified_at_ms real not null,
  sha256 text not null check (length(sha256) = 64)
) strict, without rowid;
`;

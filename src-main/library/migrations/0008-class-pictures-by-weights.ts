// Migration 8: pictures of a class belong to the weights that drew them. By which weights those before were drawn is
// not known, so they go and are drawn again when they are wanted.

export const sql = `
drop table class_image;
create table class_image (
  pack_id text not null,
  weights_mark text not null,
  class_word text not null,
  edge_px integer not null,
  seed integer not null,
  file_sha256 text not null references stored_file (sha256),
  primary key (pack_id, weights_mark, class_word, edge_px, seed)
) strict, without rowid;
`;

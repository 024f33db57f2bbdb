// Sets of ids that are never changed, only replaced: so that whoever shows one sees every change.

export type IdSet<Id extends string> = ReadonlySet<Id>;

export function idSet<Id extends string>(ids: Iterable<Id> = []): IdSet<Id> {
  return new Set(ids);
}

/** With the id where it was missing, without it where it was there. */
export function toggled<Id extends string>(set: IdSet<Id>, id: Id): IdSet<Id> {
  const changed = new Set(set);
  if (!changed.delete(id)) changed.add(id);
  return changed;
}

/** Without these; the same set where none of them was in it. */
export function without<Id extends string>(set: IdSet<Id>, ids: Iterable<Id>): IdSet<Id> {
  const changed = new Set(set);
  for (const id of ids) changed.delete(id);
  return changed.size === set.size ? set : changed;
}

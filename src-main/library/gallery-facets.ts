// How many portraits each choice of the gallery's filter has, counted in one pass over an index.

import type { Database } from 'better-sqlite3';
import { type PortraitFacets, portraitFilterSchema } from '../contract/gallery.ts';
import type { AdapterId, PackId, StyleId, SubjectId } from '../contract/ids.ts';
import { selectOf } from './gallery-filter.ts';
import { flagOf } from './portraits.ts';

interface Group {
  style_id: StyleId | null; adapter_id: AdapterId | null; pack_id: PackId; rating: number; flag: -1 | 0 | 1;
  count: number; low: number | null; high: number | null;
}

/** As the index has them, so that groups come one after the other. */
const kinds = 'subject_id, style_id, adapter_id, pack_id, rating, flag';

/** Counts of somebody's portraits, or of everybody's for null; the most frequent choice first. */
export function facetQuery(database: Database): (subjectId: SubjectId | null) => PortraitFacets {
  const names = database.prepare<[], { id: AdapterId; name: string }>('select id, name from adapter');
  return (subjectId) => {
    const { parts, parameters } = selectOf(
      `${kinds}, count(*) as count, min(likeness_cosine) as low, max(likeness_cosine) as high`,
      portraitFilterSchema.parse({ subjectId }));
    const groups = parts.flatMap((part) =>
      database.prepare<[object], Group>(`${part} group by ${kinds}`).all(parameters));
    const nameOf = new Map(names.all().map(({ id, name }) => [id, name]));
    const cosines = groups.flatMap(({ low, high }) => (low === null || high === null ? [] : [low, high]));
    return {
      total: groups.reduce((sum, { count }) => sum + count, 0),
      styles: tally(groups, (group) => group.style_id).map(([id, count]) => ({ id, count })),
      looks: tally(groups, (group) => group.adapter_id)
        .map(([id, count]) => ({ id, name: (id && nameOf.get(id)) ?? '', count })),
      packs: tally(groups, (group) => group.pack_id).map(([id, count]) => ({ id, count })),
      ratings: tally(groups, (group) => group.rating).map(([rating, count]) => ({ rating, count })),
      flags: tally(groups, (group) => group.flag).map(([flag, count]) => ({ flag: flagOf(flag), count })),
      likeness: cosines.length > 0 ? { low: Math.min(...cosines), high: Math.max(...cosines) } : null,
    };
  };
}

function tally<T>(groups: readonly Group[], keyOf: (group: Group) => T): [T, number][] {
  const counts = new Map<T, number>();
  for (const group of groups) counts.set(keyOf(group), (counts.get(keyOf(group)) ?? 0) + group.count);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

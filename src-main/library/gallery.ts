// The gallery's queries: which portraits a filter has, in what order and shapes, how many of each kind, and what the
// user thinks of them. Every order has an index of its own (migration 6), so a page costs what it shows.

import type { Database } from 'better-sqlite3';
import type { PortraitFacets, PortraitFilter, PortraitFlag, PortraitSort, ShapeRun } from '../contract/gallery.ts';
import type { PortraitId, SubjectId } from '../contract/ids.ts';
import { facetQuery } from './gallery-facets.ts';
import { orders, selectOf } from './gallery-filter.ts';
import { flagNumbers } from './portraits.ts';

export interface PortraitMarks {
  readonly rating?: number | undefined;
  readonly flag?: PortraitFlag | undefined;
}

export interface GalleryQueries {
  /** Ids in order, at most `limit` of them from `offset` on. */
  ids(filter: PortraitFilter, sort: PortraitSort, offset: number, limit: number): PortraitId[];
  count(filter: PortraitFilter): number;
  /** The shapes of all of them in order. */
  layout(filter: PortraitFilter, sort: PortraitSort): ShapeRun[];
  /** How many of somebody's portraits, or of everybody's for null, each choice of a filter has. */
  facets(subjectId: SubjectId | null): PortraitFacets;
  /** Sets what is given of stars and flag, and leaves the rest. */
  mark(ids: readonly PortraitId[], marks: PortraitMarks): void;
}

export function galleryQueries(database: Database): GalleryQueries {
  database.function('folded', { deterministic: true }, (text) => String(text).toLowerCase());
  const mark = database.prepare(
    'update portrait set rating = coalesce(@rating, rating), flag = coalesce(@flag, flag) where id = @id');
  return {
    ids(filter, sort, offset, limit) {
      const { parts, parameters } = selectOf(`id, ${orders[sort].columns}`, filter);
      const page = `${parts.join(' union all ')} order by ${orders[sort].by} limit @limit offset @offset`;
      return database.prepare<[object], PortraitId>(page).pluck().all({ ...parameters, limit, offset });
    },
    count(filter) {
      const { parts, parameters } = selectOf('count(*)', filter);
      const counts = parts.map((part) => database.prepare<[object], number>(part).pluck().get(parameters) ?? 0);
      return counts.reduce((sum, count) => sum + count, 0);
    },
    layout(filter, sort) {
      const { parts, parameters } = selectOf(`width_px, height_px, id, ${orders[sort].columns}`, filter);
      const whole = `${parts.join(' union all ')} order by ${orders[sort].by}`;
      return runsOf(database.prepare<[object], [width: number, height: number]>(whole).raw().iterate(parameters));
    },
    facets: facetQuery(database),
    mark: database.transaction((ids: readonly PortraitId[], { rating, flag }: PortraitMarks) => {
      for (const id of ids) mark.run({ id, rating: rating ?? null, flag: flag ? flagNumbers[flag] : null });
    }),
  };
}

/** Widths and heights in order as runs of one aspect ratio. */
function runsOf(shapes: Iterable<[width: number, height: number]>): ShapeRun[] {
  const runs: ShapeRun[] = [];
  for (const [width, height] of shapes) {
    const aspect = width / height;
    const last = runs.at(-1);
    if (last?.aspect === aspect) last.count++;
    else runs.push({ count: 1, aspect });
  }
  return runs;
}

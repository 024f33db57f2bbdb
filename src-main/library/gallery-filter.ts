// A filter as SQL. Somebody's portraits are those of which they are the subject, and those in which they are the
// second person: two selects put together, so that each of them can use its index and the order need not be sorted.

import type { PortraitFilter, PortraitSort } from '../contract/gallery.ts';
import { flagNumbers } from './portraits.ts';

/** Nulls come last, since they are the smallest; whole, so that a page never shows one twice. */
export const orders: Readonly<Record<PortraitSort, string>> = {
  newest: 'created_at_ms desc, id',
  oldest: 'created_at_ms, id desc',
  likeness: 'likeness_cosine desc, created_at_ms desc, id',
  rating: 'rating desc, created_at_ms desc, id',
};

type Value = string | number | null;

export interface Selection {
  readonly sql: string;
  readonly parameters: Record<string, Value>;
}

/** A select of these columns, and of those that the orders need. */
export function selectOf(columns: string, filter: PortraitFilter): Selection {
  const { conditions, parameters } = filterConditions(filter);
  const select = (person: string): string => `
    select ${columns}, id as id_, created_at_ms, likeness_cosine, rating from portrait
    where ${[person, 'removed_at_ms is null', ...conditions].filter(Boolean).join(' and ')}`;
  const both = filter.subjectId === null ? select('') : [
    select('subject_id = @subjectId'), select('second_subject_id = @subjectId and subject_id <> @subjectId'),
  ].join(' union all ');
  return { sql: `select ${columns} from (${both})`, parameters };
}

/** What the filter asks besides who it is. */
function filterConditions(
  filter: PortraitFilter,
): { conditions: string[]; parameters: Selection['parameters'] } {
  const conditions: string[] = [];
  const parameters: Record<string, Value> = filter.subjectId === null ? {} : { subjectId: filter.subjectId };
  const ask = (condition: string, values: Readonly<Record<string, Value>>): void => {
    conditions.push(condition);
    Object.assign(parameters, values);
  };
  const oneOf = (column: string, values: readonly Value[]): void => {
    if (values.length === 0) return;
    const known = values.filter((value) => value !== null);
    const names = known.map((_, index) => `@${column}${index}`);
    const parts = [
      names.length > 0 ? `${column} in (${names.join(', ')})` : '',
      known.length < values.length ? `${column} is null` : '',
    ].filter(Boolean);
    ask(`(${parts.join(' or ')})`, Object.fromEntries(known.map((value, index) => [`${column}${index}`, value])));
  };
  if (filter.jobId !== null) ask('job_id = @jobId', { jobId: filter.jobId });
  oneOf('adapter_id', filter.adapterIds);
  oneOf('style_id', filter.styleIds);
  oneOf('pack_id', filter.packIds);
  oneOf('flag', filter.flags.map((flag) => flagNumbers[flag]));
  if (filter.minimumRating > 0) ask('rating >= @minimumRating', { minimumRating: filter.minimumRating });
  if (filter.likenessFrom !== null) ask('likeness_cosine >= @likenessFrom', { likenessFrom: filter.likenessFrom });
  if (filter.likenessTo !== null) ask('likeness_cosine <= @likenessTo', { likenessTo: filter.likenessTo });
  if (filter.madeFromMs !== null) ask('created_at_ms >= @madeFromMs', { madeFromMs: filter.madeFromMs });
  if (filter.madeToMs !== null) ask('created_at_ms < @madeToMs', { madeToMs: filter.madeToMs });
  filter.text.toLowerCase().split(/\s+/).filter(Boolean).forEach((word, index) =>
    ask(`instr(folded(prompt), @word${index}) > 0`, { [`word${index}`]: word }));
  return { conditions, parameters };
}

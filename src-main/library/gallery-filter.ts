// A filter as SQL. Somebody's portraits are those of which they are the subject, and those in which they are the
// second person: two selects, each of which walks its index in order, merged.

import type { PortraitFilter, PortraitSort } from '../contract/gallery.ts';
import { flagNumbers } from './portraits.ts';

/**
 * By what each sort orders, and the columns of it besides the id; no more, so that its index is enough. Nulls come
 * last, since they are the smallest. Every order is whole: no page shows a portrait twice.
 */
export const orders: Readonly<Record<PortraitSort, { readonly by: string; readonly columns: string }>> = {
  newest: { by: 'created_at_ms desc, id', columns: 'created_at_ms' },
  oldest: { by: 'created_at_ms, id desc', columns: 'created_at_ms' },
  likeness: { by: 'likeness_cosine desc, created_at_ms desc, id', columns: 'likeness_cosine, created_at_ms' },
  rating: { by: 'rating desc, created_at_ms desc, id', columns: 'rating, created_at_ms' },
};

type Value = string | number | null;

export interface Selection {
  /** Selects that together have each portrait once. */
  readonly parts: readonly string[];
  readonly parameters: Readonly<Record<string, Value>>;
}

/** Selects of these columns; to be ordered, all of the order's must be among them. */
export function selectOf(columns: string, filter: PortraitFilter): Selection {
  const { conditions, parameters } = filterConditions(filter);
  const select = (person: string): string => {
    const all = [person, 'removed_at_ms is null', ...conditions].filter(Boolean);
    return `select ${columns} from portrait where ${all.join(' and ')}`;
  };
  const parts = filter.subjectId === null ? [select('')] : [
    select('subject_id = @subjectId'), select('second_subject_id = @subjectId and subject_id <> @subjectId'),
  ];
  return { parts, parameters };
}

/** What the filter asks besides who it is. */
function filterConditions(filter: PortraitFilter): { conditions: string[]; parameters: Record<string, Value> } {
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
  filter.text.split(/\s+/).filter(Boolean).forEach((word, index) => {
    const isPlain = /^[ -~]+$/.test(word);
    const pattern = `%${word.replace(/[%_\\]/g, '\\$&')}%`;
    // SQLite's own comparison knows the case of plain letters alone, but is much faster
    ask(isPlain ? `prompt like @word${index} escape '\\'` : `instr(folded(prompt), @word${index}) > 0`,
      { [`word${index}`]: isPlain ? pattern : word.toLowerCase() });
  });
  return { conditions, parameters };
}

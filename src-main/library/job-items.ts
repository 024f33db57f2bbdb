// Queries over the items of jobs: a portrait to draw, with its seed, or a file to bring in or write. An item is done
// once it has an outcome; a trigger gives a drawn one its outcome together with its portrait, and counts them in `job`.

import type { Database } from 'better-sqlite3';
import type { JobId } from '../contract/ids.ts';

/** One thing that a job is to do. */
export interface JobItem {
  readonly itemIndex: number;
  /** Of a portrait; 0 for others. */
  readonly seed: number;
  /** As JSON. */
  readonly parameters: string;
}

export interface JobItemQueries {
  /** All of them, in order. */
  items(id: JobId): JobItem[];
  /** Items without an outcome, in order; one whose portrait was removed is done. */
  itemsToDo(id: JobId): JobItem[];
  /** Items with their outcomes as JSON, in order. */
  itemOutcomes(id: JobId): { readonly itemIndex: number; readonly outcome: string }[];
  /** The item is done; in the same transaction as what came of it, where that is a row as well. */
  setItemOutcome(id: JobId, itemIndex: number, outcome: string): void;
  /** Forgets what a done item was to do, such as the path of a file. */
  forgetItem(id: JobId, itemIndex: number): void;
}

export function jobItemQueries(database: Database): JobItemQueries {
  const all = database.prepare<[string], JobItem>(
    'select item_index as itemIndex, seed, parameters from job_item where job_id = ? order by item_index');
  const toDo = database.prepare<[string], JobItem>(`
    select item_index as itemIndex, seed, parameters from job_item where job_id = ? and outcome is null
    order by item_index`);
  const outcomes = database.prepare<[string], { itemIndex: number; outcome: string }>(`
    select item_index as itemIndex, outcome from job_item where job_id = ? and outcome is not null
    order by item_index`);
  const setOutcome = database.prepare('update job_item set outcome = ? where job_id = ? and item_index = ?');
  const forget = database.prepare("update job_item set parameters = '{}' where job_id = ? and item_index = ?");
  return {
    items: (id) => all.all(id),
    itemsToDo: (id) => toDo.all(id),
    itemOutcomes: (id) => outcomes.all(id),
    setItemOutcome: (id, itemIndex, outcome) => void setOutcome.run(outcome, id, itemIndex),
    forgetItem: (id, itemIndex) => void forget.run(id, itemIndex),
  };
}

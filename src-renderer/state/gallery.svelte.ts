// The gallery: which portraits are looked through, in what order. The shapes of all of them are here, the portraits
// themselves only around what is on the screen; so it makes no difference whether there are a hundred or a hundred
// thousand.

import {
  type PortraitFacets, type PortraitFilter, portraitFilterSchema, type PortraitSort, type ShapeRun,
} from '../../src-main/contract/gallery.ts';
import type { PortraitId, SubjectId } from '../../src-main/contract/ids.ts';
import type { Portrait } from '../../src-main/contract/nouns.ts';
import type { StudioEvent } from '../../src-main/contract/studio.ts';
import type { StudioClient } from '../ipc/client.ts';
import { GalleryPieces, OnceAtATime, type Piece, pieceLength, pieceOf, piecesAround } from './gallery-pieces.ts';
import type { Schedule } from './notices.svelte.ts';
import { Selection } from './selection.svelte.ts';

/** New portraits come one after the other; they are shown together after a moment. */
const settleMs = 250;

export const emptyFilter: PortraitFilter = portraitFilterSchema.parse({});

export class Gallery {
  filter = $state.raw<PortraitFilter>(emptyFilter);
  sort = $state<PortraitSort>('newest');
  runs = $state.raw<readonly ShapeRun[]>([]);
  facets = $state.raw<PortraitFacets | null>(null);
  isLoading = $state(false);
  /** Everything was read at least once for what is shown. */
  isLoaded = $state(false);
  /** Place of the portrait that has the keyboard. */
  focus = $state(0);
  /** The large view opens at actual size. */
  opensActual = false;
  readonly selection: Selection;
  total = $derived(this.runs.reduce((sum, { count }) => sum + count, 0));
  isFiltered = $derived(countAsked(this.filter) > 0);
  #pieces = $state.raw(new GalleryPieces());
  #client: StudioClient;
  #schedule: Schedule;
  #report: (thrown: unknown) => void;
  /** Counts up with every change of what is shown; answers to an earlier question are dropped. */
  #question = 0;
  #loading = new OnceAtATime();
  #isShown = false;
  /** What was needed last: the stretch that is on the screen. */
  #seen: readonly [from: number, to: number] = [0, 0];
  #callOff: (() => void) | null = null;
  #callOffCount: (() => void) | null = null;

  constructor(client: StudioClient, schedule: Schedule, report: (thrown: unknown) => void) {
    this.#client = client;
    this.#schedule = schedule;
    this.#report = report;
    this.selection = new Selection(this);
  }

  /** Looks through somebody's portraits, or everybody's for null. */
  async show(subjectId: SubjectId | null): Promise<void> {
    if (this.#isShown && this.filter.subjectId === subjectId) return await this.refresh();
    this.#isShown = true;
    this.isLoaded = false;
    this.facets = null;
    await this.#ask({ ...emptyFilter, subjectId }, this.sort);
  }

  async change(change: Partial<PortraitFilter>): Promise<void> {
    await this.#ask({ ...this.filter, ...change }, this.sort);
  }

  async clearFilter(): Promise<void> {
    await this.#ask({ ...emptyFilter, subjectId: this.filter.subjectId }, this.sort);
  }

  async sortBy(sort: PortraitSort): Promise<void> {
    await this.#ask(this.filter, sort);
  }

  /** The portrait at a place; undefined while it is not loaded. */
  at(index: number): Portrait | undefined {
    return this.#pieces.at(index);
  }

  find(id: PortraitId | null): Portrait | null {
    return this.#pieces.find(id);
  }

  /** Place of a portrait; -1 where it is not loaded. */
  placeOf(id: PortraitId | null): number {
    return this.#pieces.placeOf(id);
  }

  get focused(): Portrait | null {
    return this.at(this.focus) ?? null;
  }

  /** Loads what is missing of a stretch; resolves when it is there. */
  async need(from: number, to: number): Promise<void> {
    this.#seen = [from, to];
    const last = Math.min(to, this.total) - 1;
    const wanted: Promise<void>[] = [];
    for (let number = pieceOf(Math.max(0, from)); number * pieceLength <= last; number++) {
      if (!this.#pieces.has(number)) wanted.push(this.#load(number));
    }
    await Promise.all(wanted);
  }

  /** Ids of a stretch in order, whether they are loaded or not. */
  async idsOf(from: number, to: number): Promise<PortraitId[]> {
    const loaded = Array.from({ length: to - from }, (_, each) => this.at(from + each)?.id);
    if (loaded.every((id) => id !== undefined)) return loaded;
    const ids: PortraitId[] = [];
    const { filter, sort } = this;
    while (from + ids.length < to) {
      const [offset, limit] = [from + ids.length, Math.min(10_000, to - from - ids.length)];
      const { portraitIds } = await this.#client.call('portraits.ids', { filter, sort, offset, limit });
      if (portraitIds.length === 0) break;
      ids.push(...portraitIds);
    }
    return ids;
  }

  /** Reads everything again and keeps what is shown until the answer is here; the same portrait keeps the focus. */
  async refresh(): Promise<void> {
    if (this.#isShown) await this.#ask(this.filter, this.sort);
  }

  /** Takes in what the studio tells. */
  take(event: StudioEvent): void {
    if (!this.#isShown) return;
    if (event.type === 'portrait-changed') this.putAll([event.portrait]);
    // of many at once the first is enough
    else if (this.#callOff) return;
    else if (event.type === 'portrait-removed' && this.find(event.portraitId)) this.#refreshSoon();
    else if (event.type === 'portrait-added' && this.#concerns(event.portrait)) this.#refreshSoon();
  }

  /** Sets marks at once on the page. */
  putAll(portraits: readonly Portrait[]): void {
    this.#pieces = this.#pieces.changed(portraits);
  }

  /** After marks: what they decide about is another now. */
  refreshAfterMarks(): void {
    const { flags, minimumRating } = this.filter;
    if (this.sort === 'rating' || flags.length > 0 || minimumRating > 0) this.refresh().catch(this.#report);
    else this.#countSoon();
  }

  #concerns({ subjectId, second }: Portrait): boolean {
    const wanted = this.filter.subjectId;
    return wanted === null || wanted === subjectId || wanted === second?.subjectId;
  }

  #refreshSoon(): void {
    this.#callOff ??= this.#schedule(() => {
      this.#callOff = null;
      this.refresh().catch(this.#report);
    }, settleMs);
  }

  /** Counts by kind again, after a moment. */
  #countSoon(): void {
    this.#callOffCount ??= this.#schedule(() => {
      this.#callOffCount = null;
      const { subjectId } = this.filter;
      this.#client.call('portraits.facets', { subjectId }).then((facets) => {
        if (this.filter.subjectId === subjectId) this.facets = facets;
      }).catch(this.#report);
    }, settleMs);
  }

  async #ask(filter: PortraitFilter, sort: PortraitSort): Promise<void> {
    const question = ++this.#question;
    const isSame = filter === this.filter && sort === this.sort && this.isLoaded;
    const focused = this.focused?.id ?? null;
    [this.filter, this.sort] = [filter, sort];
    this.isLoading = true;
    try {
      const [layout, facets, ...pieces] = await Promise.all([
        this.#client.call('portraits.layout', { filter, sort }),
        this.#client.call('portraits.facets', { subjectId: filter.subjectId }),
        ...(isSame ? piecesAround(this.#seen, this.focus) : [0]).map((number) => this.#read(number)),
      ]);
      if (question !== this.#question) return;
      this.#loading.forget();
      this.#pieces = new GalleryPieces(pieces);
      this.runs = layout.runs;
      this.facets = facets;
      this.isLoaded = true;
      // the same portrait keeps the focus, or the place where it was; another question begins at the top
      const place = this.placeOf(focused);
      const wanted = place >= 0 ? place : this.focus;
      this.focus = isSame ? Math.max(0, Math.min(wanted, this.total - 1)) : 0;
      if (!isSame) this.selection.clear();
    } finally {
      if (question === this.#question) this.isLoading = false;
    }
  }

  #load(number: number): Promise<void> {
    const question = this.#question;
    return this.#loading.run(number, async () => {
      const [, portraits] = await this.#read(number);
      if (question === this.#question) this.#pieces = this.#pieces.with(number, portraits);
    });
  }

  async #read(number: number): Promise<Piece> {
    const { filter, sort } = this;
    const page = { filter, sort, offset: number * pieceLength, limit: pieceLength };
    return [number, (await this.#client.call('portraits.page', page)).portraits];
  }
}

/** How many questions a filter asks besides whose portraits. */
export function countAsked(filter: PortraitFilter): number {
  const { subjectId: _, ...asked } = filter;
  const { likenessFrom, likenessTo, madeFromMs, madeToMs, ...rest } = asked;
  const isEmpty = (value: unknown): boolean =>
    value === null || value === 0 || value === '' || (Array.isArray(value) && value.length === 0);
  const ranges = [[likenessFrom, likenessTo], [madeFromMs, madeToMs]];
  return Object.values(rest).filter((value) => !isEmpty(value)).length
    + ranges.filter((range) => range.some((end) => end !== null)).length;
}

// What a studio answers about portraits that lie in an array: filtered, ordered, counted and marked as the real one
// does it, but plainly.

import type { PortraitFilter, PortraitSort } from '../../src-main/contract/gallery.ts';
import type { Portrait } from '../../src-main/contract/nouns.ts';
import { commands } from '../../src-main/contract/studio.ts';

/** Where the portraits are; those in `removed` are in the trash. */
export interface PortraitShelf {
  portraits: Portrait[];
  removed: Portrait[];
}

type Answers = Readonly<Record<string, (request: object) => unknown>>;

const descending = (a: number, b: number): number => b - a;
const orders: Record<PortraitSort, (a: Portrait, b: Portrait) => number> = {
  newest: (a, b) => descending(a.createdAtMs, b.createdAtMs) || (a.id < b.id ? -1 : 1),
  oldest: (a, b) => -orders.newest(a, b),
  likeness: (a, b) => descending(a.likeness.cosine ?? -2, b.likeness.cosine ?? -2) || orders.newest(a, b),
  rating: (a, b) => descending(a.rating ?? 0, b.rating ?? 0) || orders.newest(a, b),
};

/** The commands of the gallery over a shelf; `tell` hears of what changes. */
export function galleryAnswers(shelf: () => PortraitShelf, tell: (event: object) => void = () => undefined): Answers {
  const found = (filter: PortraitFilter, sort: PortraitSort): Portrait[] =>
    shelf().portraits.filter((portrait) => fits(portrait, filter)).sort(orders[sort]);
  return {
    'portraits.page': (request) => {
      const { filter, sort, offset, limit } = commands['portraits.page'].request.parse(request);
      const all = found(filter, sort);
      return { portraits: all.slice(offset, offset + limit), total: all.length };
    },
    'portraits.layout': (request) => {
      const { filter, sort } = commands['portraits.layout'].request.parse(request);
      const all = found(filter, sort);
      const runs = all.map(({ widthPx, heightPx }) => ({ count: 1, aspect: widthPx / heightPx }));
      return { runs, total: all.length };
    },
    'portraits.ids': (request) => {
      const { filter, sort, offset, limit } = commands['portraits.ids'].request.parse(request);
      const all = found(filter, sort);
      return { portraitIds: all.slice(offset, offset + limit).map(({ id }) => id), total: all.length };
    },
    'portraits.facets': (request) => {
      const { subjectId } = commands['portraits.facets'].request.parse(request);
      return facetsOf(shelf().portraits.filter((portrait) => isOf(portrait, subjectId)));
    },
    'portraits.get': (request) => {
      const { portraitIds } = commands['portraits.get'].request.parse(request);
      return portraitIds.flatMap((id) => shelf().portraits.find((portrait) => portrait.id === id) ?? []);
    },
    'portraits.mark': (request) => mark(shelf(), request, tell),
    'portraits.remove': (request) => remove(shelf(), request, tell),
  };
}

function mark(shelf: PortraitShelf, request: object, tell: (event: object) => void): object {
  const { portraitIds, rating, flag } = commands['portraits.mark'].request.parse(request);
  shelf.portraits = shelf.portraits.map((portrait) => {
    if (!portraitIds.includes(portrait.id)) return portrait;
    const marked = { ...portrait, rating: rating ?? portrait.rating, flag: flag ?? portrait.flag };
    tell({ type: 'portrait-changed', portrait: marked });
    return marked;
  });
  return {};
}

function remove(shelf: PortraitShelf, request: object, tell: (event: object) => void): object {
  const { portraitIds, restore } = commands['portraits.remove'].request.parse(request);
  const [from, to] = restore ? ['removed', 'portraits'] as const : ['portraits', 'removed'] as const;
  const moved = shelf[from].filter(({ id }) => portraitIds.includes(id));
  shelf[from] = shelf[from].filter(({ id }) => !portraitIds.includes(id));
  shelf[to] = [...shelf[to], ...moved];
  for (const portrait of moved) {
    tell(restore ? { type: 'portrait-added', portrait }
      : { type: 'portrait-removed', subjectId: portrait.subjectId, portraitId: portrait.id });
  }
  return {};
}

function isOf({ subjectId, second }: Portrait, wanted: string | null): boolean {
  return wanted === null || subjectId === wanted || second?.subjectId === wanted;
}

function fits(portrait: Portrait, filter: PortraitFilter): boolean {
  const { cosine } = portrait.likeness;
  const oneOf = <T>(chosen: readonly T[], value: T): boolean => chosen.length === 0 || chosen.includes(value);
  return isOf(portrait, filter.subjectId)
    && (filter.jobId === null || portrait.jobId === filter.jobId)
    && oneOf(filter.styleIds, portrait.styleId) && oneOf(filter.adapterIds, portrait.adapterId)
    && oneOf(filter.packIds, portrait.packId) && oneOf(filter.flags, portrait.flag ?? 'none')
    && (portrait.rating ?? 0) >= filter.minimumRating
    && (filter.likenessFrom === null || (cosine !== null && cosine >= filter.likenessFrom))
    && (filter.likenessTo === null || (cosine !== null && cosine <= filter.likenessTo))
    && (filter.madeFromMs === null || portrait.createdAtMs >= filter.madeFromMs)
    && (filter.madeToMs === null || portrait.createdAtMs < filter.madeToMs)
    && filter.text.toLowerCase().split(/\s+/).every((word) => portrait.prompt.toLowerCase().includes(word));
}

function facetsOf(portraits: readonly Portrait[]): object {
  const tally = <T>(valueOf: (portrait: Portrait) => T): [T, number][] =>
    [...Map.groupBy(portraits, valueOf)].map(([value, all]): [T, number] => [value, all.length])
      .sort((a, b) => descending(a[1], b[1]));
  const cosines = portraits.flatMap(({ likeness }) => likeness.cosine ?? []);
  return {
    total: portraits.length,
    styles: tally(({ styleId }) => styleId).map(([id, count]) => ({ id, count })),
    looks: tally(({ adapterId }) => adapterId)
      .map(([id, count]) => ({ id, name: id ? `Look ${id.at(-1)}` : '', count })),
    packs: tally(({ packId }) => packId).map(([id, count]) => ({ id, count })),
    ratings: tally(({ rating }) => rating ?? 0).map(([rating, count]) => ({ rating, count })),
    flags: tally(({ flag }) => flag ?? 'none').map(([flag, count]) => ({ flag, count })),
    likeness: cosines.length > 0 ? { low: Math.min(...cosines), high: Math.max(...cosines) } : null,
  };
}

// Commands of the gallery: look through portraits, mark them, move some to the trash and back.

import type { PortraitId } from '../contract/ids.ts';
import type { CommandResponse, ParsedRequest } from '../contract/studio.ts';
import type { PortraitRecord } from '../library/portraits.ts';
import type { Handlers, StudioContext } from './context.ts';
import { present } from './missing.ts';
import { announceSubject } from './subject-view.ts';

type Reading = 'portraits.list' | 'portraits.page' | 'portraits.layout' | 'portraits.ids' | 'portraits.facets'
  | 'portraits.get';

export function galleryCommands(context: StudioContext): Handlers<Reading | 'portraits.mark' | 'portraits.remove'> {
  return {
    ...readingCommands(context),
    'portraits.mark': (request) => mark(context, request),
    'portraits.remove': (request) => context.library.freeing(() => remove(context, request)),
  };
}

function readingCommands({ library: { gallery, portraits } }: StudioContext): Handlers<Reading> {
  const read = (ids: readonly PortraitId[]): PortraitRecord[] => ids.flatMap((id) => portraits.get(id) ?? []);
  return {
    'portraits.list': ({ subjectId }) => portraits.list(subjectId),
    'portraits.page': ({ filter, sort, offset, limit }) => ({
      portraits: read(gallery.ids(filter, sort, offset, limit)), total: gallery.count(filter),
    }),
    'portraits.layout': ({ filter, sort }) => {
      const runs = gallery.layout(filter, sort);
      return { runs, total: runs.reduce((sum, { count }) => sum + count, 0) };
    },
    'portraits.ids': ({ filter, sort, offset, limit }) => ({
      portraitIds: gallery.ids(filter, sort, offset, limit), total: gallery.count(filter),
    }),
    'portraits.facets': ({ subjectId }) => gallery.facets(subjectId),
    'portraits.get': ({ portraitIds }) => read(portraitIds),
  };
}

function mark(
  { library, emit }: StudioContext, { portraitIds, rating, flag }: ParsedRequest<'portraits.mark'>,
): CommandResponse<'portraits.mark'> {
  const marked = portraitIds.map((id) => present(library.portraits.get(id), 'portrait'));
  library.gallery.mark(portraitIds, { rating, flag });
  for (const portrait of marked) {
    const now = { ...portrait, rating: rating ?? portrait.rating, flag: flag ?? portrait.flag };
    emit({ type: 'portrait-changed', portrait: now });
  }
  return {};
}

/** Into the trash, or out of it. */
function remove(
  context: StudioContext, { portraitIds, restore }: ParsedRequest<'portraits.remove'>,
): CommandResponse<'portraits.remove'> {
  const { library, emit } = context;
  const moved = portraitIds.map((id) => present(library.portraits.get(id), 'portrait'));
  library.transaction(() => {
    for (const { id } of moved) library.portraits.setRemoved(id, restore ? null : Date.now());
  });
  for (const portrait of moved) {
    if (restore) emit({ type: 'portrait-added', portrait });
    else emit({ type: 'portrait-removed', subjectId: portrait.subjectId, portraitId: portrait.id });
  }
  const people = moved.flatMap(({ subjectId, second }) => (second ? [subjectId, second.subjectId] : [subjectId]));
  // who was removed with their portraits kept is nobody's subject any more
  for (const id of new Set(people)) if (library.subjects.get(id)) announceSubject(context, id);
  return {};
}

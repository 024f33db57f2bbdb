// The keys that are about portraits, on the pages that show them. What is chosen decides what they act on.

import type { PortraitId } from '../../src-main/contract/ids.ts';
import { drawAgain, markPortraits, removePortraits, toggleFlag } from './gallery-acts.ts';
import type { Shortcut } from './shortcuts.ts';
import type { Workspace } from './workspace.svelte.ts';

/** Whether the page is a gallery: of one person or of everybody. */
export function isGalleryPage({ view }: Workspace): boolean {
  return view.page === 'portraits' || view.page === 'all-portraits';
}

/** Portraits that a key acts on. */
export function chosenPortraits(workspace: Workspace): PortraitId[] {
  const { gallery, view } = workspace;
  if (isGalleryPage(workspace)) return gallery.selection.subject;
  return view.page === 'create' && view.portraitId ? [view.portraitId] : [];
}

/** Puts the chosen portraits side by side; one alone beside its neighbour. */
export async function compareChosen(workspace: Workspace): Promise<void> {
  const { client, comparison, gallery, notices, portraits, words } = workspace;
  const ids = gallery.selection.subject.slice(0, 6);
  const neighbour = gallery.at(gallery.focus + 1) ?? gallery.at(gallery.focus - 1);
  if (ids.length === 1 && neighbour) ids.push(neighbour.id);
  if (ids.length < 2) return notices.say(words.gallery.compareNeeds);
  await notices.attempt(async () => {
    const known = ids.flatMap((id) => portraits.find(id) ?? []);
    const all = known.length === ids.length ? known : await client.call('portraits.get', { portraitIds: ids });
    comparison.open(all);
  });
}

const onGallery = (workspace: Workspace): boolean => isGalleryPage(workspace);
const onChosen = (workspace: Workspace): boolean => chosenPortraits(workspace).length > 0;
const act = (run: (workspace: Workspace, ids: PortraitId[]) => Promise<void> | void) =>
  (workspace: Workspace): void => void run(workspace, chosenPortraits(workspace));

const rate = (rating: number) => act((workspace, ids) => markPortraits(workspace, ids, { rating }));

/** They stand before keys of the same name that work anywhere. */
export const galleryShortcuts: readonly Shortcut[] = [
  ...[1, 2, 3, 4, 5, 0].map((rating): Shortcut => ({
    keys: [String(rating)], group: 'inPortraits', label: 'rate', when: onChosen, run: rate(rating), isUnlisted: true,
  })),
  { keys: ['1–5', '0'], group: 'inPortraits', label: 'rate' },
  {
    keys: ['p'], group: 'inPortraits', label: 'pick', when: onChosen,
    run: act((workspace, ids) => toggleFlag(workspace, ids, 'pick')),
  },
  {
    keys: ['x'], group: 'inPortraits', label: 'reject', when: onChosen,
    run: act((workspace, ids) => toggleFlag(workspace, ids, 'reject')),
  },
  {
    keys: ['c'], group: 'inPortraits', label: 'compare', when: (all) => onGallery(all) && onChosen(all),
    run: (workspace) => void compareChosen(workspace),
  },
  {
    keys: ['v'], group: 'inPortraits', label: 'vary', when: onChosen,
    run: act((workspace, ids) => drawAgain(workspace, ids, 'vary')),
  },
  {
    keys: ['u'], group: 'inPortraits', label: 'upscale', when: onChosen,
    run: act((workspace, ids) => drawAgain(workspace, ids, 'upscale')),
  },
  {
    keys: ['e'], group: 'inPortraits', label: 'savePortraits', when: onChosen,
    run: act(({ saving }, ids) => saving.open(ids)),
  },
  {
    keys: ['Delete', 'Backspace'], group: 'inPortraits', label: 'removePortraits', when: onChosen,
    run: act((workspace, ids) => removePortraits(workspace, ids)),
  },
  {
    keys: ['Ctrl+a'], group: 'inPortraits', label: 'all', when: onGallery,
    run: ({ gallery, notices }) => void notices.attempt(() => gallery.selection.all()),
  },
  { keys: ['Shift', 'Ctrl'], group: 'inPortraits', label: 'stretch' },
  {
    keys: ['Escape'], group: 'inPortraits', label: 'back', isUnlisted: true,
    when: (workspace) => onGallery(workspace) && workspace.gallery.selection.ids.size > 1 && !workspace.view.hasQueue,
    run: ({ gallery }) => gallery.selection.clear(),
  },
];

/** Keys of the comparison, which it handles itself. */
export const comparisonShortcuts: readonly Shortcut[] = [
  { keys: ['ArrowLeft', 'ArrowRight'], group: 'inComparison', label: 'swap' },
  { keys: ['Tab'], group: 'inComparison', label: 'nextCandidate' },
  { keys: ['Enter'], group: 'inComparison', label: 'keepWinner' },
];

// What is done with portraits that touches several parts of the page: stars, pick and reject, more of them, and the
// trash; what can be undone is.

import type { PortraitFlag } from '../../src-main/contract/gallery.ts';
import type { PortraitId } from '../../src-main/contract/ids.ts';
import type { Portrait } from '../../src-main/contract/nouns.ts';
import type { Workspace } from './workspace.svelte.ts';

export interface Marks {
  readonly rating?: number;
  readonly flag?: PortraitFlag;
}

/** Portraits that one command takes. */
const commandLength = 10_000;
const readLength = 500;

/** Gives stars or a flag; can be undone. */
export async function markPortraits(workspace: Workspace, ids: readonly PortraitId[], marks: Marks): Promise<void> {
  if (ids.length === 0) return;
  await workspace.notices.perform(async () => {
    const before = await known(workspace, ids);
    await mark(workspace, before, () => marks);
    workspace.notices.offerUndo(workspace.words.gallery.marked(ids.length, marks), () =>
      mark(workspace, before, ({ rating, flag }) => ({
        ...(marks.rating === undefined ? {} : { rating }), ...(marks.flag === undefined ? {} : { flag }),
      })), 'marks');
  });
}

/** Gives the flag, or takes it back where all of them have it. */
export async function toggleFlag(
  workspace: Workspace, ids: readonly PortraitId[], flag: 'pick' | 'reject',
): Promise<void> {
  const { portraits } = workspace;
  const haveIt = ids.every((id) => portraits.find(id)?.flag === flag);
  await markPortraits(workspace, ids, { flag: haveIt ? 'none' : flag });
}

/** Marks the winner of a comparison as picked and the others as rejected; can be undone in one step. */
export async function keepWinner(workspace: Workspace, all: readonly Portrait[], winner: PortraitId): Promise<void> {
  const { notices, words } = workspace;
  await notices.perform(async () => {
    await mark(workspace, all, ({ id }) => ({ flag: id === winner ? 'pick' : 'reject' }));
    notices.offerUndo(words.gallery.winnerKept(all.length - 1), () => mark(workspace, all, ({ flag }) => ({ flag })));
  });
}

/** Puts the next (1) or previous (-1) portrait of the gallery in the place of the one that is looked at. */
export async function swapCandidate({ comparison, gallery, notices }: Workspace, direction: -1 | 1): Promise<void> {
  const current = comparison.portraits?.[comparison.active];
  if (!current) return;
  await notices.attempt(async () => {
    const from = gallery.placeOf(current.id);
    for (let index = from + direction; index >= 0 && index < gallery.total; index += direction) {
      if (!gallery.at(index)) await gallery.need(index, index + 1);
      const candidate = gallery.at(index);
      if (!candidate) return;
      if (!comparison.has(candidate.id)) return comparison.swap(candidate);
    }
  });
}

/** Moves portraits to the trash; `next` is what the large view shows in the place of one that it showed. */
export async function removePortraits(
  workspace: Workspace, portraitIds: readonly PortraitId[], next: PortraitId | null = null,
): Promise<void> {
  const { portraits, gallery, view, notices, words } = workspace;
  if (portraitIds.length === 0) return;
  await notices.perform(async () => {
    const restore = await portraits.remove([...portraitIds]);
    gallery.selection.drop(portraitIds);
    await gallery.refresh();
    if (view.opened?.kind === 'portrait' && portraitIds.includes(view.opened.id)) {
      if (next) view.open({ kind: 'portrait', id: next });
      else view.opened = null;
    }
    notices.offerUndo(words.portraits.removed(portraitIds.length), async () => {
      await restore();
      await gallery.refresh();
    });
  });
}

/** Queues more from portraits there are: near them, on new seeds, or enlarged. */
export async function drawAgain(
  workspace: Workspace, ids: readonly PortraitId[], how: 'new-seeds' | 'vary' | 'upscale',
): Promise<void> {
  const { client, jobs, notices, words } = workspace;
  if (ids.length === 0) return;
  await notices.attempt(async () => {
    const queued = await client.call('portraits.again', { portraitIds: ids.slice(0, readLength), how });
    queued.forEach((job) => jobs.add(job));
    notices.say(words.gallery.queued[how](queued.reduce((sum, { items }) => sum + items, 0)));
  });
}

/** Opens Create with everything as it was but the style, which is still to be chosen. */
export function otherStyle(workspace: Workspace, portrait: Portrait): void {
  workspace.useSettings(portrait);
  workspace.create.styleIds = [];
  workspace.create.pane = 'styles';
}

/** Does something on Create that is about this portrait; its person is the one on the page first. */
export async function openCreateFrom(
  workspace: Workspace, portrait: Portrait, act: () => void,
): Promise<void> {
  const { subjects } = workspace;
  const isKnown = subjects.list.some(({ id }) => id === portrait.subjectId);
  if (isKnown && subjects.currentId !== portrait.subjectId) await workspace.selectSubject(portrait.subjectId);
  act();
}

/** Opens the portrait that this one was made from, where it is still there. */
export async function showOrigin(
  { client, notices, portraits, view, words }: Workspace, portrait: Portrait,
): Promise<void> {
  const { origin } = portrait;
  if (!origin) return;
  await notices.attempt(async () => {
    const [found] = await client.call('portraits.get', { portraitIds: [origin.portraitId] });
    if (!found) return notices.say(words.gallery.originGone);
    portraits.keep(found);
    view.open({ kind: 'portrait', id: found.id });
  });
}

/** Sets each portrait's own marks with as few commands as there are different ones. */
async function mark(
  { client, gallery, portraits }: Workspace, all: readonly Portrait[], marksOf: (portrait: Portrait) => Marks,
): Promise<void> {
  const groups = Map.groupBy(all, (portrait) => JSON.stringify(marksOf(portrait)));
  for (const [text, group] of groups) {
    const marks = JSON.parse(text) as Marks;
    for (let from = 0; from < group.length; from += commandLength) {
      const portraitIds = group.slice(from, from + commandLength).map(({ id }) => id);
      await client.call('portraits.mark', { portraitIds, ...marks });
    }
    // as it is now: another mark may have come in between
    const marked = group.map((portrait) => ({ ...(portraits.find(portrait.id) ?? portrait), ...marks }));
    gallery.putAll(marked);
    marked.forEach((portrait) => portraits.change(portrait));
  }
  gallery.refreshAfterMarks();
}

/** The portraits of these ids, from the page or from the studio. */
async function known({ client, portraits }: Workspace, ids: readonly PortraitId[]): Promise<Portrait[]> {
  const found = ids.flatMap((id) => portraits.find(id) ?? []);
  if (found.length === ids.length) return found;
  const read: Portrait[] = [];
  for (let from = 0; from < ids.length; from += readLength) {
    read.push(...await client.call('portraits.get', { portraitIds: ids.slice(from, from + readLength) }));
  }
  return read;
}

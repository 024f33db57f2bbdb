// Styles on the page: shelves and searches; one's own are written, chosen, deleted with undo; favourites are kept.

import { expect, test } from 'vitest';
import type { Style } from '../../src-main/contract/nouns.ts';
import { defaultStudioSettings } from '../../src-main/contract/settings.ts';
import { openStyle, removeStyle, saveStyle, toggleFavourite } from '../../src-renderer/state/style-acts.ts';
import { shelved, type StyleWishes } from '../../src-renderer/state/styles.svelte.ts';
import { Workspace } from '../../src-renderer/state/workspace.svelte.ts';
import { style } from './nouns.ts';
import { handClock, refusal, settle, testStudio } from './test-client.ts';

const own = { ...style('mine'), name: '夜市', group: 'Yours', isBuiltIn: false };
const wishes = { shelf: 'all', search: '', chosenIds: ['winter'], favouriteIds: ['pencil'] } as const;
const all = [style('pencil'), style('winter'), own];
const ids = (changes: Partial<StyleWishes>): string[] =>
  shelved(all, { ...wishes, ...changes }).flatMap(([, styles]) => styles.map(({ id }) => id));

test('shelves and searches find by name, group, prompt and id; groups keep the order of the styles', () => {
  const groups = shelved(all, wishes).map(([group, styles]) => `${group} ${styles.length}`);
  expect(groups).toEqual(['Artistic 2', 'Yours 1']);
  expect([ids({ shelf: 'favourites' }), ids({ shelf: 'chosen' }), ids({ shelf: 'own' })])
    .toEqual([['pencil'], ['winter'], ['mine']]);
  expect([ids({ search: 'WINTER of' }), ids({ search: '夜' }), ids({ search: 'mine' }), ids({ search: 'winter 夜' })])
    .toEqual([['winter'], ['mine'], ['mine'], []]);
});

async function opened() {
  const clock = handClock();
  let kept = [style('pencil')];
  let settings = defaultStudioSettings;
  const studio = testStudio({
    'styles.list': () => kept,
    'styles.save': (request) => {
      const { styleId, ...fields } = request as unknown as Style & { styleId: Style['id'] | null };
      const saved: Style = { ...own, ...fields, id: styleId ?? (`own-${kept.length}` as Style['id']) };
      kept = [...kept.filter(({ id }) => id !== saved.id), saved];
      return saved;
    },
    'styles.remove': ({ styleId }) => ((kept = kept.filter(({ id }) => id !== styleId)), {}),
    'settings.set': (change) => (settings = { ...settings, ...(change as object) }),
  });
  const workspace = new Workspace(studio.client, { schedule: clock.schedule });
  workspace.start();
  await settle();
  await workspace.styles.load();
  return { studio, workspace };
}
const draft = {
  styleId: null, name: ' Night ', group: 'Yours', prompt: 'night market of {subject}', negativePrompt: '',
};

test('a new style is chosen at once; deleted it is no longer, and undo brings it back chosen', async () => {
  const { workspace } = await opened();
  openStyle(workspace, null);
  expect(workspace.view.dialog).toBe('style');
  await saveStyle(workspace, draft);
  const [saved] = workspace.styles.list.filter(({ isBuiltIn }) => !isBuiltIn);
  expect([saved?.name, workspace.create.styleIds, workspace.view.dialog]).toEqual(['Night', [saved?.id], null]);
  await removeStyle(workspace, saved!);
  expect([workspace.styles.list.length, workspace.create.styleIds]).toEqual([1, []]);
  await workspace.undo();
  await settle();
  const [chosenId] = workspace.create.styleIds;
  expect(workspace.styles.find(chosenId!)).toMatchObject({ name: 'Night', prompt: draft.prompt });
});

test('a refusal keeps the sheet open; favourites are remembered; a change from elsewhere is read', async () => {
  const { studio, workspace } = await opened();
  studio.handlers['styles.save'] = () => { throw refusal('styles.full'); };
  openStyle(workspace, null);
  expect(await saveStyle(workspace, draft)).toBe(false);
  expect([workspace.view.dialog, workspace.notices.list[0]?.error?.code]).toEqual(['style', 'styles.full']);
  await toggleFavourite(workspace, style('pencil').id);
  expect(workspace.studio.settings.favouriteStyleIds).toEqual(['pencil']);
  await toggleFavourite(workspace, style('pencil').id);
  expect(workspace.studio.settings.favouriteStyleIds).toEqual([]);
  studio.handlers['styles.list'] = () => [style('pencil'), style('winter')];
  studio.emit({ type: 'styles-changed' });
  await settle();
  expect([workspace.styles.list.length, workspace.studio.styles.length]).toEqual([2, 2]);
});

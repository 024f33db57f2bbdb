// The page behind a desktop's bridge: pasted pictures that lie on no disk, and undoing from the menu.

import { afterEach, expect, test, vi } from 'vitest';
import { openDesktop } from '../../src-renderer/ipc/desktop.ts';
import { importPhotos } from '../../src-renderer/state/import-acts.ts';
import { takeDesktopEvent } from '../../src-renderer/state/menu-actions.ts';
import { job, photo, subject } from './nouns.ts';
import { asked, bridge, started } from './started.ts';
import { settle } from './test-client.ts';

afterEach(() => vi.unstubAllGlobals());

const pasted = () => [new File([new Uint8Array([1, 2, 3])], 'pasted.png', { type: 'image/png' })];
const refusal = (code: string) =>
  ({ ok: false as const, error: { code, what: '', safe: '', todo: '', parameters: {} } });

test('what was pasted lies on no disk and goes as bytes; what lies on one is a job of the studio', async () => {
  const taken = { ok: true as const, result: job('import', 7) };
  const answers = [refusal('desktop.no-path'), taken, refusal('desktop.moving')];
  const desktop = openDesktop(bridge({ importFiles: async () => answers.shift()! }));
  const { workspace, studio } = await started({
    'subjects.list': () => [subject(1)],
    'photos.import': () => ({ photo: photo(1), isNew: true }),
  }, desktop);
  await importPhotos(workspace, pasted());
  await settle();
  expect(asked(studio, 'photos.import').map(({ fileName }) => fileName)).toEqual(['pasted.png']);
  await importPhotos(workspace, pasted());
  expect(workspace.jobs.list.map(({ id }) => id)).toContain(job('import', 7).id);
  await importPhotos(workspace, pasted());
  expect(asked(studio, 'photos.import')).toHaveLength(1);
});

test('undo from the menu is the text field’s while one has the focus, and the page’s otherwise', async () => {
  const { workspace } = await started();
  const undo = vi.spyOn(workspace, 'undo').mockResolvedValue(undefined as never);
  const withFocus = (isText: boolean) => vi.stubGlobal('document', { activeElement: { matches: () => isText } });
  withFocus(true);
  takeDesktopEvent(workspace, { type: 'menu', action: 'undo' });
  expect(undo).not.toHaveBeenCalled();
  withFocus(false);
  takeDesktopEvent(workspace, { type: 'menu', action: 'undo' });
  expect(undo).toHaveBeenCalledTimes(1);
});

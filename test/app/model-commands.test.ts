// The desktop's dialogs over models, with the system played: what is asked for, what becomes of the answer, and that
// only a licence's own https page is ever opened.

import { expect, test } from 'vitest';
import { type DesktopParts, type Question, desktopAnswers } from '../../src-main/app/desktop-commands.ts';
import { desktopWords } from '../../src-main/app/words.ts';

function desktop(chosen: readonly string[]) {
  const asked: Question[] = [];
  const done: string[] = [];
  const entries = [['open', 'https://example.org/terms'], ['odd', 'file:///etc/passwd']]
    .map(([id, url]) => ({ license: { id, url } }));
  const studio = {
    modelFolders: { add: async (path: string) => void done.push(`add ${path}`), list: () => [] },
    setModelStore: async (path: string) => void done.push(`keep in ${path}`),
    run: async (command: string) => (command === 'models.list' ? { entries }
      : { licenses: [{ id: 'nvidia', url: 'https://example.org/nvidia' }] }),
  };
  const answer = desktopAnswers({
    system: {
      platform: 'linux', isPackaged: false,
      ask: async (question: Question) => { asked.push(question); return chosen; },
      openAddress: async (address: string) => void done.push(`open ${address}`),
    },
    holder: { studio: () => studio }, words: () => desktopWords('en'), linkOf: () => undefined,
  } as unknown as DesktopParts);
  return { answer, asked, done };
}

test('folders and files of models are asked for and named; a closed dialog changes nothing', async () => {
  const { answer, asked, done } = desktop(['/a', '/b']);
  expect(await answer('desktop.chooseModels', {})).toEqual({ ok: true, result: { folders: [] } });
  await answer('desktop.chooseModels', { what: 'file' });
  expect(asked.map(({ what }) => what)).toEqual(['folder', 'files']);
  expect(asked[1]!.filters![0]!.extensions).toContain('safetensors');
  expect(done).toEqual(['add /a', 'add /b', 'add /a', 'add /b']);
  const closed = desktop([]);
  expect(await closed.answer('desktop.chooseModels', {})).toEqual({ ok: true, result: null });
  expect(await closed.answer('desktop.chooseModelStore', {})).toEqual({ ok: true, result: null });
  expect(closed.done).toEqual([]);
});

test('downloads go to another place', async () => {
  const { answer, done } = desktop(['/big']);
  expect(await answer('desktop.chooseModelStore', {})).toEqual({ ok: true, result: { place: '/big' } });
  expect(done).toEqual(['keep in /big']);
});

test('a licence opens by its name in the catalogue, and only over https', async () => {
  const { answer, done } = desktop([]);
  for (const licenseId of ['open', 'nvidia']) {
    expect(await answer('desktop.openLicense', { licenseId })).toMatchObject({ ok: true });
  }
  for (const licenseId of ['odd', 'nobody']) {
    expect(await answer('desktop.openLicense', { licenseId })).toMatchObject({
      ok: false, error: { code: 'desktop.no-license' },
    });
  }
  expect(done).toEqual(['open https://example.org/terms', 'open https://example.org/nvidia']);
});

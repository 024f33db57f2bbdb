// Looks on the page: saving one into a folder on the desktop.

import { expect, test } from 'vitest';
import { openDesktop } from '../../src-renderer/ipc/desktop.ts';
import { ExportSheet } from '../../src-renderer/state/export-sheet.svelte.ts';
import { saveLook } from '../../src-renderer/state/look-acts.ts';
import { look } from './nouns.ts';
import { bridge, started } from './started.ts';

test('on the desktop a look is written into the folder that was chosen, and the sheet says where', async () => {
  const calls: [string, unknown][] = [];
  const ticket = 'b'.repeat(32);
  const answers: unknown[] = [null, { ticket, place: '~/loras' }, { place: '~/loras', files: 1 }];
  const call = async (command: string, request: unknown) => {
    calls.push([command, request]);
    return { ok: true as const, result: answers.shift() };
  };
  const file = {
    exportId: 'c'.repeat(32), adapterId: look().id, format: 'kohya', precision: 'float16', metadata: {},
    fileName: 'ada.safetensors', sizeBytes: 1000,
  };
  const { workspace } = await started({ 'looks.export': () => file }, openDesktop(bridge({ call })));
  const sheet = new ExportSheet(workspace.client, look());
  await saveLook(workspace, sheet);
  expect(calls).toEqual([]);
  await sheet.choose({});
  // the dialog is closed, then a folder is chosen
  await saveLook(workspace, sheet);
  expect(sheet.place).toBeNull();
  await saveLook(workspace, sheet);
  expect(calls.slice(1)).toEqual([
    ['desktop.chooseFolder', { purpose: 'export' }], ['desktop.saveExport', { exportId: file.exportId, ticket }],
  ]);
  expect(sheet.place).toBe('~/loras');
  await sheet.choose({ precision: 'float32' });
  expect(sheet.place).toBeNull();
});

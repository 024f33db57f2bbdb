// The gate between page and studio: only our own page's main frame in a living window may speak, only in commands
// of the contract, and every refusal is an answer.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { messageGate } from '../../src-main/app/message-gate.ts';
import type { Sender } from '../../src-main/app/message-gate.ts';
import { developmentPlaces } from '../../src-main/app/places.ts';
import { commandNames } from '../../src-main/contract/studio.ts';
import type { Answer } from '../../src-main/contract/studio.ts';
import { openStudio } from '../../src-main/studio/open-studio.ts';

const root = join(import.meta.dirname, '..', '..');
const windowId = 7;
const ownFrame = { url: 'app://ui/index.html', isMainFrame: true };
const ownSender: Sender = { webContentsId: windowId, frame: ownFrame };

function gateWithLog() {
  const calls: { command: string; request: unknown }[] = [];
  const gate = messageGate(
    async (command, request) => {
      calls.push({ command, request });
      return { ok: true, result: 'done' };
    },
    (id) => id === windowId,
  );
  return { gate, calls };
}

function codeOf(answer: Answer): string {
  return answer.ok ? 'ok' : answer.error.code;
}

const strangers: [string, Sender][] = [
  ['a frame that is gone', { webContentsId: windowId, frame: null }],
  ['a frame within the page', { webContentsId: windowId, frame: { ...ownFrame, isMainFrame: false } }],
  ['another window', { webContentsId: windowId + 1, frame: ownFrame }],
  ['an empty address', { webContentsId: windowId, frame: { ...ownFrame, url: '' } }],
  ['about:blank', { webContentsId: windowId, frame: { ...ownFrame, url: 'about:blank' } }],
  ['a page of the web', { webContentsId: windowId, frame: { ...ownFrame, url: 'https://ui/index.html' } }],
  ['a host that begins like ours', { webContentsId: windowId, frame: { ...ownFrame, url: 'app://ui.evil/' } }],
  ['a host with a user name', { webContentsId: windowId, frame: { ...ownFrame, url: 'app://evil@ui/' } }],
  ['a host with a port', { webContentsId: windowId, frame: { ...ownFrame, url: 'app://ui:80/' } }],
  ['a file', { webContentsId: windowId, frame: { ...ownFrame, url: 'file:///app/ui' } }],
];

test.each(strangers)('%s is refused, for every command', async (_name, sender) => {
  const { gate, calls } = gateWithLog();
  for (const command of commandNames) {
    expect(codeOf(await gate.answer(sender, command, {}))).toBe('app.sender-refused');
  }
  expect(calls).toEqual([]);
});

test('the page itself is heard', async () => {
  const { gate, calls } = gateWithLog();
  expect(await gate.answer(ownSender, 'jobs.list', { a: 1 })).toEqual({ ok: true, result: 'done' });
  expect(calls).toEqual([{ command: 'jobs.list', request: { a: 1 } }]);
});

test('with a real studio behind it, what is no command and what fits no schema is refused as data', async () => {
  const libraryFolder = mkdtempSync(join(tmpdir(), 'likeness-gate-'));
  const studio = await openStudio({
    ...developmentPlaces(root), nodeFile: process.execPath, libraryFolder, version: '0.0.0',
  });
  try {
    const gate = messageGate(studio.call, (id) => id === windowId);
    const commands = [undefined, null, 3, '', '__proto__', 'constructor', 'toString', 'jobs', {}];
    const unknown = await Promise.all(commands.map((command) => gate.answer(ownSender, command, {})));
    const requests = [undefined, null, 1, 'x', [], { jobId: 3 }, { jobId: '../../etc' }, { jobId: 'G'.repeat(32) }];
    const malformed = await Promise.all(requests.map((request) => gate.answer(ownSender, 'jobs.cancel', request)));
    expect(new Set([...unknown, ...malformed].map(codeOf))).toEqual(new Set(['studio.request-misunderstood']));
    expect(codeOf(await gate.answer(ownSender, 'jobs.list', {}))).toBe('ok');
  } finally {
    await studio.close();
    rmSync(libraryFolder, { recursive: true });
  }
});

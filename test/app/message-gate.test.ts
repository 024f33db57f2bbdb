// The gate between page and studio: only our own page's main frame in a living window may speak, only in commands
// of the contract, and every refusal is an answer.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { messageGate } from '../../src-main/app/message-gate.ts';
import type { Sender } from '../../src-main/app/message-gate.ts';
import { developmentPlaces } from '../../src-main/app/places.ts';
import { desktopCommandNames } from '../../src-main/contract/desktop.ts';
import { commandNames } from '../../src-main/contract/studio.ts';
import type { Answer } from '../../src-main/contract/studio.ts';
import { openStudio } from '../../src-main/studio/open-studio.ts';

const root = join(import.meta.dirname, '..', '..');
const windowId = 7;
const ownFrame = { url: 'app://ui/index.html', isMainFrame: true };
const ownSender: Sender = { webContentsId: windowId, frame: ownFrame };

function gateWithLog() {
  const calls: { command: string; request: unknown }[] = [];
  const record = async (command: string, request: unknown): Promise<Answer> => {
    calls.push({ command, request });
    return { ok: true, result: 'done' };
  };
  const gate = messageGate({
    call: record, desktop: record, importFiles: (request) => record('import', request),
    dragOut: async (request) => void await record('drag', request),
  }, (id) => id === windowId);
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
  for (const command of [...commandNames, ...desktopCommandNames]) {
    expect(codeOf(await gate.answer(sender, command, {}))).toBe('app.sender-refused');
  }
  expect(codeOf(await gate.importFiles(sender, {}))).toBe('app.sender-refused');
  await gate.dragOut(sender, {});
  expect(calls).toEqual([]);
});

test('the page itself is heard', async () => {
  const { gate, calls } = gateWithLog();
  expect(await gate.answer(ownSender, 'jobs.list', { a: 1 })).toEqual({ ok: true, result: 'done' });
  expect(calls).toEqual([{ command: 'jobs.list', request: { a: 1 } }]);
});

const anything = fc.anything({
  maxDepth: 2, maxKeys: 3, withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true,
});
const anyCommand = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<unknown>(...commandNames, ...desktopCommandNames) }, fc.string(), anything);
const anyFrame = fc.oneof(fc.constant(null), fc.record({ url: fc.oneof(fc.webUrl(), fc.string(),
  fc.constantFrom('app://ui/index.html', 'app://ui', 'about:blank', '')), isMainFrame: fc.boolean() }));

test('of 100,000 messages of any kind from anybody the gate answers each, and throws at none', async () => {
  const { gate, calls } = gateWithLog();
  let heard = 0;
  const message = fc.tuple(fc.integer({ min: 5, max: 9 }), anyFrame, anyCommand, anything);
  await fc.assert(fc.asyncProperty(message, async ([webContentsId, frame, command, request]) => {
    const before = calls.length;
    const isOurs = webContentsId === windowId && frame?.isMainFrame === true && /^app:\/\/ui(\/|$)/.test(frame.url);
    const answer = await gate.answer({ webContentsId, frame }, command, request);
    if (isOurs) heard++;
    return codeOf(answer) === (isOurs ? 'ok' : 'app.sender-refused') && calls.length - before === (isOurs ? 1 : 0);
  }), { seed: 7, numRuns: 100_000 });
  expect(heard).toBeGreaterThan(100);
}, 120_000);

test('with a real studio behind it, what is no command and what fits no schema is refused as data', async () => {
  const libraryFolder = mkdtempSync(join(tmpdir(), 'likeness-gate-'));
  const studio = await openStudio({
    ...developmentPlaces(root), nodeFile: process.execPath, libraryFolder, version: '0.0.0',
  });
  try {
    const unused = async (): Promise<Answer> => ({ ok: true, result: undefined });
    const gate = messageGate({
      call: studio.call, desktop: unused, importFiles: unused, dragOut: async () => undefined,
    }, (id) => id === windowId);
    const commands = [undefined, null, 3, '', '__proto__', 'constructor', 'toString', 'jobs', {}];
    const unknown = await Promise.all(commands.map((command) => gate.answer(ownSender, command, {})));
    const requests = [undefined, null, 1, 'x', [], { jobId: 3 }, { jobId: '../../etc' }, { jobId: 'G'.repeat(32) }];
    const malformed = await Promise.all(requests.map((request) => gate.answer(ownSender, 'jobs.cancel', request)));
    expect(new Set([...unknown, ...malformed].map(codeOf))).toEqual(new Set(['studio.request-misunderstood']));
    expect(codeOf(await gate.answer(ownSender, 'jobs.list', {}))).toBe('ok');
    const random = fc.sample(fc.tuple(fc.constantFrom<string>(...commandNames), anything), { seed: 7, numRuns: 2000 });
    for (const [command, request] of random) await gate.answer(ownSender, command, request);
    expect(codeOf(await gate.answer(ownSender, 'jobs.list', {}))).toBe('ok');
  } finally {
    await studio.close();
    rmSync(libraryFolder, { recursive: true });
  }
});

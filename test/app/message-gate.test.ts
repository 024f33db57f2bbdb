// The gate between page and studio: only our own page's main frame in a living window may speak, only in commands
// of the contract, and every refusal is an answer.

import { expect, test } from 'vitest';
import { messageGate } from '../../src-main/app/message-gate.ts';
import type { Sender } from '../../src-main/app/message-gate.ts';
import { commandNames } from '../../src-main/contract/studio.ts';
import type { Answer, CommandName } from '../../src-main/contract/studio.ts';

const windowId = 7;
const ownFrame = { url: 'app://ui/index.html', isMainFrame: true };
const ownSender: Sender = { webContentsId: windowId, frame: ownFrame };

function gateWithLog() {
  const calls: { command: CommandName; request: unknown }[] = [];
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

test('the page itself is heard, and its request arrives with defaults filled in', async () => {
  const { gate, calls } = gateWithLog();
  const answer = await gate.answer(ownSender, 'jobs.list', {});
  expect(answer).toEqual({ ok: true, result: 'done' });
  await gate.answer(ownSender, 'portraits.remove', { portraitIds: ['0'.repeat(32)] });
  expect(calls[1]).toEqual({ command: 'portraits.remove', request: { portraitIds: ['0'.repeat(32)], restore: false } });
});

test.each([undefined, null, 3, '', '__proto__', 'constructor', 'toString', 'jobs', {}])(
  'the command %j is unknown',
  async (command) => {
    const { gate, calls } = gateWithLog();
    expect(codeOf(await gate.answer(ownSender, command, {}))).toBe('app.unknown-command');
    expect(calls).toEqual([]);
  },
);

test('a request that does not fit its schema never reaches the studio', async () => {
  const { gate, calls } = gateWithLog();
  const strange = [undefined, null, 1, 'x', [], { jobId: 3 }, { jobId: '../../etc/passwd' }, { jobId: 'G'.repeat(32) }];
  for (const request of strange) {
    expect(codeOf(await gate.answer(ownSender, 'jobs.cancel', request))).toBe('app.bad-request');
  }
  expect(calls).toEqual([]);
});

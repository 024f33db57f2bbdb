// Small parts of the desktop by themselves: tickets, links, copies that were dragged out, and a library that moves.

import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openDragOut } from '../../src-main/app/drag-out.ts';
import { ico, icns, pngSizes } from '../../src-main/app/launch/icons.ts';
import { linksOf } from '../../src-main/app/links.ts';
import { detailOf, openOrExplain } from '../../src-main/app/opening.ts';
import { studioHolder } from '../../src-main/app/studio-holder.ts';
import { openTickets } from '../../src-main/app/tickets.ts';
import { desktopWords, languageOfLocale } from '../../src-main/app/words.ts';
import { UserError } from '../../src-main/contract/errors.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';

const folder = mkdtempSync(join(tmpdir(), 'likeness-parts-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a ticket is for its purpose alone, cannot be guessed, and only the last sixteen are good', () => {
  const tickets = openTickets<'library' | 'export'>();
  const issued = Array.from({ length: 17 }, (_, k) => tickets.issue('export', `/place/${k}`));
  expect(new Set(issued).size).toBe(17);
  expect(issued.every((ticket) => /^[0-9a-f]{32}$/.test(ticket))).toBe(true);
  expect(tickets.pathOf('export', issued[16]!)).toBe('/place/16');
  for (const [purpose, ticket] of [['export', issued[0]!], ['library', issued[16]!], ['export', 'x']] as const) {
    expect(() => tickets.pathOf(purpose, ticket)).toThrow(expect.objectContaining({ code: 'desktop.ticket-gone' }));
  }
});

test('links are those of package.json and only https', () => {
  const link = linksOf({ repository: { url: 'git+https://example.org/likeness.git' }, bugs: 'http://x/' }, '/L.txt');
  expect([link('source'), link('report'), link('licenses')])
    .toEqual(['https://example.org/likeness', undefined, '/L.txt']);
  for (const url of ['file:///etc/passwd', 'javascript:alert(1)', 'not an address', '']) {
    expect(linksOf({ repository: url }, '/L.txt')('source')).toBeUndefined();
  }
});

test('copies that were dragged out an hour ago go at the next drag', async () => {
  const place = join(folder, 'drag-out');
  let nowMs = Date.now();
  const drag = openDragOut(place, {
    pictureOf: async (id) => (id.startsWith('a') ? { bytes: new Uint8Array([1]), ending: 'png' } : undefined),
    iconOf: async () => new Uint8Array([2]), nowMs: () => nowMs,
  });
  const ids = ['a'.repeat(32), 'b'.repeat(32)];
  const first = await drag.prepare({ portraitIds: ids });
  expect(first?.files.map((file) => basename(file))).toEqual(['portrait-aaaaaaaa.png']);
  await drag.prepare({ portraitIds: ids });
  expect(readdirSync(place)).toHaveLength(2);
  nowMs += 2 * 60 * 60 * 1000;
  const old = new Date(nowMs - 61 * 60 * 1000);
  for (const name of readdirSync(place)) utimesSync(join(place, name), old, old);
  await drag.prepare({ portraitIds: ids });
  expect([readdirSync(place).length, existsSync(first!.files[0]!)]).toEqual([1, false]);
  expect(await drag.prepare({ portraitIds: ['b'.repeat(32)] })).toBeUndefined();
  await drag.empty();
  expect(existsSync(place)).toBe(false);
});

/** A studio that only knows where it lies and whether it is open. */
function holderWithLog(failAt: (place: string) => boolean = () => false) {
  const log: string[] = [];
  const holder = studioHolder(async (place) => {
    if (failAt(place)) throw new Error(`cannot open ${place}`);
    log.push(`open ${place}`);
    return {
      library: { folder: place }, subscribe: () => () => undefined, close: async () => void log.push(`close ${place}`),
    } as unknown as Studio;
  });
  return { holder, log };
}

test('a move that fails opens the library where it was, and tells why', async () => {
  const { holder, log } = holderWithLog();
  await holder.open('/a');
  await expect(holder.move(async () => { throw new Error('no room'); })).rejects.toThrow('no room');
  expect([log, holder.studio().library.folder]).toEqual([['open /a', 'close /a', 'open /a'], '/a']);
  await holder.move(async (from) => `${from}/b`);
  expect(holder.studio().library.folder).toBe('/a/b');
});

test('a library that can be opened nowhere after a move is not passed over in silence', async () => {
  const { holder } = holderWithLog((place) => place === '/gone');
  let losses = 0;
  holder.onLost(() => void losses++);
  await holder.open('/a');
  await expect(holder.move(async () => '/gone')).rejects.toThrow('cannot open /gone');
  expect(losses).toBe(1);
  expect(await holder.call('subjects.list', {})).toMatchObject({ ok: false, error: { code: 'desktop.moving' } });
  await holder.open('/a');
  expect(holder.studio().library.folder).toBe('/a');
});

test('quitting in the middle of a move waits for a whole library', async () => {
  const { holder, log } = holderWithLog();
  await holder.open('/a');
  let finish: (place: string) => void = () => undefined;
  const moving = holder.move(() => new Promise((resolve) => (finish = resolve)));
  const closed = holder.close().then(() => log.push('closed'));
  await new Promise((resolve) => setImmediate(resolve));
  finish('/b');
  await Promise.all([moving, closed]);
  expect(log).toEqual(['open /a', 'close /a', 'open /b', 'close /b', 'closed']);
});

test('opening that fails offers to try again, to look, and to quit; in Chinese where the system is', async () => {
  const inUse = new UserError('library.in-use', { what: 'In use.', safe: 'Nothing.', todo: 'Close it.' });
  const answers = [0, 1, 2];
  const shown: string[] = [];
  let looks = 0;
  const isOpen = await openOrExplain({
    open: async () => { throw inUse; }, words: () => desktopWords(languageOfLocale('zh-CN')),
    showFolder: async () => void looks++,
    show: async ({ detail }) => {
      shown.push(detail);
      return answers.shift()!;
    },
  });
  expect([isOpen, looks, shown.length]).toEqual([false, 1, 3]);
  expect(shown[0]).toMatch(/另一个 Likeness/);
  expect(detailOf(inUse, desktopWords(languageOfLocale('en-GB')))).toBe('In use.\n\nNothing.\n\nClose it.');
  expect(languageOfLocale('de')).toBe('en');
});

test('icons are written in each system’s form', () => {
  const png = Buffer.from([1, 2, 3, 4, 5]);
  const windows = ico([png, png], [16, 256]);
  expect([windows.readUInt16LE(2), windows.readUInt16LE(4), windows[6], windows[22]]).toEqual([1, 2, 16, 0]);
  expect(windows.subarray(windows.readUInt32LE(6 + 12), windows.readUInt32LE(6 + 12) + 5)).toEqual(png);
  const apple = icns([{ type: 'ic07', png }]);
  expect([apple.toString('latin1', 0, 4), apple.readUInt32BE(4)]).toEqual(['icns', apple.length]);
  expect([apple.toString('latin1', 8, 12), apple.readUInt32BE(12)]).toEqual(['ic07', 13]);
  const icons = join(import.meta.dirname, '..', '..', 'resources', 'icons');
  expect(readdirSync(icons)).toEqual(expect.arrayContaining([...pngSizes.map((edge) => `${edge}x${edge}.png`),
    'icon.ico', 'icon.icns', 'icon.svg']));
});

// Names of saved pictures: what a pattern makes, and that every system takes every one of them.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dateWords, fileNames } from '../../src-main/studio/file-names.ts';

const createdAtMs = new Date(2026, 0, 5, 23, 30).getTime();
const source = (seed: number, style: string | null = null) => ({ portrait: { seed, createdAtMs }, style });

test.each([
  ['portrait-{number}', ['portrait-01.png', 'portrait-02.png']],
  ['{date} {style} {seed}', ['2026-01-05 水墨写意 7.png', '2026-01-05 portrait 8.png']],
  ['{style}', ['水墨写意.png', 'portrait.png']],
  ['写真', ['写真.png', '写真-2.png']],
  ['{unknown} {NUMBER}', ['{unknown} {NUMBER}.png', '{unknown} {NUMBER}-2.png']],
  ['CON', ['portrait-CON.png', 'portrait-CON-2.png']],
  ['..', ['portrait.png', 'portrait-2.png']],
])('the pattern %s', (pattern, expected) => {
  expect(fileNames(pattern, 'png', [source(7, '水墨写意'), source(8)])).toEqual(expected);
});

test('numbers sort as they count', () => {
  const names = fileNames('{number}', 'jpg', Array.from({ length: 120 }, (_, i) => source(i)));
  expect(names.slice(0, 2)).toEqual(['001.jpg', '002.jpg']);
  expect(names.toSorted()).toEqual(names);
  expect(fileNames('{number}', 'jpg', [source(1)])).toEqual(['1.jpg']);
  expect(dateWords(createdAtMs)).toBe('2026-01-05');
});

const piece = fc.constantFrom(
  'a', 'Z', '7', ' ', '.', '..', '-', '/', '\\', ':', '*', '?', '"', '<', '>', '|', '\0', '\n', '\u202e', '\u200b', '写',
  'é', '😀', 'con', 'nul', '{number}', '{seed}', '{style}', '{date}', '{', '}');
const hostile = (maxLength: number) => fc.array(piece, { maxLength }).map((pieces) => pieces.join(''));

test('whatever the pattern and the style are called, names are plain, short, and each is another', () => {
  fc.assert(fc.property(hostile(200), hostile(20), (pattern, style) => {
    const names = fileNames(pattern, 'webp', [source(1, style), source(1, style), source(2, null)]);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(3);
    for (const name of names) {
      expect(name).toMatch(/^[^/\\:*?"<>|\p{Cc}]+\.webp$/u);
      expect(name).not.toMatch(/^[. ]|[. ]\.webp$/);
      expect([...name].length).toBeLessThan(120);
    }
  }), { numRuns: 300, seed: 5 });
});

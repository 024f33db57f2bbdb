// Where things stand in a JSON text.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type JsonPath, pathWords, placeInJson } from '../../src-main/host/json-places.ts';

const text = `{
  "a": [1, {"b \\"c": "x, ]}"}, []],
  "d" : { "e": null },
  "f": -1.5e3
}`;

test.each([
  [[], 1, 1], [['a'], 2, 8], [['a', 0], 2, 9], [['a', 1], 2, 12], [['a', 1, 'b "c'], 2, 22], [['a', 2], 2, 32],
  [['d'], 3, 9], [['d', 'e'], 3, 16], [['f'], 4, 8],
  // what is not there is where it would be
  [['a', 5], 2, 8], [['d', 'x', 'y'], 3, 9], [['z'], 1, 1],
] as const)('%j', (path, line, column) => {
  expect(placeInJson(text, path as JsonPath)).toEqual({ line, column });
});

test('a field\'s name has a place, too', () => {
  expect(placeInJson(text, ['d', 'e'], true)).toEqual({ line: 3, column: 11 });
  expect(placeInJson(text, ['z'], true)).toEqual({ line: 1, column: 1 });
  expect(pathWords(['subjects', 1, 'looks', 0])).toBe('subjects[1].looks[0]');
});

test('every value of any JSON is found where it stands', () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(0, 2), (value, spaces) => {
    const written = JSON.stringify(value, null, spaces);
    const lines = written.split('\n');
    const check = (part: unknown, path: JsonPath): void => {
      const { line, column } = placeInJson(written, path);
      const rest = [lines[line - 1]!.slice(column - 1), ...lines.slice(line)].join('\n');
      const starts = Array.isArray(part) ? '[' : part !== null && typeof part === 'object' ? '{' : JSON.stringify(part);
      expect(rest.startsWith(starts)).toBe(true);
      if (Array.isArray(part)) part.forEach((one, i) => check(one, [...path, i]));
      else if (part !== null && typeof part === 'object') {
        for (const [key, one] of Object.entries(part)) check(one, [...path, key]);
      }
    };
    check(value, []);
  }), { seed: 8, numRuns: 200 });
});

// The count that ends `npm test` is right, and nothing that went wrong can hide from it.

import { expect, test } from 'vitest';
import { add, countExit, countGolden, countVitest, summaryLine } from '../run/counts.ts';

function file(status: string, ...states: string[]) {
  return { status, assertionResults: states.map((state) => ({ status: state })) };
}

test('Vitest’s report is counted by test', () => {
  const testResults = [file('passed', 'passed', 'pending', 'todo'), file('failed', 'failed', 'passed')];
  expect(countVitest(JSON.stringify({ testResults }))).toEqual({ passed: 2, failed: 1, skipped: 2 });
});

test('a test file that could not be loaded, or whose preparation threw, is a failure', () => {
  const testResults = [file('passed', 'passed'), file('failed'), file('failed', 'skipped')];
  expect(countVitest(JSON.stringify({ testResults }))).toEqual({ passed: 1, failed: 2, skipped: 1 });
});

test('a damaged report is not taken for an empty one', () => {
  expect(() => countVitest('')).toThrow();
  expect(() => countVitest('{}')).toThrow();
});

test('the golden runner’s last line is counted; without it there is no count', () => {
  const line = '57 passed, 2 failed, 3 skipped, 20 not covered in /somewhere';
  expect(countGolden(`pass  a\n${line}\n`)).toEqual({ passed: 57, failed: 2, skipped: 3 });
  expect(countGolden('Usage: …')).toBeUndefined();
});

test('the sum is one line', () => {
  const total = add(add(countExit(0), countExit(2)), { passed: 1, failed: 0, skipped: 4 });
  expect(summaryLine(total)).toBe('2 passed, 1 failed, 4 skipped');
});

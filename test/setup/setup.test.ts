// Set-up: when packages count as stale, which task a command line means, and what a fresh clone relies on.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, because it must start on Node 20 before anything is installed
import { chooseTask, nodeIfNewEnough, staleReason, tasks } from '../../setup.mjs';

const root = join(import.meta.dirname, '..', '..');
const one = { version: '1.0.0', integrity: 'sha512-a' };

test.each([
  ['nothing installed', undefined, /not installed/],
  ['a package missing', { packages: {} }, /node_modules\/a is missing/],
  ['another version', { packages: { 'node_modules/a': { ...one, version: '1.0.1' } } }, /another version/],
  ['other bytes', { packages: { 'node_modules/a': { ...one, integrity: 'sha512-b' } } }, /another version/],
])('%s is stale', (_name, installed, reason) => {
  expect(staleReason({ packages: { '': {}, 'node_modules/a': one } }, installed)).toMatch(reason);
});

test('what the lock file names is not stale, with packages of other platforms left out', () => {
  const lock = { packages: { '': {}, 'node_modules/a': one, 'node_modules/b': { ...one, optional: true } } };
  expect(staleReason(lock, { packages: { 'node_modules/a': one } })).toBeUndefined();
});

test('a task’s name is a task; everything else is for the command line', () => {
  expect(chooseTask(['golden', 'some/folder'])).toEqual({ task: tasks.golden, parameters: ['some/folder'] });
  expect(chooseTask(['start'])).toEqual({ task: tasks.start, parameters: [] });
  const portraits = { task: tasks.cli, parameters: ['portraits', '--photos', 'x'] };
  expect(chooseTask(['portraits', '--photos', 'x'])).toEqual(portraits);
  expect(chooseTask(['start', 'portraits', '--photos', 'x'])).toEqual(portraits);
  expect(chooseTask(['serve', '--json'])).toEqual({ task: tasks.serve, parameters: ['--browser', '--json'] });
  expect(chooseTask(['start', 'serve'])).toEqual({ task: tasks.serve, parameters: ['--browser'] });
  expect(chooseTask(['constructor']).task).toBe(tasks.cli);
  expect(chooseTask([])).toEqual({ task: tasks.cli, parameters: ['--help'] });
});

test('every script of package.json is a task, and every task’s file is there', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const script of Object.values<string>(manifest.scripts)) {
    expect(Object.keys(tasks)).toContain(/^node setup\.mjs (\S+)$/.exec(script)?.[1]);
  }
  for (const { file } of Object.values<{ file: string }>(tasks)) expect(existsSync(join(root, file)), file).toBe(true);
});

test('a Node is believed only when it says its version', () => {
  expect(nodeIfNewEnough(process.execPath)).toBe(process.execPath);
  expect(nodeIfNewEnough(join(root, 'package.json'))).toBeUndefined();
  expect(nodeIfNewEnough(join(root, 'no-such-file'))).toBeUndefined();
});

test('set-up passes on arguments, output and exit codes, from any folder', () => {
  const parameters = [join(root, 'setup.mjs'), 'golden', join(root, 'no-such-folder')];
  const wrong = spawnSync(process.execPath, parameters, { cwd: tmpdir(), encoding: 'utf8', stdio: 'pipe' });
  expect([wrong.status, /Usage/.test(wrong.stderr)]).toEqual([2, true]);
});

test('the lock file names no host, so that any npm registry serves', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const entries = Object.values<{ resolved?: string }>(lock.packages);
  expect(entries.length).toBeGreaterThan(100);
  expect(entries.filter((entry) => entry.resolved !== undefined)).toEqual([]);
});

// Finding and fetching Electron's binary: there, not there, fetched by its installer, and an installer that fails.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fetchElectron, findElectron } from '../../src-main/app/launch/electron-binary.ts';

let root: string;
let folder: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'likeness-electron-'));
  folder = join(root, 'node_modules', 'electron');
  mkdirSync(folder, { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

const installer = (script: string) => writeFileSync(join(folder, 'install.js'), script);
const fetching = `const fs = require('node:fs');
fs.mkdirSync(__dirname + '/dist');
fs.writeFileSync(__dirname + '/dist/electron', '');
fs.writeFileSync(__dirname + '/path.txt', 'electron');`;

test('a binary that was never fetched is not found, and neither is one that is gone', () => {
  expect(findElectron(root)).toBeUndefined();
  writeFileSync(join(folder, 'path.txt'), 'electron');
  expect(findElectron(root)).toBeUndefined();
});

test('fetching runs Electron’s installer and gives the binary', () => {
  installer(fetching);
  expect(fetchElectron(root)).toBe(join(folder, 'dist', 'electron'));
  expect(findElectron(root)).toBe(join(folder, 'dist', 'electron'));
});

test('an installer that fails, or is not there, gives nothing and throws nothing', () => {
  expect(fetchElectron(root)).toBeUndefined();
  installer('throw new Error("no network")');
  expect(fetchElectron(root)).toBeUndefined();
});

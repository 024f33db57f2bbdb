// Makes the installers of the system it runs on: builds page and app, lays Node's binary ready as a resource
// (the engine runs on it), and hands over to electron-builder. See electron-builder.yml.

import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildApp, buildPage } from './build.ts';

const root = join(import.meta.dirname, '..', '..', '..');

function stageNode(): void {
  const folder = join(root, 'dist', 'node');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const target = join(folder, basename(process.execPath));
  copyFileSync(process.execPath, target);
  chmodSync(target, 0o755);
}

await buildPage();
await buildApp();
stageNode();
const builder = join(root, 'node_modules', 'electron-builder', 'cli.js');
const parameters = [builder, '--publish', 'never', ...process.argv.slice(2)];
process.exitCode = spawnSync(process.execPath, parameters, { cwd: root, stdio: 'inherit' }).status ?? 1;

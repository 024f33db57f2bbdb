// Makes the installers of the system it runs on: builds page and app, lays Node's binary and the licences ready as
// resources, hands over to electron-builder (see electron-builder.yml), and looks at what came out.
//   npm run dist               installers, with Electron's own binary
//   npm run dist -- --dir      the app's folder alone; where Electron cannot be had, with a folder in its place
//                              (--stand-in does not try to have it)

import { spawnSync } from 'node:child_process';
import { chmodSync, constants, copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { buildApp, buildPage } from './build.ts';
import { fetchElectron, findElectron } from './electron-binary.ts';
import { writeElectronFolder } from './electron-folder.ts';
import { writeLicenses } from './licenses.ts';
import { packedApps, partsOf, sizeTable, wrongFuses } from './packed-app.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const dist = join(root, 'dist');

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}

function stageNode(): void {
  const folder = join(dist, 'node');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const target = join(folder, basename(process.execPath));
  copyFileSync(process.execPath, target, constants.COPYFILE_FICLONE);
  chmodSync(target, 0o755);
}

/** The folder that Electron's binary is taken from; undefined where there is none and installers are wanted. */
function electronFolder(isFolderOnly: boolean, isStandInWanted: boolean): string | undefined {
  const binary = isStandInWanted ? undefined : findElectron(root) ?? fetchElectron(root);
  if (binary !== undefined) return join(root, 'node_modules', 'electron', 'dist');
  if (!isFolderOnly) return undefined;
  say('Electron’s binary is not here: packing with a folder in its place. What comes out does not start.');
  const folder = join(dist, 'electron-folder');
  rmSync(folder, { recursive: true, force: true });
  writeElectronFolder(folder, process.platform);
  return folder;
}

async function lookAt(outputFolder: string): Promise<number> {
  const apps = packedApps(outputFolder);
  for (const app of apps) {
    say(`${app.folder}\n${sizeTable(partsOf(app))}`);
    const wrong = await wrongFuses(app.binary);
    if (wrong.length === 0) continue;
    say(`These fuses are not as they should be: ${wrong.join(', ')}. Do not give this app to anybody.`);
    return 1;
  }
  if (apps.length === 0) say(`No app was found in ${outputFolder}.`);
  return apps.length === 0 ? 1 : 0;
}

/** Where electron-builder writes, which a word of its own may say. */
function outputFolderOf(given: readonly string[]): string {
  const prefix = '-c.directories.output=';
  const told = given.find((word) => word.startsWith(prefix));
  return told === undefined ? join(dist, 'installers') : resolve(root, told.slice(prefix.length));
}

async function packUp(given: readonly string[]): Promise<number> {
  const outputFolder = outputFolderOf(given);
  const electron = electronFolder(given.includes('--dir'), given.includes('--stand-in'));
  if (electron === undefined) {
    say('Electron’s binary could not be downloaded. "npm run dist -- --dir" packs all the rest.');
    return 1;
  }
  await buildPage();
  await buildApp();
  stageNode();
  writeLicenses(root, process.execPath, join(dist, 'licenses', 'LICENSES.txt'));
  rmSync(outputFolder, { recursive: true, force: true });
  const builder = join(root, 'node_modules', 'electron-builder', 'cli.js');
  const words = given.filter((word) => word !== '--stand-in');
  const parameters = [builder, '--publish', 'never', `-c.electronDist=${electron}`, ...words];
  // electron-builder starts npm by name, which starts node by name
  const path = `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`;
  const env = { ...process.env, PATH: path };
  const { status } = spawnSync(process.execPath, parameters, { cwd: root, stdio: 'inherit', env });
  return status === 0 ? await lookAt(outputFolder) : status ?? 1;
}

process.exitCode = await packUp(process.argv.slice(2));

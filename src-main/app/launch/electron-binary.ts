// Finds Electron's binary, or fetches it with Electron's own installer. npm does not bring it along (see .npmrc), so
// that a machine without a display, or without a way to the download, installs and tests Likeness all the same.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where Electron's npm package keeps its binary; undefined when it was not fetched. */
export function findElectron(root: string): string | undefined {
  const folder = join(root, 'node_modules', 'electron');
  const note = join(folder, 'path.txt');
  if (!existsSync(note)) return undefined;
  const binary = join(folder, 'dist', readFileSync(note, 'utf8').trim());
  return existsSync(binary) ? binary : undefined;
}

/** Fetches Electron's binary; gives up after ten minutes. Returns its path, or undefined when it cannot be had. */
export function fetchElectron(root: string): string | undefined {
  const installer = join(root, 'node_modules', 'electron', 'install.js');
  if (!existsSync(installer)) return undefined;
  // Its own messages end in a stack trace when there is no network; ours is one line.
  spawnSync(process.execPath, [installer], { stdio: 'ignore', timeout: 600_000 });
  return findElectron(root);
}

export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Undefined on Windows. */
  readonly userId: number | undefined;
}

/** Why a window cannot be opened here, as half a sentence; undefined when it can. */
export function whyNoWindow({ platform, environment, userId }: Surroundings): string | undefined {
  if (platform !== 'linux') return undefined;
  if (!environment['DISPLAY'] && !environment['WAYLAND_DISPLAY']) return 'there is no display';
  // Chromium refuses to run as root unless its sandbox is switched off, and that we never do.
  if (userId === 0) return 'Electron’s sandbox does not run as root';
  return undefined;
}

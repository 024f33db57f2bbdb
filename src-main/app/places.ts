// Where the desktop app finds its parts: in the project while it is developed, in the installed app's resources after.
// The engine always runs on plain Node from files that are really on disk, never inside Electron's archive.

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { cudaFolderOf, defaultLibraryFolder } from '../studio/library-folder.ts';

export interface Places {
  readonly resourcesFolder: string;
  readonly nodeFile: string;
  readonly engineFile: string;
  /** The licences of Likeness and of everything in it, for reading. */
  readonly licensesFile: string;
  /** The window's icon, where the system does not take the program's. */
  readonly iconFile: string;
}

/** In the project's folder; `npm start` says which Node it runs on. */
export function developmentPlaces(root: string): Places {
  const licensesFile = join(root, 'dist', 'licenses', 'LICENSES.txt');
  return {
    resourcesFolder: join(root, 'resources'),
    nodeFile: process.env['LIKENESS_NODE'] ?? 'node',
    engineFile: join(root, 'src-main', 'compute', 'engine.ts'),
    licensesFile: existsSync(licensesFile) ? licensesFile : join(root, 'LICENSE'),
    iconFile: join(root, 'resources', 'icons', '256x256.png'),
  };
}

/** In an installed app; see electron-builder.yml, which lays them there. */
export function installedPlaces(resourcesPath: string): Places {
  const unpacked = join(resourcesPath, 'app.asar.unpacked');
  return {
    resourcesFolder: join(unpacked, 'resources'),
    nodeFile: join(resourcesPath, 'node', process.platform === 'win32' ? 'node.exe' : 'node'),
    engineFile: join(unpacked, 'dist', 'app', 'engine.mjs'),
    licensesFile: join(resourcesPath, 'licenses', 'LICENSES.txt'),
    iconFile: join(resourcesPath, 'icon.png'),
  };
}

/** Where CUDA's libraries are kept, and what the engine is started with beside them. */
export function cudaPlace(): { folder: string; environment: NodeJS.ProcessEnv } {
  const machine = { platform: process.platform, homeFolder: homedir(), environment: process.env };
  return { folder: cudaFolderOf(machine), environment: process.env };
}

/** Where the user's own library lies unless it was moved, or for a test the place that LIKENESS_LIBRARY names. */
export function defaultPlace(): string {
  const machine = { platform: process.platform, homeFolder: homedir(), environment: process.env };
  return process.env['LIKENESS_LIBRARY'] ?? defaultLibraryFolder(machine);
}

// Where the library lies unless the user says otherwise: the same place for the desktop app, the command line and the
// browser host, by the custom of each system.

import path from 'node:path';

export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly homeFolder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Beside it: CUDA's libraries, which all libraries of the user's share. */
export function cudaFolderOf(machine: Machine): string {
  return path.join(path.dirname(defaultLibraryFolder(machine)), 'likeness-cuda');
}

/** The user's own library folder; it need not exist yet. */
export function defaultLibraryFolder({ platform, homeFolder, environment }: Machine): string {
  if (platform === 'win32') {
    return path.win32.join(environment['APPDATA'] || path.win32.join(homeFolder, 'AppData', 'Roaming'), 'Likeness');
  }
  if (platform === 'darwin') return path.posix.join(homeFolder, 'Library', 'Application Support', 'Likeness');
  const dataHome = environment['XDG_DATA_HOME'];
  // the XDG base directory specification tells to ignore a relative path
  const base = dataHome && path.posix.isAbsolute(dataHome) ? dataHome : path.posix.join(homeFolder, '.local', 'share');
  return path.posix.join(base, 'likeness');
}

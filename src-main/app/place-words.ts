// Places as their user would write them.

import { homedir } from 'node:os';
import { sep } from 'node:path';

/** A place for reading: the home folder is ~. */
export function placeWords(path: string): string {
  const home = homedir();
  return path === home || path.startsWith(home + sep) ? `~${path.slice(home.length)}` : path;
}

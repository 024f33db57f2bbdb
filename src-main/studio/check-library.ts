// Looks at all of the library: every kept file is read again, the database is checked, what belongs to nothing is
// swept. Pictures that can be made again from a photo are.

import type { LibraryCheck } from '../contract/keeping.ts';
import type { StudioContext } from './context.ts';

export async function checkLibrary({ library }: StudioContext): Promise<LibraryCheck> {
  const { checked, missing, damaged } = await library.checkFiles();
  return await library.exclusively(async () => {
    const swept = await library.sweep();
    const check: LibraryCheck = {
      atMs: Date.now(), filesChecked: checked, missing: missing.length, damaged: damaged.length, swept: swept.files,
      isDatabaseSound: library.isDatabaseSound(),
    };
    library.facts.setLastCheck(check);
    return check;
  });
}

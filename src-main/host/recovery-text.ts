// What a start had to do to give a whole library, in one sentence.

import type { Recovery } from '../contract/keeping.ts';

/** The damaged database is not lost: it lies in the library's folder put-aside. */
export function recoveryText({ from, backupAtMs }: Recovery): string {
  const day = backupAtMs === null ? '' : new Date(backupAtMs).toISOString().slice(0, 10);
  const source = from === 'backup'
    ? `the backup of ${day} and the notes beside the files` : 'the notes beside the files';
  return `The database was damaged: it was made anew from ${source}, and the damaged one was put aside.`;
}

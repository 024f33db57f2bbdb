// Files in folders of models as they are held: what their headers said, and whether they are still what was read.

import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { ModelFolder } from '../contract/models.ts';
import type { ModelFileRow, ModelFolderRow } from '../library/model-folders.ts';
import type { ModelFacts } from './model-facts.ts';
import type { ModelCandidate, WalkReport } from './walk-models.ts';

/** A file, as it was when its header was read. */
export interface FoundFile {
  readonly row: Omit<ModelFileRow, 'facts'>;
  readonly facts: ModelFacts;
  readonly state: 'ready' | 'gone' | 'changed';
}

export interface HeldFolder {
  readonly row: ModelFolderRow;
  state: ModelFolder['state'];
  note: string;
  /** By path. */
  files: Map<string, FoundFile>;
}

export function stateOf({ row }: FoundFile, now: ModelCandidate | undefined): FoundFile['state'] {
  if (!now) return 'gone';
  return now.sizeBytes === row.sizeBytes && now.modifiedAtMs === row.modifiedAtMs ? 'ready' : 'changed';
}

export async function answers(place: string): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => { timer = setTimeout(() => resolve(false), patienceMs); });
  try {
    return await Promise.race([stat(place).then(() => true, () => false), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A drive that does not answer counts as gone. */
const patienceMs = 4000;

/** Of a folder on a drive or share. */
export const goneNote = 'It is not there now. Plug its drive in or connect to it, then look again.';

export function isInside(place: string, folder: string): boolean {
  return place === folder || place.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep);
}

/** So many at once, then the next. */
export async function inGroups<T>(
  all: readonly T[], size: number, work: (one: T) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < all.length; at += size) await Promise.all(all.slice(at, at + size).map(work));
}

const checkAccess = 'Check that you may read it, then look again.';
const nameInside = 'Name a folder inside it.';
const nameOther = 'Name the folder that holds checkpoints, LoRAs, embeddings or VAEs.';

/** A folder that was there and could not be read. */
export function unreadNote(error: unknown): string {
  return `It cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}). ${checkAccess}`;
}

/** What is to be known of a folder once it was read. */
export function noteOf({ unreadable, isCutShort, entries }: WalkReport, { files }: HeldFolder): string {
  return [
    ...(isCutShort ? [`It is very large: only the first ${entries} files were looked at.`, nameInside] : []),
    ...(unreadable.length === 1 ? ['One folder in it may not be read.', checkAccess] : []),
    ...(unreadable.length > 1 ? [`${unreadable.length} folders in it may not be read.`, checkAccess] : []),
    ...(files.size === 0 ? ['No models were found in it.', nameOther] : []),
  ].join(' ');
}

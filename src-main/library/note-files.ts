// The notes as files: notes/settings.json, and in notes/<subject>/ subject.json and photo-<id>.json and the like.
// Each is written beside its place, synced and renamed; the folders are synced once for all of them.

import { randomBytes } from 'node:crypto';
import {
  closeSync, fsyncSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmSync, writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type Note, type NoteKind, noteKinds, noteSchema } from './note-rows.ts';

const temporaryPrefix = '.part-';
const markName = 'complete';

export interface NoteToWrite {
  readonly kind: NoteKind;
  readonly id: string;
  readonly subjectId: string;
  /** Undefined: the noun is gone, and its note goes. */
  readonly note: Note | undefined;
}

export class NoteFiles {
  readonly #folder: string;

  constructor(libraryFolder: string) {
    this.#folder = join(libraryFolder, 'notes');
  }

  /** Durable when it returns. A subject that is gone takes its folder along. */
  write(notes: readonly NoteToWrite[]): void {
    const touched = new Set<string>();
    for (const { kind, id, subjectId, note } of notes) {
      const file = this.#fileOf(kind, id, subjectId);
      if (note) writeWhole(file, JSON.stringify(note));
      else if (kind === 'subject') rmSync(dirname(file), { recursive: true, force: true });
      else rmSync(file, { force: true });
      touched.add(dirname(file)).add(dirname(dirname(file)));
    }
    for (const folder of touched) syncFolderNow(folder);
  }

  /** Every note that can be read. */
  * readAll(): Generator<Note> {
    for (const { file } of this.#list()) {
      const note = parseNote(file);
      if (note) yield note;
    }
  }

  /** 'photo <id>' and the like, of every note that lies there, readable or not. */
  names(): Set<string> {
    return new Set(this.#list().map(({ kind, id }) => `${kind} ${id}`));
  }

  /** Removes the notes that `isKept` does not know, and what was left half written. */
  sweep(isKept: (kind: NoteKind, id: string) => boolean): void {
    for (const { file, kind, id } of this.#list()) {
      if (kind === null || !isKept(kind, id)) rmSync(file, { force: true });
    }
    for (const name of readFolder(this.#folder)) {
      const folder = join(this.#folder, name);
      if (isSubjectFolder(name) && readFolder(folder).length === 0) rmSync(folder, { recursive: true, force: true });
    }
  }

  readMark(): string | null {
    try {
      return readFileSync(join(this.#folder, markName), 'utf8');
    } catch {
      return null;
    }
  }

  writeMark(mark: string): void {
    writeWhole(join(this.#folder, markName), mark);
    syncFolderNow(this.#folder);
  }

  removeMark(): void {
    rmSync(join(this.#folder, markName), { force: true });
  }

  /** Whether there are any notes to read. */
  hasAny(): boolean {
    return this.#list().some(({ kind }) => kind !== null);
  }

  /** Notes with what their names say, and half-written ones with null. */
  #list(): { file: string; kind: NoteKind | null; id: string }[] {
    const folders = ['', ...readFolder(this.#folder).filter(isSubjectFolder)];
    return folders.flatMap((name) => readFolder(join(this.#folder, name)).flatMap((fileName) => {
      const found = /^(?:([a-z]+)-([0-9a-f]{32})|(settings|subject))\.json$/.exec(fileName);
      const kind = noteKinds.find((one) => one === (found?.[1] ?? found?.[3])) ?? null;
      if (kind === null && !fileName.startsWith(temporaryPrefix)) return [];
      return [{ file: join(this.#folder, name, fileName), kind, id: found?.[2] ?? name }];
    }));
  }

  #fileOf(kind: NoteKind, id: string, subjectId: string): string {
    if (kind === 'settings') return join(this.#folder, 'settings.json');
    return join(this.#folder, subjectId, kind === 'subject' ? 'subject.json' : `${kind}-${id}.json`);
  }
}

function isSubjectFolder(name: string): boolean {
  return /^[0-9a-f]{32}$/.test(name);
}

function readFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Undefined for what is no note: cut short, changed by hand, of a kind that is not known. */
function parseNote(file: string): Note | undefined {
  try {
    return noteSchema.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

function writeWhole(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = join(dirname(file), `${temporaryPrefix}${randomBytes(8).toString('hex')}`);
  try {
    const descriptor = openSync(temporary, 'wx', 0o600);
    try {
      const bytes = Buffer.from(text);
      // one write may be cut short, e.g. by a disk that is nearly full
      for (let offset = 0; offset < bytes.byteLength;) offset += writeSync(descriptor, bytes, offset);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function syncFolderNow(folder: string): void {
  // Windows cannot open folders, and its rename is durable without
  if (process.platform === 'win32') return;
  let descriptor: number;
  try {
    descriptor = openSync(folder, 'r');
  } catch (error) {
    // it went with its subject
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

// The photos of the current subject: their verdicts, what the user chose, and files on their way in.
// Files travel two at a time; one that is refused says why and does not stop the others.

import { errorDataOf } from '../../src-main/contract/error-data.ts';
import type { PhotoId, SubjectId } from '../../src-main/contract/ids.ts';
import type { ErrorData, Photo } from '../../src-main/contract/nouns.ts';
import type { StudioClient } from '../ipc/client.ts';

const importsAtOnce = 2;

/** What a file gives: a browser's File, or a test's own bytes. */
export interface PhotoFile {
  readonly name: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

export interface RefusedFile {
  readonly fileName: string;
  readonly error: ErrorData;
}

export interface ImportSummary {
  readonly added: number;
  readonly known: number;
  readonly refused: number;
}

export class Photos {
  list = $state.raw<Photo[]>([]);
  isLoading = $state(false);
  refused = $state.raw<readonly RefusedFile[]>([]);
  /** How many were refused; `refused` has at most the first hundred of an import. */
  refusedCount = $state(0);
  importing = $state<{ done: number; all: number } | null>(null);

  good = $derived(this.list.filter((photo) => photo.isUsed && photo.verdict.grade === 'good').length);
  used = $derived(this.list.filter((photo) => photo.isUsed).length);
  usable = $derived(this.used - this.good);
  waiting = $derived(this.list.filter((photo) => photo.verdict.grade === 'waiting').length);
  leftOut = $derived(this.list.length - this.used - this.list.filter(isUndecided).length);
  #client: StudioClient;
  #subjectId: SubjectId | null = null;
  #changes: Promise<unknown> = Promise.resolve();

  constructor(client: StudioClient) {
    this.#client = client;
  }

  async load(subjectId: SubjectId): Promise<void> {
    if (this.#subjectId !== subjectId) {
      this.list = [];
      this.clearRefused();
    }
    this.#subjectId = subjectId;
    this.isLoading = this.list.length === 0;
    try {
      const list = await this.#client.call('photos.list', { subjectId });
      if (this.#subjectId === subjectId) this.list = list;
    } finally {
      this.isLoading = false;
    }
  }

  /** Adds files to a subject; resolves when every one was taken or refused. */
  async importFiles(subjectId: SubjectId, files: readonly PhotoFile[]): Promise<ImportSummary> {
    const summary = { added: 0, known: 0, refused: 0 };
    if (files.length === 0) return summary;
    const before = this.importing ?? { done: 0, all: 0 };
    this.importing = { done: before.done, all: before.all + files.length };
    const waiting = [...files];
    const carry = async (): Promise<void> => {
      for (let file = waiting.shift(); file; file = waiting.shift()) {
        summary[await this.#importOne(subjectId, file)]++;
        if (this.importing) this.importing = { ...this.importing, done: this.importing.done + 1 };
      }
    };
    await Promise.all(Array.from({ length: importsAtOnce }, carry));
    if (this.importing && this.importing.done >= this.importing.all) this.importing = null;
    return summary;
  }

  async #importOne(subjectId: SubjectId, file: PhotoFile): Promise<keyof ImportSummary> {
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      const { photo, isNew } = await this.#client.call('photos.import', { subjectId, fileName: file.name, bytes });
      this.upsert(photo);
      return isNew ? 'added' : 'known';
    } catch (thrown) {
      this.refuse([{ fileName: file.name, error: errorDataOf(thrown) }], 1);
      return 'refused';
    }
  }

  /** Keeps what was refused and why, after what was refused before. */
  refuse(files: readonly RefusedFile[], count: number): void {
    this.refused = [...this.refused, ...files];
    this.refusedCount += count;
  }

  clearRefused(): void {
    this.refused = [];
    this.refusedCount = 0;
  }

  /** Sets the user's choice and gives back the one before, for undo. */
  choose(photoId: PhotoId, userChoice: Photo['userChoice']): Promise<Photo['userChoice']> {
    return this.#inTurn(async () => {
      const before = this.find(photoId)?.userChoice ?? null;
      this.upsert(await this.#client.call('photos.choose', { photoId, userChoice }));
      return before;
    });
  }

  /** Says which face is the subject's, null for the studio's own way; gives back what was said before, for undo. */
  chooseFace(photoId: PhotoId, faceIndex: number | null): Promise<number | null> {
    return this.#inTurn(async () => {
      const before = this.find(photoId);
      this.upsert(await this.#client.call('photos.chooseFace', { photoId, faceIndex }));
      return before?.isFaceChosen ? before.faceIndex : null;
    });
  }

  /** Sets a caption, '' for the usual one, and gives back the one before, for undo. */
  setCaption(photoId: PhotoId, caption: string): Promise<string> {
    return this.#inTurn(async () => {
      const before = this.find(photoId)?.caption ?? '';
      this.upsert(await this.#client.call('photos.setCaption', { photoId, caption }));
      return before;
    });
  }

  /** Sets how often teaching sees a photo, and gives back the number before, for undo. */
  setRepeats(photoId: PhotoId, repeats: number): Promise<number> {
    return this.#inTurn(async () => {
      const before = this.find(photoId)?.repeats ?? 1;
      this.upsert(await this.#client.call('photos.setRepeats', { photoId, repeats }));
      return before;
    });
  }

  /** One change after the other, so that each knows what it changed. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#changes.then(change);
    this.#changes = turn.catch(() => undefined);
    return turn;
  }

  find(photoId: PhotoId | null): Photo | null {
    return this.list.find((photo) => photo.id === photoId) ?? null;
  }

  /** Takes in a photo of the current subject; others are read when their subject is opened. */
  upsert(photo: Photo): void {
    if (photo.subjectId !== this.#subjectId) return;
    const index = this.list.findIndex((each) => each.id === photo.id);
    this.list = index < 0 ? [...this.list, photo] : this.list.with(index, photo);
  }
}

/** What X does to a photo: leave out one that is used, use one that is not. */
export function oppositeChoice(photo: Photo): 'use' | 'leave-out' {
  return photo.isUsed || isUndecided(photo) ? 'leave-out' : 'use';
}

function isUndecided(photo: Photo): boolean {
  return photo.verdict.grade === 'waiting' && photo.userChoice === null && !photo.isUsed;
}

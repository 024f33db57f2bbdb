// Portrait styles on the shelf: those that come with Likeness, and the user's own files in a folder of the library,
// in the same form. The folder is looked at again whenever somebody asks, so that a file that was put there, edited or
// taken away counts at once; one that is broken is reported and hides no other.

import { mkdirSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomically } from '../checkpoint/atomic-file.ts';
import { UserError } from '../contract/errors.ts';
import type { StyleId } from '../contract/ids.ts';
import { type PortraitStyle, inOrder, loadStyles } from '../generation/styles.ts';
import {
  type OwnFile, type OwnStyle, type ReadFolder, type ShelvedStyle, copyOf, fileText, filesIn, freeId, pictureIdOf,
  readOwnStyles, smallPicture, wholeStyle,
} from './own-styles.ts';
import { unknownStyle } from './styles.ts';

export interface StyleShelf {
  /** The user's own folder. */
  readonly folder: string;
  /** In the order they are shown. */
  list(): readonly ShelvedStyle[];
  /** What is wrong with files of the user's own folder. */
  problems(): readonly UserError[];
  /** Keeps a style: a new one for null, else the one of this id. Throws styles.built-in. */
  save(id: StyleId | null, style: OwnStyle): Promise<ShelvedStyle>;
  /** A file of the user's own with everything that a style has, to be changed by hand; a free name for null. */
  copy(id: StyleId, name: string | null): Promise<ShelvedStyle>;
  /** The name of the file that holds a style of the user's own; undefined for others. */
  fileOf(id: StyleId): string | undefined;
  /** Throws styles.unknown and styles.built-in. */
  remove(id: StyleId): Promise<void>;
  /** The sample picture of this id. */
  picture(pictureId: string): Promise<{ bytes: Uint8Array; mediaType: string } | undefined>;
}

/** Reads resources/styles; makes the user's own folder when it is missing. */
export async function openStyleShelf(resourcesFolder: string, ownFolder: string): Promise<StyleShelf> {
  const builtIn = await readBuiltIn(path.join(resourcesFolder, 'styles'));
  mkdirSync(ownFolder, { recursive: true, mode: 0o700 });
  return new Shelf(ownFolder, builtIn);
}

interface BuiltIn {
  readonly styles: readonly ShelvedStyle[];
  readonly pictures: ReadonlyMap<string, Uint8Array>;
}

async function readBuiltIn(folder: string): Promise<BuiltIn> {
  const pictures = new Map<string, Uint8Array>();
  const styles: ShelvedStyle[] = [];
  for (const style of await loadStyles(folder)) {
    const bytes = await readFile(path.join(folder, 'pictures', `${style.id}.webp`)).catch(() => undefined);
    const pictureId = bytes ? pictureIdOf(bytes) : null;
    if (bytes) pictures.set(pictureId!, bytes);
    styles.push({ ...style, isBuiltIn: true, pictureId });
  }
  return { styles, pictures };
}

class Shelf implements StyleShelf {
  readonly folder: string;
  readonly #builtIn: BuiltIn;
  #looked: ReadFolder & { readonly mark: string } = { mark: '', own: [], problems: [] };

  constructor(folder: string, builtIn: BuiltIn) {
    this.folder = folder;
    this.#builtIn = builtIn;
  }

  list(): readonly ShelvedStyle[] {
    return inOrder([...this.#builtIn.styles, ...this.#look().own.map(({ style }) => style)]);
  }

  problems(): readonly UserError[] {
    return this.#look().problems;
  }

  async save(id: StyleId | null, own: OwnStyle): Promise<ShelvedStyle> {
    const all = this.list();
    const known = id === null ? undefined : this.#fileOf(id);
    if (id !== null && !known && all.some((style) => style.id === id)) throw builtInStyle(id);
    const style = wholeStyle(id ?? freeId(own.name, this.#takenIds()), own, all, known?.style);
    return await this.#write(known?.file ?? `${style.id}.json`, style);
  }

  async copy(id: StyleId, name: string | null): Promise<ShelvedStyle> {
    const all = this.list();
    const original = all.find((style) => style.id === id);
    if (!original) throw unknownStyle(all, id);
    const copied = freeId(name ?? original.id, this.#takenIds());
    return await this.#write(`${copied}.json`, copyOf(original, copied, name));
  }

  fileOf(id: StyleId): string | undefined {
    return this.#fileOf(id)?.file;
  }

  async remove(id: StyleId): Promise<void> {
    const known = this.#fileOf(id);
    const all = this.list();
    if (!known) throw all.some((style) => style.id === id) ? builtInStyle(id) : unknownStyle(all, id);
    await rm(path.join(this.folder, known.file), { force: true });
    if (known.pictureFile) await rm(path.join(this.folder, known.pictureFile), { force: true });
  }

  async picture(pictureId: string): Promise<{ bytes: Uint8Array; mediaType: string } | undefined> {
    const builtIn = this.#builtIn.pictures.get(pictureId);
    if (builtIn) return { bytes: builtIn, mediaType: 'image/webp' };
    const own = this.#look().own.find(({ style }) => style.pictureId === pictureId);
    if (!own?.pictureFile) return undefined;
    return await smallPicture(path.join(this.folder, own.pictureFile)).catch(() => undefined);
  }

  async #write(file: string, style: PortraitStyle): Promise<ShelvedStyle> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await writeFileAtomically(path.join(this.folder, file), (handle) => handle.writeFile(fileText(style)));
    this.#looked = { ...this.#looked, mark: '' };
    return this.#fileOf(style.id)!.style;
  }

  #fileOf(id: StyleId): OwnFile | undefined {
    return this.#look().own.find(({ style }) => style.id === id);
  }

  /** The folder's files as they are now; read again only where one has changed. */
  #look(): ReadFolder {
    const files = filesIn(this.folder);
    const mark = JSON.stringify(files);
    if (mark !== this.#looked.mark) {
      this.#looked = { mark, ...readOwnStyles(this.folder, files, this.#builtIn.styles.map(({ id }) => id)) };
    }
    return this.#looked;
  }

  /** Also the names of files that hold none at the moment, so that no new style takes their place. */
  #takenIds(): Set<string> {
    const files = filesIn(this.folder).map(({ name }) => path.parse(name).name);
    return new Set([...this.list().map(({ id }) => id), ...files]);
  }
}

function builtInStyle(id: StyleId): UserError {
  return new UserError('styles.built-in', {
    what: `The style "${id}" comes with Likeness and cannot be changed.`,
    safe: 'Nothing was changed.',
    todo: 'Make a copy of it and change that.',
  }, { id });
}

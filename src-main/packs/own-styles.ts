// The user's own styles as files of one folder: <any name>.json in the form of resources/styles, with a sample picture
// of the same name beside it where they have one.

import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../contract/errors.ts';
import { type StyleId, styleIdSchema } from '../contract/ids.ts';
import { type PortraitStyle, badStyle, ownOrder, parseStyle, takenId } from '../generation/styles.ts';
import { decodePhoto, encodeThumbnail } from '../photos/decode.ts';

/** A style as it lies on the shelf. */
export interface ShelvedStyle extends PortraitStyle {
  readonly isBuiltIn: boolean;
  /** Names its sample picture; null where it has none. */
  readonly pictureId: string | null;
}

/** A style of the user's own as they write it down: in one language, with one prompt. */
export interface OwnStyle {
  readonly name: string;
  readonly group: string;
  readonly prompt: string;
  readonly negativePrompt: string;
}

/** A file of the folder as it lies there now. */
export interface FoundFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
}

export interface OwnFile {
  /** Its name, without the folder. */
  readonly file: string;
  readonly style: ShelvedStyle;
  readonly pictureFile: string | null;
}

export interface ReadFolder {
  readonly own: readonly OwnFile[];
  /** One for each file that holds no style. */
  readonly problems: readonly UserError[];
}

const largestFileBytes = 64 * 1024;
/** A camera's picture, and not a film. */
const largestPictureBytes = 32 * 1024 * 1024;
const pictureEdgePx = 256;
const pictureEndings = new Set(['.webp', '.png', '.jpg', '.jpeg']);

/** Styles and pictures of a folder, by name; hidden files are passed over. A folder that is gone is an empty one. */
export function filesIn(folder: string): FoundFile[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.') && isStyleOrPicture(name)).sort()
      .flatMap((name) => foundFile(folder, name));
  } catch {
    return [];
  }
}

function isStyleOrPicture(name: string): boolean {
  const ending = path.extname(name).toLowerCase();
  return ending === '.json' || pictureEndings.has(ending);
}

function foundFile(folder: string, name: string): FoundFile[] {
  const found = statSync(path.join(folder, name), { throwIfNoEntry: false });
  return found?.isFile() ? [{ name, sizeBytes: found.size, modifiedAtMs: found.mtimeMs }] : [];
}

/** The folder's styles. An id that is taken, by one of Likeness or by a file before it, is a problem of the file. */
export function readOwnStyles(folder: string, files: readonly FoundFile[], taken: readonly StyleId[]): ReadFolder {
  const ids = new Set<string>(taken);
  const own: OwnFile[] = [];
  const problems: UserError[] = [];
  for (const found of files.filter(({ name }) => path.extname(name).toLowerCase() === '.json')) {
    try {
      const style = readOwnStyle(folder, found);
      if (ids.has(style.id)) throw takenId(found.name, style.id);
      ids.add(style.id);
      const picture = files.find(({ name }) => isPictureOf(name, found.name));
      const pictureId = picture ? pictureIdOf(JSON.stringify(picture)) : null;
      own.push({
        file: found.name, pictureFile: picture?.name ?? null, style: { ...style, isBuiltIn: false, pictureId },
      });
    } catch (error) {
      problems.push(error instanceof UserError ? error : unreadable(found.name, error));
    }
  }
  return { own, problems };
}

function readOwnStyle(folder: string, { name, sizeBytes }: FoundFile): PortraitStyle {
  if (sizeBytes > largestFileBytes) {
    throw badStyle(name, `it has more than ${largestFileBytes / 1024} KB`, 'too-large');
  }
  return parseStyle(name, readFileSync(path.join(folder, name), 'utf8'), 'own');
}

/** With the system's word for it, and never a path. */
function unreadable(file: string, error: unknown): UserError {
  const { code = 'no reason given' } = error as NodeJS.ErrnoException;
  return badStyle(file, `it cannot be read (${code})`, 'unreadable', code);
}

function isPictureOf(name: string, styleFile: string): boolean {
  const { name: stem, ext } = path.parse(name);
  return stem === path.parse(styleFile).name && pictureEndings.has(ext.toLowerCase());
}

/** 32 hexadecimal digits that are others when the picture is another one. */
export function pictureIdOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 32);
}

/** A picture of the user's own, decoded as every picture from elsewhere is, and made small. */
export async function smallPicture(file: string): Promise<{ bytes: Uint8Array; mediaType: string } | undefined> {
  if (statSync(file).size > largestPictureBytes) return undefined;
  const picture = await decodePhoto(await readFile(file), path.basename(file));
  return { bytes: await encodeThumbnail(picture, pictureEdgePx), mediaType: 'image/webp' };
}

/**
 * What the user wrote as a whole style. Where their prompt is that of a style there is, the other family of models gets
 * what that style has for it; and a group that is known by its name in one language gets its name in the other.
 */
export function wholeStyle(
  id: StyleId, { name, group, prompt, negativePrompt }: OwnStyle, all: readonly PortraitStyle[], before?: PortraitStyle,
): PortraitStyle {
  const given = { prompt, negativePrompt };
  const isSamePrompt = (style: PortraitStyle): boolean => [style.starter, style.general].some((one) => (
    one.prompt === prompt));
  const twin = [...before ? [before] : [], ...all].find(isSamePrompt);
  const groups = all.map((style) => style.group).find((known) => known.en === group || known['zh-Hans'] === group);
  const isNameKept = before !== undefined && Object.values(before.name).includes(name);
  return {
    id, name: isNameKept ? before.name : { en: name, 'zh-Hans': name },
    group: groups ?? { en: group, 'zh-Hans': group },
    order: before?.order ?? ownOrder,
    starter: twin && twin.starter.prompt !== prompt ? twin.starter : given,
    general: twin && twin.general.prompt !== prompt ? twin.general : given,
  };
}

/** Another style with everything that this one has; named 'Winter (copy)' and '冬日（副本）' where no name is given. */
export function copyOf(style: PortraitStyle, id: StyleId, name: string | null): PortraitStyle {
  const { en, 'zh-Hans': chinese } = style.name;
  const names = name === null ? { en: `${en} (copy)`, 'zh-Hans': `${chinese}（副本）` } : { en: name, 'zh-Hans': name };
  return { ...style, id, name: names, order: ownOrder };
}

/** The style as the text of its file. */
export function fileText({ id, name, group, order, starter, general }: PortraitStyle): string {
  return `${JSON.stringify({ id, name, group, order, starter, general }, null, 2)}\n`;
}

/** A short word out of the name that no other style has; 'style' where the name has no Latin letters. */
export function freeId(name: string, taken: ReadonlySet<string>): StyleId {
  const plain = name.normalize('NFKD').replace(/[^A-Za-z0-9]+/g, '-').replace(/^-+|-+$/g, '').toLowerCase().slice(0, 50);
  const stem = plain || 'style';
  for (let number = 1; ; number++) {
    const id = number === 1 ? stem : `${stem}-${number}`;
    if (!taken.has(id)) return styleIdSchema.parse(id.replace(/^-+/, ''));
  }
}

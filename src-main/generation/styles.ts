// Portrait styles: prompts made ready, one JSON file each, checked when they are read. The starter pack knows only the
// words of its own captions, so a style of Likeness holds a prompt for each family of packs; one of the user's may say
// it once for all. '{subject}' stands where the trigger word and the class word go.

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';

import { UserError } from '../contract/errors.ts';
import { type Style, styleSchema } from '../contract/nouns.ts';
import { styleIdSchema } from '../contract/ids.ts';

/** Behind those of Likeness. */
export const ownOrder = 10_000;
const subjectPlace = '{subject}';

const anyPromptSchema = z.strictObject({
  prompt: z.string().trim().min(1).max(500), negativePrompt: z.string().trim().max(500),
});
const promptSchema = anyPromptSchema.refine(
  ({ prompt }) => prompt.split(subjectPlace).length === 2, { path: ['prompt'], error: `It has ${subjectPlace} once.` });

const word = z.string().trim().min(1).max(80);
const wordsSchema = z.strictObject({ en: word, 'zh-Hans': word });
/** One text for both languages will do. */
const givenWordsSchema = z.union([wordsSchema, word.transform((text) => ({ en: text, 'zh-Hans': text }))]);

/** What every style is in the end. */
const styleFileSchema = z.strictObject({
  id: styleIdSchema,
  name: wordsSchema,
  group: wordsSchema,
  /** Small comes first. */
  order: z.int().min(0),
  starter: promptSchema,
  general: promptSchema,
});

/** A user's own file may leave out its order and the starter pack's prompt, and name things in one language. */
const ownFileSchema = z.strictObject({
  id: styleIdSchema,
  name: givenWordsSchema,
  group: givenWordsSchema,
  order: z.int().min(0).default(ownOrder),
  starter: anyPromptSchema.optional(),
  general: anyPromptSchema,
}).transform(({ starter, ...file }) => ({ ...file, starter: starter ?? file.general }));

export type PortraitStyle = z.infer<typeof styleFileSchema>;
export type StyleLanguage = keyof PortraitStyle['name'];
/** `starter`: the built-in pack and what is trained on it; `general`: every real Stable Diffusion checkpoint. */
export type PackFamily = 'starter' | 'general';
/** `whole`: with every field, as those that come with Likeness; `own`: as a user may write it. */
export type StyleForm = 'whole' | 'own';

/** All styles of a folder, in their order. Refuses, naming the file, one that breaks the form or repeats an id. */
export async function loadStyles(folder: string): Promise<PortraitStyle[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort();
  const styles = await Promise.all(files.map(async (file) => (
    parseStyle(file, await readFile(path.join(folder, file), 'utf8'), 'whole'))));
  const ids = styles.map((style) => style.id);
  const repeated = ids.findIndex((id, i) => ids.indexOf(id) !== i);
  if (repeated >= 0) throw takenId(files[repeated]!, ids[repeated]!);
  return inOrder(styles);
}

/** By their order, and by id where that is the same. */
export function inOrder<S extends PortraitStyle>(styles: readonly S[]): S[] {
  return styles.toSorted((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));
}

/** A style as the studio shows it, in one language and for one family of packs. */
export function shownStyle(
  style: PortraitStyle & Partial<Pick<Style, 'isBuiltIn' | 'pictureId'>>, language: StyleLanguage, family: PackFamily,
): Style {
  return styleSchema.parse({
    id: style.id, name: style.name[language], group: style.group[language], ...style[family],
    isBuiltIn: style.isBuiltIn, pictureId: style.pictureId,
  });
}

/** A style file's text as a style. Throws styles.damaged, which names the file and what is wrong. */
export function parseStyle(fileName: string, text: string, form: StyleForm): PortraitStyle {
  let content: unknown;
  try {
    content = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw badStyle(fileName, `it is not JSON (${(error as Error).message})`, 'no-json');
  }
  const parsed = (form === 'whole' ? styleFileSchema : ownFileSchema).safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue!.path.join('.');
  throw badStyle(fileName, `${field || 'the file'}: ${issue!.message}`, 'form', field);
}

export function takenId(file: string, id: string): UserError {
  return badStyle(file, `its id "${id}" is taken by another style`, 'taken-id', id);
}

/** `reason` completes "cannot be used: ..."; `kind` and `detail` say the same to other languages. */
export function badStyle(
  file: string, reason: string, kind: 'no-json' | 'form' | 'taken-id' | 'too-large' | 'unreadable', detail = '',
): UserError {
  return new UserError('styles.damaged', {
    what: `The style file "${file}" cannot be used: ${reason}.`,
    safe: 'Your photos, looks and portraits were not touched.',
    todo: 'Correct or remove the file, or install Likeness again.',
  }, { file, reason, kind, detail });
}

// Portrait styles: prompts made ready, one JSON file each in resources/styles, checked when they are read.
// The starter pack knows only the words of its own captions, so a style holds a prompt for each family of packs.
// '{subject}' stands where the trigger word and the class word go.

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';

import { UserError } from '../contract/errors.ts';
import { type Style, styleSchema } from '../contract/nouns.ts';
import { styleIdSchema } from '../contract/ids.ts';

const placeholder = '{subject}';

const promptSchema = z.strictObject({
  prompt: z.string().trim().max(500)
    .refine((text) => text.split(placeholder).length === 2, `A prompt has ${placeholder} exactly once.`),
  negativePrompt: z.string().trim().max(500),
});

const styleFileSchema = z.strictObject({
  id: styleIdSchema,
  name: z.strictObject({ en: z.string().trim().min(1), 'zh-Hans': z.string().trim().min(1) }),
  group: z.strictObject({ en: z.string().trim().min(1), 'zh-Hans': z.string().trim().min(1) }),
  /** Small comes first. */
  order: z.int().min(0),
  starter: promptSchema,
  general: promptSchema,
});

export type PortraitStyle = z.infer<typeof styleFileSchema>;
export type StyleLanguage = keyof PortraitStyle['name'];
/** `starter`: the built-in pack and what is trained on it; `general`: every real Stable Diffusion checkpoint. */
export type PackFamily = 'starter' | 'general';

/** All styles of a folder, in their order. Refuses, naming the file, one that breaks the form or repeats an id. */
export async function loadStyles(folder: string): Promise<PortraitStyle[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort();
  const styles = await Promise.all(files.map((file) => readStyle(path.join(folder, file))));
  const ids = styles.map((style) => style.id);
  const repeated = ids.findIndex((id, i) => ids.indexOf(id) !== i);
  if (repeated >= 0) throw badStyle(files[repeated]!, `its id "${ids[repeated]}" is taken by another style`);
  return styles.sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));
}

/** A style as the studio shows it, in one language and for one family of packs. */
export function shownStyle(style: PortraitStyle, language: StyleLanguage, family: PackFamily): Style {
  return styleSchema.parse({
    id: style.id, name: style.name[language], group: style.group[language], ...style[family],
  });
}

async function readStyle(file: string): Promise<PortraitStyle> {
  const name = path.basename(file);
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw badStyle(name, `it is not JSON (${(error as Error).message})`);
  }
  const parsed = styleFileSchema.safeParse(content);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw badStyle(name, `${issue!.path.join('.') || 'the file'}: ${issue!.message}`);
  }
  return parsed.data;
}

function badStyle(file: string, reason: string): UserError {
  return new UserError('styles.damaged', {
    what: `The style file "${file}" cannot be used: ${reason}.`,
    safe: 'Your photos, looks and portraits were not touched.',
    todo: 'Correct or remove the file, or install Likeness again.',
  }, { file, reason });
}

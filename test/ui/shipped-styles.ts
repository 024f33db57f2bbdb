// The styles that the studio ships, as it would show them; every ninth has no sample picture.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { StyleId } from '../../src-main/contract/ids.ts';
import type { Style } from '../../src-main/contract/nouns.ts';
import type { StudioSettings } from '../../src-main/contract/settings.ts';

type Language = StudioSettings['language'];

interface StyleFile {
  readonly id: string;
  readonly name: Record<Language, string>;
  readonly group: Record<Language, string>;
  readonly order: number;
  readonly starter: Pick<Style, 'prompt' | 'negativePrompt'>;
}

const folder = path.join(import.meta.dirname, '../../resources/styles');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as StyleFile)
  .sort((a, b) => a.order - b.order);

export const shippedStyles: Style[] = files.map(({ id, name, group, starter }, index) => ({
  id: id as StyleId, name: name.en, group: group.en, ...starter, isBuiltIn: true,
  pictureId: index % 9 === 8 ? null : `${index}`.padStart(32, '0'),
}));

/** Styles of a scene in the language that is set; the user's own have one name. */
export function stylesIn(styles: readonly Style[], language: Language): Style[] {
  return styles.map((style) => {
    const file = files.find(({ id }) => id === style.id);
    return style.isBuiltIn && file ? { ...style, name: file.name[language], group: file.group[language] } : style;
  });
}

// The names of portraits' styles as their user reads them.

import type { Portrait } from '../contract/nouns.ts';
import type { StudioContext } from './context.ts';

/** Tells the name in the user's language; null without a style, or where it is gone. Reads the styles once. */
export function styleNames(
  { styles, library }: Pick<StudioContext, 'styles' | 'library'>,
): (portrait: Pick<Portrait, 'styleId'>) => string | null {
  const { language } = library.settings.get();
  const names = new Map(styles.map(({ id, name }) => [id, name[language]]));
  return ({ styleId }) => (styleId === null ? null : names.get(styleId) ?? null);
}

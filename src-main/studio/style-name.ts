// The name of a portrait's style as its user reads it.

import type { Portrait } from '../contract/nouns.ts';
import type { StudioContext } from './context.ts';

/** In the user's language; null without a style, or where it is gone. */
export function styleName(
  { styles, library }: Pick<StudioContext, 'styles' | 'library'>, { styleId }: Pick<Portrait, 'styleId'>,
): string | null {
  return styles.find(({ id }) => id === styleId)?.name[library.settings.get().language] ?? null;
}

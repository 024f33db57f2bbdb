// Opening the library at the start: where it cannot be opened, its user hears what happened, what is safe and what to
// do, and may try again, look at the folder, or quit.

import { errorDataOf } from '../contract/error-data.ts';
import type { Message } from './desktop-system.ts';
import type { DesktopWords } from './words.ts';

export interface Opening {
  open(): Promise<void>;
  /** Answers with the number of the button. */
  show(message: Message): Promise<number>;
  showFolder(): Promise<void>;
  words(): DesktopWords;
}

/** True once the library is open, false where its user gave up. */
export async function openOrExplain({ open, show, showFolder, words }: Opening): Promise<boolean> {
  for (;;) {
    try {
      await open();
      return true;
    } catch (error) {
      const { trouble } = words();
      const buttons = [trouble.tryAgain, trouble.showFolder, trouble.quit];
      const detail = detailOf(error, words());
      const answer = await show({ type: 'error', message: trouble.cannotStart, detail, buttons });
      if (answer === 2) return false;
      if (answer === 1) await showFolder();
    }
  }
}

/** What, safe and todo, a paragraph each; in this language where it has words for it. */
export function detailOf(error: unknown, { openingErrors }: DesktopWords): string {
  const data = errorDataOf(error);
  const { what, safe, todo } = openingErrors[data.code] ?? data;
  return [what, safe, todo].join('\n\n');
}

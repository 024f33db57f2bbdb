// What the studio says in English about folders, files and providers, in Chinese.

import type { Saying } from './said.ts';

export const zhHansSaid: readonly Saying[] = [];

// When a process of the window ends by itself: what is said, and whether the window opens again by itself.
// The studio and its engine are other processes, so nothing of the user's work is touched.

import type { DesktopWords } from './words.ts';

/** Why a process ended, in one sentence; '' for a reason that nobody needs to hear of. */
export function goneSentence(words: DesktopWords, reason: string): string {
  return words.trouble.reasons[reason] ?? '';
}

export interface Mending {
  /** What to do about this end: nothing, open again, or ask because it keeps happening. */
  after(reason: string, nowMs: number): 'nothing' | 'reopen' | 'ask';
}

const mostReopens = 3;
const withinMs = 60_000;

/** Opens the page again three times a minute, and asks after that; damaged files are asked about at once. */
export function openMending(): Mending {
  let ends: number[] = [];
  return {
    after(reason, nowMs) {
      if (reason === 'clean-exit') return 'nothing';
      if (reason === 'integrity-failure' || reason === 'launch-failed') return 'ask';
      ends = [...ends.filter((endMs) => nowMs - endMs < withinMs), nowMs];
      if (ends.length <= mostReopens) return 'reopen';
      ends = [];
      return 'ask';
    },
  };
}

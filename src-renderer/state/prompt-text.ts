// What a prompt means beyond its words: weights as '(word:1.2)', choices as '{a|b}', and the places of people. The
// studio reads the same signs when it draws; here they are written and shown.

export interface Marked {
  readonly text: string;
  /** What is selected in it. */
  readonly start: number;
  readonly end: number;
}

export const weightLimits = { low: 0.1, high: 2, step: 0.1 } as const;

/**
 * Weighs what is selected, or the word at the cursor, more or less: 'soft light' becomes '(soft light:1.1)', and its
 * number goes up and down from there. At 1 the signs go away. Nothing changes where there is no word.
 */
export function weigh({ text, start, end }: Marked, change: number): Marked {
  const held = weightAround(text, start, end) ?? { ...wordAt(text, start, end), weight: 1 };
  if (held.end <= held.start) return { text, start, end };
  const inner = held.inner ?? text.slice(held.start, held.end);
  const weight = Math.min(weightLimits.high, Math.max(weightLimits.low, round(held.weight + change)));
  const written = weight === 1 ? inner : `(${inner}:${weight})`;
  const from = held.start + (weight === 1 ? 0 : 1);
  return { text: text.slice(0, held.start) + written + text.slice(held.end), start: from, end: from + inner.length };
}

interface Held {
  /** The whole of it, signs and all. */
  readonly start: number;
  readonly end: number;
  readonly weight: number;
  readonly inner?: string;
}

/** The innermost '(…:1.2)' around what is selected. */
function weightAround(text: string, start: number, end: number): Held | null {
  const found = weightedParts(text)
    .filter((part) => part.start <= start && part.end >= end)
    .sort((a, b) => (a.end - a.start) - (b.end - b.start))[0];
  return found ?? null;
}

/** Every '(words:number)' that has no brackets inside. */
export function weightedParts(text: string): Required<Held>[] {
  return [...text.matchAll(/(?<!\\)\(([^()\\]+):\s*(\d*\.?\d+)\s*\)/g)].map((match) => ({
    start: match.index, end: match.index + match[0].length, inner: match[1]!, weight: Number(match[2]),
  }));
}

/** The selection without spaces at its ends; with nothing selected the word that the cursor stands in or behind. */
function wordAt(text: string, start: number, end: number): { start: number; end: number } {
  if (start < end) {
    const chosen = text.slice(start, end);
    const [spaceBefore, spaceAfter] = [chosen.trimStart(), chosen.trimEnd()].map((part) => chosen.length - part.length);
    return { start: start + spaceBefore!, end: end - spaceAfter! };
  }
  const isInWord = (letter: string | undefined): boolean =>
    letter !== undefined && /[\p{L}\p{N}'’_-]/u.test(letter);
  let [from, to] = [start, start];
  while (isInWord(text[from - 1])) from--;
  while (isInWord(text[to])) to++;
  return { start: from, end: to };
}

/** Whether a text has choices: '{a|b}'. Places of people have no bar, and '\{' is a bracket as it stands. */
export function hasChoices(text: string): boolean {
  return /(?<!\\)\{[^{}]*(?:\{[^{}]*\}[^{}]*)*(?<!\\)\|/.test(text);
}

/** The prompts of a field: one, or one a line. */
export function promptsOf(text: string, isByLine: boolean): string[] {
  const parts = isByLine ? text.split('\n') : [text];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

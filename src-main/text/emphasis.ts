// How much each part of a prompt counts, in AUTOMATIC1111's notation: '(word)' 1.1 times, '[word]' a 1.1th,
// '(word:1.3)' 1.3 times, inside each other multiplied; a backslash makes a bracket an ordinary letter. A bracket that
// is never closed counts to the end of the prompt.

/** A part of a prompt, its brackets and escapes taken away, and how much it counts. */
export interface WeightedPart {
  readonly text: string;
  readonly weight: number;
}

const bracketWeight = 1.1;

// one thing at a time: an escape, an opening bracket, ':1.3)', a closing bracket, or the text up to the next of these
const notation = /\\([\s\S])|([([])|:\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*\)|([)\]])|([^\\()[\]:]+|[\s\S])/gu;
/** Letters that a backslash takes the meaning from; before any other one it is a letter itself. */
const escapable = '()[]{|}\\';

interface Piece {
  text: string;
  weight: number;
}

/**
 * Takes a prompt apart. Neighbours of the same weight come as one part; of an empty prompt there is one empty part.
 * A number without an open '(' and a closing bracket without an opening one are letters.
 */
export function weightedParts(prompt: string): WeightedPart[] {
  const pieces: Piece[] = [];
  const open: { readonly bracket: string; readonly from: number }[] = [];
  /** Ends the innermost open bracket of this kind with a weight; false where there is none. */
  const close = (bracket: string, weight: number): boolean => {
    const at = open.findLastIndex((each) => each.bracket === bracket);
    if (at < 0) return false;
    const [{ from }] = open.splice(at, 1) as [typeof open[number]];
    for (const piece of pieces.slice(from)) piece.weight *= weight;
    return true;
  };
  for (const [whole, escaped, opening, number, closing] of prompt.matchAll(notation)) {
    if (opening) open.push({ bracket: opening, from: pieces.length });
    else if (number !== undefined && close('(', Number(number))) continue;
    else if (closing === ')' && close('(', bracketWeight)) continue;
    else if (closing === ']' && close('[', 1 / bracketWeight)) continue;
    else pieces.push({ text: escaped === undefined ? whole : letterOf(escaped), weight: 1 });
  }
  while (open.length > 0) close(open.at(-1)!.bracket, open.at(-1)!.bracket === '(' ? bracketWeight : 1 / bracketWeight);
  return joined(pieces);
}

/** A word of which no letter means emphasis. */
export function bracketsEscaped(word: string): string {
  return word.replace(/[()[\]{|}\\]/g, '\\$&');
}

function letterOf(escaped: string): string {
  return escapable.includes(escaped) ? escaped : `\\${escaped}`;
}

function joined(pieces: readonly Piece[]): WeightedPart[] {
  const parts: Piece[] = [];
  for (const { text, weight } of pieces) {
    const last = parts.at(-1);
    if (last && last.weight === weight) last.text += text;
    else parts.push({ text, weight });
  }
  return parts.length > 0 ? parts : [{ text: '', weight: 1 }];
}

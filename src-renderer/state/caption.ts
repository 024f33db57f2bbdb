// The trigger word in a caption: whether it is there, where it is, and how it gets in.

export interface CaptionPart {
  readonly part: string;
  readonly isWord: boolean;
}

/** A caption cut at the trigger word, so that the word can be shown as a chip. */
export function wordParts(caption: string, word: string): CaptionPart[] {
  if (word === '') return [{ part: caption, isWord: false }];
  return caption.split(wordPattern(word)).filter((part) => part !== '')
    .map((part) => ({ part, isWord: part.toLowerCase() === word.toLowerCase() }));
}

export function hasWord(caption: string, word: string): boolean {
  return wordParts(caption, word).some(({ isWord }) => isWord);
}

/** The caption with the word at a place in it, apart from what stands beside it. */
export function insertWord(caption: string, word: string, place: number): string {
  const [before, after] = [caption.slice(0, place).trimEnd(), caption.slice(place).trimStart()];
  return [before, word, after].filter((part) => part !== '').join(' ');
}

/** The word as a whole, whatever its case; it stays in the result of a split. */
function wordPattern(word: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}])(${word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')})(?![\\p{L}\\p{N}])`, 'giu');
}

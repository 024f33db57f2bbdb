// Repairs mojibake: UTF-8 bytes that some program took for a single-byte encoding ("cafÃ©" for "café").
// Characters that are, byte for byte, well-formed UTF-8 are taken back to what they were, if they are such as nobody
// types on purpose: this is what CLIP's training captions went through (its tokenizer calls ftfy, which weighs the same
// evidence with larger tables).

/** A single-byte encoding: the byte of each character above ASCII, and which runs betray it. */
interface Encoding {
  readonly byteOf: ReadonlyMap<string, number>;
  isTelling(run: Run, text: string): boolean;
}

/** Neighbouring characters whose bytes are whole UTF-8 sequences. */
interface Run {
  readonly start: number;
  readonly end: number;
  readonly source: string;
  readonly repaired: string;
  readonly sequences: number;
  readonly longestBytes: number;
}

// The upper halves of the encodings' tables; in the first, a blank stands for a byte that is left undefined
const windows1252 = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ';
const windows1251 = 'ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–— ™љ›њќћџ\u00a0ЎўЈ¤Ґ¦§Ё©Є«¬\u00ad®Ї°±Ііґµ¶·ё№є»јЅѕї';
const macRoman = 'ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø'
  + '¿¡¬√ƒ≈∆«»…\u00a0ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\uf8ffÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ';
const codePage437 = 'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐'
  + '└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

const western: Encoding = {
  // Latin-1 and Windows-1252 together: a program that makes mojibake uses either
  byteOf: new Map([...upperHalf(latin1()), ...upperHalf(windows1252)]),
  isTelling({ source, start, sequences, longestBytes }, text) {
    if (longestBytes > 2 || sequences > 1) return true;
    if (/^[ÂÃ][^…’]|^[À-ÅÇ-Ýß][¹²³±¼½¾µ÷]|^[ÎÐ][©®»°·£¢]/.test(source) || telltale.test(source)) return true;
    return /[a-z]/.test(text[start - 1] ?? '');
  },
};

const cyrillic: Encoding = {
  byteOf: new Map([...upperHalf(windows1251), ...upperHalf(russianAlphabet(), 0xc0)]),
  // Letters alone may be a word: Ukrainian "дії" is also one Chinese character
  isTelling: ({ source, sequences }) => sequences > 1 && /[^\p{L}]/u.test(source),
};

// Signs that no word holds; beside other signs they are a formula
const macintosh: Encoding = {
  byteOf: new Map(upperHalf(macRoman)),
  isTelling: ({ source, start, end }, text) =>
    /^‚[ÄÅÇÉÑ]/.test(source) || (/^[√¬]/.test(source) && /[a-zA-Z]/.test(`${text[start - 1] ?? ''}${text[end] ?? ''}`)),
};

const dos: Encoding = {
  byteOf: new Map(upperHalf(codePage437)),
  isTelling: ({ source, sequences }) => /^[├Γ]/.test(source) && (sequences > 1 || /[^\p{L}]/u.test(source)),
};

/** Characters that stand beside letters in mojibake and hardly ever elsewhere, C1 controls among them. */
const telltale = /[\u0080-\u009f¤¦§¨¬¯¶¸ƒˆ˜†‡‰]/;

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The text with its mojibake undone, also where it was made twice. Text without any comes back as it is. */
export function repairMojibake(text: string): string {
  let before = text;
  // Each round undoes one wrong decoding and leaves fewer characters
  for (;;) {
    if (!/[^\u0000-\u007f]/.test(before)) return before;
    const after = repairOnce(before);
    if (after === before) return after;
    before = after;
  }
}

function repairOnce(text: string): string {
  for (const encoding of [western, cyrillic, macintosh, dos]) {
    const whole = repairWhole(text, encoding);
    if (whole !== text) return whole;
  }
  return [western, cyrillic, macintosh].reduce(repairTellingRuns, text);
}

/** Where every character above ASCII is part of a run, one telling run speaks for all of them. */
function repairWhole(text: string, encoding: Encoding): string {
  const source = encoding === western ? restoreLostSpaces(text) : text;
  const runs = findRuns(source, encoding);
  const between = replaceRuns(source, runs, () => '');
  if (/[^\u0000-\u007f]/.test(between) || !runs.some((run) => encoding.isTelling(run, source))) return text;
  return replaceRuns(source, runs, (run) => run.repaired);
}

function repairTellingRuns(text: string, encoding: Encoding): string {
  const telling = findRuns(text, encoding).filter((run) => encoding.isTelling(run, text));
  return replaceRuns(text, telling, (run) => run.repaired);
}

/** "voilÃ le": the second byte of "à" is a no-break space, which many programs turn into a plain one. */
function restoreLostSpaces(text: string): string {
  return text.replace(/Ã ( )?/g, 'Ã\u00a0 ');
}

function replaceRuns(text: string, runs: readonly Run[], replacement: (run: Run) => string): string {
  let result = '';
  let copied = 0;
  for (const run of runs) {
    result += text.slice(copied, run.start) + replacement(run);
    copied = run.end;
  }
  return result + text.slice(copied);
}

function findRuns(text: string, { byteOf }: Encoding): Run[] {
  const runs: Run[] = [];
  for (let at = 0; at < text.length; at++) {
    const run = runAt(text, at, byteOf);
    if (!run) continue;
    runs.push(run);
    at = run.end - 1;
  }
  return runs;
}

/** The longest run of UTF-8 sequences that begins at this character. */
function runAt(text: string, start: number, byteOf: ReadonlyMap<string, number>): Run | undefined {
  let repaired = '';
  let sequences = 0;
  let longestBytes = 0;
  let end = start;
  for (;;) {
    const length = sequenceLength(byteOf.get(text[end] ?? ''));
    if (length === 0) break;
    const character = decode(Array.from({ length }, (_, i) => byteOf.get(text[end + i] ?? '') ?? 0));
    if (character === undefined) break;
    repaired += character;
    sequences++;
    longestBytes = Math.max(longestBytes, length);
    end += length;
  }
  return sequences > 0 ? { start, end, source: text.slice(start, end), repaired, sequences, longestBytes } : undefined;
}

/** Bytes of the sequence that a first byte announces; 0 for bytes that cannot be first. */
function sequenceLength(first: number | undefined): number {
  if (first === undefined || first < 0xc2 || first > 0xf4) return 0;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

function decode(bytes: readonly number[]): string | undefined {
  try {
    return decoder.decode(Uint8Array.from(bytes));
  } catch {
    return undefined;
  }
}

function upperHalf(characters: string, firstByte = 0x80): (readonly [string, number])[] {
  return [...characters].flatMap((character, i) => (character === ' ' ? [] : [[character, firstByte + i] as const]));
}

function latin1(): string {
  return String.fromCharCode(...Array.from({ length: 128 }, (_, i) => 0x80 + i));
}

function russianAlphabet(): string {
  return String.fromCharCode(...Array.from({ length: 64 }, (_, i) => 0x410 + i));
}

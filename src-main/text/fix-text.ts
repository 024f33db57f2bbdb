// Text cleaning as CLIP's tokenizer does it before it splits words: ftfy's repairs in ftfy's order, then HTML entities
// twice, white space, lower case (openai/CLIP, simple_tokenizer.py: basic_clean and whitespace_clean).

import { decodeHTML } from 'entities';

import { repairMojibake } from './mojibake.ts';

/** What Python takes for white space: unlike JavaScript's \s, with U+001C to U+001F and without U+FEFF. */
export const pythonSpace = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

const spaces = new RegExp(`[${pythonSpace}]+`, 'gu');
const entity = /&#?[0-9A-Za-z]{1,24};/g;
const numericReference = /&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?/g;
// Letters joined for print or for an old encoding; NFKC parts them, but for long s with t
const ligatures = /[\u0132\u0133\u0149\u01c4-\u01cc\u01f1-\u01f3\ufb00-\ufb04\ufb06]/g;
const terminalEscape = /\u001b\[[\d;]*[a-zA-Z]/g;
const controls = /[\u0000-\u0008\u000b\u000e-\u001f\u007f\u206a-\u206f\ufeff\ufff9-\ufffc]/g;

/** The text that CLIP's tokenizer splits into words: repaired, unescaped, in lower case, with single blanks. */
export function cleanPrompt(text: string): string {
  const unescaped = unescapeHtml(unescapeHtml(fixText(text)));
  return unescaped.replace(spaces, ' ').replace(/^ | $/g, '').toLowerCase();
}

/** ftfy's fix_text: each line is repaired until nothing changes; from the first '<' on, entities stay. */
export function fixText(text: string): string {
  let unescapes = true;
  return text.split(/(?<=\n)/).map((line) => {
    if (line.includes('<')) unescapes = false;
    return fixLine(line, unescapes);
  }).join('');
}

function fixLine(line: string, unescapes: boolean): string {
  let before = line;
  for (;;) {
    const after = fixOnce(unescapes ? before.replace(entity, unescapeEntity) : before);
    if (after === before) return after;
    before = after;
  }
}

function fixOnce(line: string): string {
  return repairMojibake(line)
    .replace(/[\u0080-\u009f]/g, (control) => decodeHTML(`&#${control.charCodeAt(0)};`))
    .replace(ligatures, (ligature) => ligature.normalize('NFKC')).replaceAll('\ufb05', '\u017ft')
    .replace(/[\uff01-\uffef]/g, (wide) => wide.normalize('NFKC')).replaceAll('\u3000', ' ')
    .replace(/[\u02bc\u2018-\u201b]/g, '\'').replace(/[\u201c-\u201f]/g, '"')
    .replace(/\r\n|[\r\u0085\u2028\u2029]/g, '\n')
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(terminalEscape, '').replace(controls, '')
    .normalize('NFC');
}

/** One entity that ends in a semicolon, also where somebody has put it in capitals ('&EACUTE;'). */
function unescapeEntity(reference: string): string {
  const plain = unescapeHtml(reference);
  if (plain !== reference) return plain.includes(';') ? reference : plain;
  if (reference !== reference.toUpperCase()) return reference;
  const lower = reference.toLowerCase();
  const decoded = decodeHTML(lower);
  return decoded === lower || decoded.includes(';') ? reference : decoded.toUpperCase();
}

/** Python's html.unescape: HTML5's rules, but references to characters that HTML forbids vanish. */
function unescapeHtml(text: string): string {
  return decodeHTML(text.replace(numericReference, (reference, hex?: string, decimal?: string) => {
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return isForbidden(code) ? '' : reference;
  }));
}

function isForbidden(code: number): boolean {
  return (code >= 0x1 && code <= 0x8) || code === 0xb || (code >= 0xe && code <= 0x1f) || code === 0x7f
    || (code >= 0xfdd0 && code <= 0xfdef) || (code <= 0x10ffff && (code & 0xfffe) === 0xfffe);
}

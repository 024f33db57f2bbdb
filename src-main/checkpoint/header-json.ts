// A strict JSON reader for file headers that strangers wrote: objects become Maps (a name may be `__proto__`), a name
// given twice is an error, numbers stay text so that no digit is lost, and nesting is bounded.
// JSON.parse would silently keep the last of two equal names, which is how two readers see two different files.

export type HeaderJson = string | HeaderNumber | boolean | null | readonly HeaderJson[] | HeaderObject;
export type HeaderObject = ReadonlyMap<string, HeaderJson>;

/** A number as it was written. */
export interface HeaderNumber {
  readonly digits: string;
}

/** Says what is wrong with a header and where. */
export class HeaderSyntaxError extends Error {
  override readonly name = 'HeaderSyntaxError';
}

const maxDepth = 8;
const stringPattern = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const spacePattern = /[ \t\n\r]*/y;
const wordPattern = /true|false|null/y;

interface Cursor {
  readonly text: string;
  position: number;
}

/**
 * Parses a header: one JSON object that begins with the first character and is followed by blanks only.
 * Throws HeaderSyntaxError.
 */
export function parseHeaderJson(text: string): HeaderObject {
  const cursor: Cursor = { text, position: 0 };
  if (text[0] !== '{') fail(cursor, 'it does not begin with {');
  const object = readObject(cursor, 1);
  if (!/^ *$/.test(text.slice(cursor.position))) fail(cursor, 'something follows the closing brace');
  return object;
}

function readValue(cursor: Cursor, depth: number): HeaderJson {
  if (depth > maxDepth) fail(cursor, 'it is nested too deeply');
  const first = cursor.text[cursor.position];
  if (first === '"') return readString(cursor);
  if (first === '{') return readObject(cursor, depth);
  if (first === '[') return readArray(cursor, depth);
  const word = match(cursor, wordPattern);
  if (word !== undefined) return word === 'null' ? null : word === 'true';
  const digits = match(cursor, numberPattern);
  return digits === undefined ? fail(cursor, 'a value is missing or malformed') : { digits };
}

function readObject(cursor: Cursor, depth: number): HeaderObject {
  const object = new Map<string, HeaderJson>();
  cursor.position++;
  if (next(cursor) === '}') {
    cursor.position++;
    return object;
  }
  for (;;) {
    if (next(cursor) !== '"') fail(cursor, 'a name is missing');
    const name = readString(cursor);
    if (object.has(name)) fail(cursor, `the name ${JSON.stringify(name.slice(0, 100))} stands there twice`);
    if (next(cursor) !== ':') fail(cursor, 'a colon is missing');
    cursor.position++;
    next(cursor);
    object.set(name, readValue(cursor, depth + 1));
    if (endsHere(cursor, '}')) return object;
  }
}

function readArray(cursor: Cursor, depth: number): readonly HeaderJson[] {
  const values: HeaderJson[] = [];
  cursor.position++;
  if (next(cursor) === ']') {
    cursor.position++;
    return values;
  }
  for (;;) {
    next(cursor);
    values.push(readValue(cursor, depth + 1));
    if (endsHere(cursor, ']')) return values;
  }
}

/** After a member: true at the closing bracket, false after a comma. */
function endsHere(cursor: Cursor, closing: string): boolean {
  const character = next(cursor);
  if (character !== closing && character !== ',') fail(cursor, `a comma or ${closing} is missing`);
  cursor.position++;
  return character === closing;
}

function readString(cursor: Cursor): string {
  const literal = match(cursor, stringPattern);
  if (literal === undefined) return fail(cursor, 'a text is not closed or holds a forbidden character');
  if (!literal.includes('\\')) return literal.slice(1, -1);
  const value = JSON.parse(literal) as string;
  return /\p{Surrogate}/u.test(value) ? fail(cursor, 'a text holds half a character') : value;
}

/** Skips white space and returns the character there. */
function next(cursor: Cursor): string | undefined {
  match(cursor, spacePattern);
  return cursor.text[cursor.position];
}

function match(cursor: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = cursor.position;
  const found = pattern.exec(cursor.text);
  if (!found) return undefined;
  cursor.position += found[0].length;
  return found[0];
}

function fail(cursor: Cursor, reason: string): never {
  throw new HeaderSyntaxError(`${reason}, at character ${cursor.position}`);
}

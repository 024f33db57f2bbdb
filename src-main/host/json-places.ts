// Where in a JSON text something stands, for messages to whoever wrote it.

export interface JsonPlace {
  /** From 1, as editors count. */
  readonly line: number;
  readonly column: number;
}

/** Names of fields and numbers of list entries, from the outermost in. */
export type JsonPath = readonly (string | number)[];

/**
 * The place of a value in a text that is JSON; of what is not there, of the nearest around it. With `ofKey` that of the
 * field's name.
 */
export function placeInJson(text: string, path: JsonPath, ofKey = false): JsonPlace {
  const found = new Map<string, number>();
  const keys = new Map<string, number>();
  new Scanner(text, found, keys).value([]);
  for (let length = path.length; length >= 0; length--) {
    const name = JSON.stringify(path.slice(0, length));
    const offset = ofKey && length === path.length ? keys.get(name) ?? found.get(name) : found.get(name);
    if (offset !== undefined) return placeOf(text, offset);
  }
  return { line: 1, column: 1 };
}

/** 'subjects[1].looks[0]'; '' for the whole. */
export function pathWords(path: JsonPath): string {
  return path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('').replace(/^\./, '');
}

export function placeOf(text: string, offset: number): JsonPlace {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

/** Walks through a text that JSON.parse has taken, so it need not look for mistakes. */
class Scanner {
  readonly #text: string;
  readonly #values: Map<string, number>;
  readonly #keys: Map<string, number>;
  #at = 0;

  constructor(text: string, values: Map<string, number>, keys: Map<string, number>) {
    this.#text = text;
    this.#values = values;
    this.#keys = keys;
  }

  value(path: JsonPath): void {
    this.#skipBlanks();
    this.#values.set(JSON.stringify(path), this.#at);
    const first = this.#text[this.#at];
    if (first === '{') this.#entries('}', () => {
      const keyAt = this.#at;
      const key = JSON.parse(this.#word(/"(?:[^"\\]|\\.)*"/y)) as string;
      this.#keys.set(JSON.stringify([...path, key]), keyAt);
      this.#skipBlanks();
      this.#at++; // the colon
      this.value([...path, key]);
    });
    else if (first === '[') this.#entries(']', (index) => this.value([...path, index]));
    else this.#word(/"(?:[^"\\]|\\.)*"|[^\s,\]}]+/y);
  }

  #entries(end: string, entry: (index: number) => void): void {
    this.#at++;
    for (let index = 0; ; index++) {
      this.#skipBlanks();
      if (this.#text[this.#at] === end || this.#at >= this.#text.length) break;
      entry(index);
      this.#skipBlanks();
      if (this.#text[this.#at] === ',') this.#at++;
    }
    this.#at++;
  }

  #skipBlanks(): void {
    this.#word(/\s*/y);
  }

  #word(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [''];
    this.#at += found.length;
    return found;
  }
}

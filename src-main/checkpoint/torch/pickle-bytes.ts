// A cursor over a pickle's bytes. Every length is compared with what is left before anything is made of it.

import { damaged, PickleEndError } from './pickle-error.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Longest int that is read: torch's own magic number has 10 bytes, and no size needs more than 8. */
const maxIntegerBytes = 1024;
/** Longest module or class name. */
const maxNameBytes = 256;

export class PickleBytes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#position = position;
  }

  get position(): number {
    return this.#position;
  }

  get left(): number {
    return this.#bytes.length - this.#position;
  }

  uint8(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#skip(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  /** A length of 8 bytes. */
  length64(): number {
    const length = this.#view.getBigUint64(this.#skip(8), true);
    if (length > BigInt(this.left)) throw new PickleEndError();
    return Number(length);
  }

  /** Big-endian, alone among the numbers of a pickle. */
  float64(): number {
    return this.#view.getFloat64(this.#skip(8), false);
  }

  take(length: number): Uint8Array {
    const start = this.#skip(length);
    return this.#bytes.subarray(start, start + length);
  }

  text(length: number): string {
    return decode(this.take(length));
  }

  /** A name of protocol 2: it ends with a newline. */
  line(): string {
    const end = this.#bytes.indexOf(10, this.#position);
    if (end < 0 && this.left < maxNameBytes) throw new PickleEndError();
    if (end < 0 || end - this.#position > maxNameBytes) return damaged('a name in its pickle is too long');
    const name = this.text(end - this.#position);
    this.#position++;
    return name;
  }

  /** Little-endian two's complement of any length; no bytes are 0. */
  integer(length: number): bigint {
    if (length < 0 || length > maxIntegerBytes) return damaged('a number in its pickle is too long');
    const bytes = this.take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
    return BigInt.asIntN(length * 8, value);
  }

  #skip(length: number): number {
    if (length > this.left) throw new PickleEndError();
    const start = this.#position;
    this.#position += length;
    return start;
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return damaged('a text in its pickle is not UTF-8');
  }
}

// Writes protocol-buffer messages (wire types 0, 2 and 5), as much as onnx.proto needs. A training step has tens of
// thousands of small ones, one inside another: they are written in place into a buffer that grows, and only large
// blocks of bytes are kept apart.

/** From this size on bytes are not copied before the end. */
const largeBytes = 4096;

const encoder = new TextEncoder();

export class MessageWriter {
  /** What comes before #buffer. */
  #chunks: Uint8Array[] = [];
  #chunkBytes = 0;
  #buffer = new Uint8Array(64);
  #used = 0;
  /** How many messages of nested() are open. */
  #depth = 0;

  get #length(): number {
    return this.#chunkBytes + this.#used;
  }

  #makeRoom(count: number): void {
    if (this.#used + count <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#buffer.length, this.#used + count));
    larger.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = larger;
  }

  #push(bytes: Uint8Array): this {
    if (bytes.length >= largeBytes && this.#depth === 0) {
      this.#chunks.push(this.#buffer.subarray(0, this.#used), bytes);
      this.#chunkBytes += this.#used + bytes.length;
      this.#buffer = new Uint8Array(64);
      this.#used = 0;
      return this;
    }
    this.#makeRoom(bytes.length);
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
    return this;
  }

  #varint(value: number | bigint): this {
    this.#makeRoom(10);
    const isSmall = typeof value === 'number' && value >= 0;
    let rest = isSmall ? value : 0;
    if (!isSmall) {
      // two's complement of 64 bits: seven at a time until what is left is a small number
      let wide = BigInt.asUintN(64, BigInt(value));
      for (; wide > 0x7fffffffn; wide >>= 7n) this.#buffer[this.#used++] = Number(wide & 0x7fn) | 0x80;
      rest = Number(wide);
    }
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.#buffer[this.#used++] = (rest % 128) | 0x80;
    this.#buffer[this.#used++] = rest;
    return this;
  }

  integer(field: number, value: number | bigint): this {
    return this.#varint(field << 3).#varint(value);
  }

  float(field: number, value: number): this {
    return this.#varint((field << 3) | 5).#push(new Uint8Array(Float32Array.of(value).buffer));
  }

  bytes(field: number, bytes: Uint8Array): this {
    return this.#varint((field << 3) | 2).#varint(bytes.length).#push(bytes);
  }

  string(field: number, text: string): this {
    this.#varint((field << 3) | 2).#makeRoom(10 + text.length);
    const start = this.#used;
    this.#varint(text.length);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        // longer than it has characters
        this.#used = start;
        const bytes = encoder.encode(text);
        return this.#varint(bytes.length).#push(bytes);
      }
      this.#buffer[this.#used++] = code;
    }
    return this;
  }

  /** A message that `write` writes in place: one without large blocks of bytes. */
  nested(field: number, write: (message: this) => void): this {
    this.#varint((field << 3) | 2).#makeRoom(1);
    const start = ++this.#used;
    this.#depth++;
    write(this);
    this.#depth--;
    const length = this.#used - start;
    // one byte was left for the length; a longer one moves what was written
    let more = 0;
    for (let rest = length; rest > 0x7f; rest >>= 7) more++;
    if (more > 0) {
      this.#makeRoom(more);
      this.#buffer.copyWithin(start + more, start, this.#used);
    }
    this.#used = start - 1;
    this.#varint(length);
    this.#used += length;
    return this;
  }

  message(field: number, message: MessageWriter): this {
    this.#varint((field << 3) | 2).#varint(message.#length);
    for (const chunk of message.#chunks) this.#push(chunk);
    return this.#push(message.#buffer.subarray(0, message.#used));
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of [...this.#chunks, this.#buffer.subarray(0, this.#used)]) {
      out.set(chunk, at);
      at += chunk.length;
    }
    return out;
  }
}

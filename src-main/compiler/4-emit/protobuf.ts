// Writes protocol-buffer messages (wire types 0, 2 and 5), as much as onnx.proto needs.

export class MessageWriter {
  #chunks: Uint8Array[] = [];
  #length = 0;

  #push(bytes: Uint8Array): this {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    return this;
  }

  #varint(value: number | bigint): this {
    let rest = BigInt.asUintN(64, BigInt(value));
    const bytes: number[] = [];
    while (rest > 0x7fn) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    return this.#push(Uint8Array.from(bytes));
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
    return this.bytes(field, new TextEncoder().encode(text));
  }

  message(field: number, message: MessageWriter): this {
    this.#varint((field << 3) | 2).#varint(message.#length);
    for (const chunk of message.#chunks) this.#chunks.push(chunk);
    this.#length += message.#length;
    return this;
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      out.set(chunk, at);
      at += chunk.length;
    }
    return out;
  }
}

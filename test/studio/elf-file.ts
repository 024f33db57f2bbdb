// A shared library of Linux as the linker would write it, with nothing in it but what it needs. The system's own loader
// takes it, and looks for the libraries under DT_NEEDED.

/** 64-bit, for x64 processors; `fill`: bytes behind it, so that two of them differ. */
export function libraryThatNeeds(names: readonly string[], fill: Buffer = Buffer.alloc(0)): Buffer {
  const strings = Buffer.from(`\0${names.join('\0')}\0`, 'latin1');
  const [headerBytes, programBytes, base] = [64, 56, 0x4000];
  const textAt = headerBytes + 3 * programBytes;
  const dynamicAt = textAt + strings.length;
  const needed = names.map((name) => [1, strings.indexOf(`\0${name}\0`) + 1] as const);
  // where the strings are is an address of the loaded file
  const entries = [...needed, [5, base + textAt], [10, strings.length], [0, 0]] as const;
  const file = Buffer.alloc(dynamicAt + 16 * entries.length);
  file.writeUInt32BE(0x7f454c46, 0);
  file.writeUInt8(2, 4);
  file.writeUInt8(1, 5);
  file.writeUInt8(1, 6);
  file.writeUInt16LE(3, 0x10);
  file.writeUInt16LE(62, 0x12);
  file.writeUInt32LE(1, 0x14);
  file.writeBigUInt64LE(BigInt(headerBytes), 0x20);
  file.writeUInt16LE(headerBytes, 0x34);
  file.writeUInt16LE(programBytes, 0x36);
  file.writeUInt16LE(3, 0x38);
  const program = (index: number, type: number, offset: number, bytes: number): void => {
    const at = headerBytes + index * programBytes;
    file.writeUInt32LE(type, at);
    // to be read and written, as the loader writes addresses into it
    file.writeUInt32LE(6, at + 4);
    file.writeBigUInt64LE(BigInt(offset), at + 8);
    file.writeBigUInt64LE(BigInt(base + offset), at + 16);
    file.writeBigUInt64LE(BigInt(bytes), at + 32);
    file.writeBigUInt64LE(BigInt(bytes), at + 40);
    file.writeBigUInt64LE(0x1000n, at + 48);
  };
  program(0, 1, 0, file.length);
  program(1, 2, dynamicAt, 16 * entries.length);
  // no stack that may be executed
  program(2, 0x6474e551, 0, 0);
  strings.copy(file, textAt);
  entries.forEach(([tag, value], index) => {
    file.writeBigInt64LE(BigInt(tag), dynamicAt + 16 * index);
    file.writeBigUInt64LE(BigInt(value), dynamicAt + 16 * index + 8);
  });
  return Buffer.concat([file, fill]);
}

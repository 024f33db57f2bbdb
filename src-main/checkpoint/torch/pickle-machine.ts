// Reads one pickle and runs nothing: opcodes move values about, and what they would call in Python is looked up in an
// allow-list of imitations. After torch's own restricted unpickler (torch/_weights_only_unpickler.py).

import { PickleBytes } from './pickle-bytes.ts';
import { damaged } from './pickle-error.ts';
import { opcodes, type PickleWorld, stopOpcode } from './pickle-opcodes.ts';
import { PickleStack } from './pickle-stack.ts';
import type { PickleValue } from './pickle-values.ts';

export interface ReadPickle {
  readonly value: PickleValue;
  /** Where the byte after the pickle is. */
  readonly end: number;
}

/** Reads the pickle that begins at `start`. Throws PickleError, and PickleEndError where the bytes end too soon. */
export function readPickle(bytes: Uint8Array, world: PickleWorld, start = 0): ReadPickle {
  const scene = { bytes: new PickleBytes(bytes, start), stack: new PickleStack(), world };
  for (;;) {
    const byte = scene.bytes.uint8();
    if (byte === stopOpcode) return { value: scene.stack.result(), end: scene.bytes.position };
    const opcode = opcodes.get(byte);
    if (!opcode) damaged(`its pickle has the opcode 0x${byte.toString(16)}, which no model file needs`);
    opcode!(scene);
  }
}

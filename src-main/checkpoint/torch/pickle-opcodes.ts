// What each opcode of a pickle does to the stack (Python, Lib/pickletools.py). Only those are here that torch.save
// writes with protocols 2 to 5: an opcode that is missing is refused, among them the text forms of protocol 0, INST,
// OBJ, NEWOBJ_EX, PERSID and the extension registry.

import { damaged, PickleError } from './pickle-error.ts';
import type { PickleBytes } from './pickle-bytes.ts';
import type { PickleStack } from './pickle-stack.ts';
import { InertObject, PickleDictionary, PickleSequence, type PickleValue } from './pickle-values.ts';

export interface PickleScene {
  readonly bytes: PickleBytes;
  readonly stack: PickleStack;
  readonly world: PickleWorld;
}

/** What a pickle may refer to outside itself. Each throws a PickleError for what is not allowed. */
export interface PickleWorld {
  find(module: string, name: string): PickleValue;
  /** REDUCE and NEWOBJ: `callee` with these values. */
  call(callee: PickleValue, values: readonly PickleValue[]): PickleValue;
  /** BUILD: what the object is once it has taken in this state. */
  build(object: PickleValue, state: PickleValue): PickleValue;
  load(persistentId: PickleValue): PickleValue;
}

export type Opcode = (scene: PickleScene) => void;

export const stopOpcode = 0x2e;

const constants: readonly (readonly [string, Opcode])[] = [
  ['N', ({ stack }) => stack.push(null)],
  ['\x88', ({ stack }) => stack.push(true)],
  ['\x89', ({ stack }) => stack.push(false)],
  ['J', ({ bytes, stack }) => stack.push(BigInt(bytes.int32()))],
  ['K', ({ bytes, stack }) => stack.push(BigInt(bytes.uint8()))],
  ['M', ({ bytes, stack }) => stack.push(BigInt(bytes.uint16()))],
  ['\x8a', ({ bytes, stack }) => stack.push(bytes.integer(bytes.uint8()))],
  ['\x8b', ({ bytes, stack }) => stack.push(bytes.integer(bytes.int32()))],
  ['G', ({ bytes, stack }) => stack.push(bytes.float64())],
  // text: Python 3's, and Python 2's as torch reads it
  ['X', ({ bytes, stack }) => stack.push(bytes.text(bytes.uint32()))],
  ['\x8c', ({ bytes, stack }) => stack.push(bytes.text(bytes.uint8()))],
  ['\x8d', ({ bytes, stack }) => stack.push(bytes.text(bytes.length64()))],
  ['U', ({ bytes, stack }) => stack.push(bytes.text(bytes.uint8()))],
  ['T', ({ bytes, stack }) => stack.push(bytes.text(bytes.uint32()))],
  ['B', ({ bytes, stack }) => stack.push(bytes.take(bytes.uint32()))],
  ['C', ({ bytes, stack }) => stack.push(bytes.take(bytes.uint8()))],
  ['\x8e', ({ bytes, stack }) => stack.push(bytes.take(bytes.length64()))],
];

const containers: readonly (readonly [string, Opcode])[] = [
  ['(', ({ stack }) => stack.mark()],
  [')', ({ stack }) => stack.pushContainer(new PickleSequence('tuple', []))],
  [']', ({ stack }) => stack.pushContainer(new PickleSequence('list', []))],
  ['}', ({ stack }) => stack.pushContainer(new PickleDictionary())],
  ['\x8f', ({ stack }) => stack.pushContainer(new PickleSequence('set', []))],
  ['t', ({ stack }) => stack.pushContainer(new PickleSequence('tuple', stack.popToMark()))],
  ['\x85', ({ stack }) => stack.pushContainer(new PickleSequence('tuple', stack.popSeveral(1)))],
  ['\x86', ({ stack }) => stack.pushContainer(new PickleSequence('tuple', stack.popSeveral(2)))],
  ['\x87', ({ stack }) => stack.pushContainer(new PickleSequence('tuple', stack.popSeveral(3)))],
  ['a', ({ stack }) => append(stack, stack.popSeveral(1), 'list')],
  ['e', ({ stack }) => append(stack, stack.popToMark(), 'list')],
  ['\x90', ({ stack }) => append(stack, stack.popToMark(), 'set')],
  ['s', ({ stack }) => setItems(stack, stack.popSeveral(2))],
  ['u', ({ stack }) => setItems(stack, stack.popToMark())],
];

const references: readonly (readonly [string, Opcode])[] = [
  ['q', ({ bytes, stack }) => stack.memoize(bytes.uint8())],
  ['r', ({ bytes, stack }) => stack.memoize(bytes.uint32())],
  ['\x94', ({ stack }) => stack.memoize()],
  ['h', ({ bytes, stack }) => stack.recall(bytes.uint8())],
  ['j', ({ bytes, stack }) => stack.recall(bytes.uint32())],
  ['c', ({ bytes, stack, world }) => stack.push(world.find(bytes.line(), bytes.line()))],
  ['\x93', ({ stack, world }) => stack.push(world.find(...names(stack.popSeveral(2))))],
  ['R', callTop], ['\x81', callTop],
  ['b', ({ stack, world }) => {
    const [object, state] = stack.popSeveral(2);
    stack.push(world.build(object!, state!));
  }],
  ['Q', ({ stack, world }) => stack.pushContainer(world.load(stack.pop()))],
];

const framing: readonly (readonly [string, Opcode])[] = [
  ['\x80', ({ bytes }) => {
    const protocol = bytes.uint8();
    if (protocol < 2 || protocol > 5) throw new PickleError('unsupported', `it uses pickle protocol ${protocol}`);
  }],
  ['\x95', ({ bytes }) => void bytes.length64()],
];

/** By the opcode's byte. */
export const opcodes: ReadonlyMap<number, Opcode> = new Map(
  [...constants, ...containers, ...references, ...framing].map(([byte, opcode]) => [byte.charCodeAt(0), opcode]));

function callTop({ stack, world }: PickleScene): void {
  const [callee, values] = stack.popSeveral(2);
  if (!(values instanceof PickleSequence) || values.kind !== 'tuple') {
    return damaged('its pickle calls something without a tuple');
  }
  stack.pushContainer(world.call(callee!, values.items));
}

function append(stack: PickleStack, items: readonly PickleValue[], kind: PickleSequence['kind']): void {
  const target = stack.top();
  if (target instanceof InertObject) return;
  if (!(target instanceof PickleSequence) || target.kind !== kind) return damaged('its pickle extends what is no list');
  for (const item of items) target.items.push(item);
}

function setItems(stack: PickleStack, items: readonly PickleValue[]): void {
  const target = stack.top();
  if (items.length % 2 !== 0) damaged('its pickle has a key without a value');
  if (target instanceof InertObject) return;
  if (!(target instanceof PickleDictionary)) return damaged('its pickle sets an item of what is no dictionary');
  for (let i = 0; i < items.length; i += 2) target.set(asKey(items[i]!), items[i + 1]!);
}

/** Lists and dictionaries cannot be keys in Python. */
function asKey(key: PickleValue): PickleValue {
  const isMutable = key instanceof PickleDictionary || (key instanceof PickleSequence && key.kind !== 'tuple');
  return isMutable ? damaged('its pickle has a list or a dictionary as a key') : key;
}

function names([module, name]: readonly PickleValue[]): [string, string] {
  if (typeof module === 'string' && typeof name === 'string') return [module, name];
  return damaged('its pickle names something with what is no text');
}


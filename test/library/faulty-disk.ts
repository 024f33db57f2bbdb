// The functions of node:fs with one call that fails: for tests that let each call of an operation fail in turn.
// Only calls that change something are counted; reading is as it always was.

import type { FileHandle } from 'node:fs/promises';

export type Way = 'ENOSPC' | 'EIO' | 'short write';
type Call = (...words: unknown[]) => unknown;

/** Which call fails and how, and how many there were while it was on. */
export const fault = { failing: 0, way: 'EIO' as Way, calls: 0, isOn: false };

const changing = [
  'mkdir', 'rename', 'rm', 'chmod', 'copyFile', 'openSync', 'writeSync', 'fsyncSync', 'renameSync', 'rmSync',
  'mkdirSync',
];

/** node:fs. */
export function faultyFunctions(real: Record<string, unknown>): Record<string, unknown> {
  const wrapped = changing.filter((name) => name in real).map((name) => [name, (...words: unknown[]) => {
    if (name === 'writeSync' && isShort()) {
      const [descriptor, bytes, offset] = words as [number, Buffer, number];
      return (real[name] as Call)(descriptor, bytes, offset, Math.min(3, bytes.byteLength - offset));
    }
    failWhenDue(name);
    return (real[name] as Call)(...words);
  }] as const);
  return { ...real, ...Object.fromEntries(wrapped) };
}

/** node:fs/promises, with the handles that it opens. */
export function faultyPromises(real: Record<string, unknown>): Record<string, unknown> {
  const open = async (...words: unknown[]): Promise<FileHandle> => {
    failWhenDue('open');
    return faultyHandle(await (real['open'] as Call)(...words) as FileHandle);
  };
  return { ...faultyFunctions(real), open };
}

function faultyHandle(handle: FileHandle): FileHandle {
  const { write, sync } = handle;
  handle.write = (async (bytes: Buffer, offset: number, length: number) => {
    if (isShort()) return await (write as Call).call(handle, bytes, offset, Math.min(3, length));
    failWhenDue('write');
    return await (write as Call).call(handle, bytes, offset, length);
  }) as FileHandle['write'];
  handle.sync = async () => {
    failWhenDue('sync');
    await sync.call(handle);
  };
  return handle;
}

/** A short write counts as the call that fails, and does not throw. */
function isShort(): boolean {
  if (!fault.isOn || fault.way !== 'short write') return false;
  fault.calls++;
  return fault.calls === fault.failing;
}

function failWhenDue(name: string): void {
  if (!fault.isOn || fault.way === 'short write') return;
  fault.calls++;
  if (fault.calls !== fault.failing) return;
  throw Object.assign(new Error(`${fault.way}: as if by the disk, ${name}`), { code: fault.way });
}

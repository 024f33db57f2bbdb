// Broken, odd and optional safetensors files: what must be refused is refused with a message a person can act on,
// and what must be read gives exactly the numbers expected.json lists.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { dtypeName } from '../../../src-main/checkpoint/dtype-names.ts';
import { readSafetensorsHeader, readTensor } from '../../../src-main/checkpoint/safetensors.ts';
import { UserError } from '../../../src-main/contract/errors.ts';
import { exactRow, type GoldenCase, type GoldenRow } from '../case.ts';
import { plainValues } from '../plain-values.ts';

interface ExpectedFile {
  readonly file: string;
  readonly expect: 'read' | 'refuse' | 'either';
  readonly why: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly tensors?: Readonly<Record<string, { dtype: string; shape: number[]; values: unknown[] }>>;
}

export const cases: readonly GoldenCase[] = [{
  folder: 'safetensors-bad',
  async run({ folder }) {
    const text = await readFile(path.join(folder, 'expected.json'), 'utf8');
    const expected = JSON.parse(text) as { files: ExpectedFile[] };
    return Promise.all(expected.files.map((entry) => checkFile(folder, entry)));
  },
}];

async function checkFile(folder: string, entry: ExpectedFile): Promise<GoldenRow> {
  const file = path.join(folder, entry.file);
  try {
    const difference = await findDifference(file, entry);
    if (entry.expect === 'refuse') return exactRow(entry.file, false, `was read: ${entry.why}`);
    return exactRow(entry.file, difference === undefined, difference ?? 'read');
  } catch (error) {
    if (!(error instanceof UserError)) return exactRow(entry.file, false, `untyped error: ${String(error)}`);
    return exactRow(entry.file, entry.expect !== 'read', error.text.what);
  }
}

/** What differs from the expected content, in words. */
async function findDifference(file: string, entry: ExpectedFile): Promise<string | undefined> {
  const header = await readSafetensorsHeader(file);
  const expected = Object.entries(entry.tensors ?? {});
  if (header.tensors.size !== expected.length) return `${header.tensors.size} tensors for ${expected.length}`;
  const metadata = JSON.stringify([...header.metadata]);
  if (metadata !== JSON.stringify(Object.entries(entry.metadata ?? {}))) return `metadata ${metadata}`;
  for (const [name, { dtype, shape, values }] of expected) {
    const reference = header.tensors.get(name);
    if (!reference) return `no tensor ${JSON.stringify(name)}`;
    const tensor = await readTensor(reference);
    if (dtypeName(tensor.dtype) !== dtype || tensor.shape.join() !== shape.join()) return `dtype or shape of ${name}`;
    const actual = plainValues(tensor);
    if (!sameValues(actual, values)) return `values of ${name}: ${actual.join(' ')}`;
  }
  return undefined;
}

function sameValues(actual: readonly unknown[], expected: readonly unknown[]): boolean {
  return actual.length === expected.length && actual.every((value, i) => Object.is(value, expected[i]));
}

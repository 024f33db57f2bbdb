// Files by torch.save, good, broken and hostile: the good ones give exactly the numbers that expected.json lists, the
// others end in a message a person can act on, quickly, and nothing in any of them is run.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { dtypeName } from '../../../src-main/checkpoint/dtype-names.ts';
import { readTensor } from '../../../src-main/checkpoint/safetensors.ts';
import {
  PickleDictionary, PickleSequence, type PickleValue, TorchTensor,
} from '../../../src-main/checkpoint/torch/pickle-values.ts';
import { readTorchFile, torchEntries } from '../../../src-main/checkpoint/torch/torch-file.ts';
import { UserError } from '../../../src-main/contract/errors.ts';
import { exactRow, type GoldenCase, type GoldenRow } from '../case.ts';
import { plainValues } from '../plain-values.ts';

interface ExpectedFile {
  readonly file: string;
  readonly expect: 'read' | 'refuse' | 'either' | 'bounded';
  readonly why: string;
  readonly tensors?: readonly (Place & {
    readonly dtype: string; readonly shape: number[]; readonly values: readonly unknown[];
  })[];
  readonly plain?: readonly (Place & { readonly value?: unknown; readonly bytes_hex?: string })[];
}

interface Place {
  readonly path: readonly (string | number)[];
}

/** golden/README.md, torch-pickles. */
const boundMs = 5000;
const boundBytes = 256 * 2 ** 20;

export const cases: readonly GoldenCase[] = [{
  folder: 'torch-pickles',
  async run({ folder }) {
    const text = await readFile(path.join(folder, 'expected.json'), 'utf8');
    const rows: GoldenRow[] = [];
    const { files } = JSON.parse(text) as { files: ExpectedFile[] };
    for (const entry of files) rows.push(await checkFile(folder, entry));
    const places = [process.cwd(), folder, path.dirname(folder), path.dirname(process.cwd()), '/tmp'];
    const written = places.filter((place) => existsSync(path.join(place, 'PWNED')));
    const prototype = Object.getOwnPropertyNames(Object.prototype).filter((name) => /polluted|^weight$/.test(name));
    return [
      ...rows,
      exactRow('nothing was run', written.length === 0, written.join(' ')),
      exactRow('no prototype was changed', prototype.length === 0, prototype.join(' ')),
    ];
  },
}];

async function checkFile(folder: string, entry: ExpectedFile): Promise<GoldenRow> {
  const memoryBefore = process.memoryUsage().rss;
  const startMs = performance.now();
  const outcome = await readOutcome(path.join(folder, entry.file), entry);
  const isBounded = performance.now() - startMs < boundMs && process.memoryUsage().rss - memoryBefore < boundBytes;
  if (!isBounded) return exactRow(entry.file, false, 'took too long or too much memory');
  if (outcome.crash) return exactRow(entry.file, false, `untyped error: ${outcome.crash}`);
  switch (entry.expect) {
    case 'read': return exactRow(entry.file, outcome.isRead && !outcome.note, outcome.note);
    case 'refuse':
      return exactRow(entry.file, !outcome.isRead, outcome.isRead ? `was read: ${entry.why}` : outcome.note);
    case 'either': return exactRow(entry.file, !outcome.isRead || !outcome.note, outcome.note);
    case 'bounded': return exactRow(entry.file, true, outcome.note);
  }
}

/** What became of a file: read (`note`: what differs from the expected content), refused (`note`: how), or a crash. */
async function readOutcome(
  file: string, entry: ExpectedFile,
): Promise<{ readonly isRead: boolean; readonly note?: string; readonly crash?: string }> {
  try {
    const note = await findDifference(file, entry);
    return note === undefined ? { isRead: true } : { isRead: true, note };
  } catch (error) {
    if (error instanceof UserError) return { isRead: false, note: `${error.code}: ${error.text.what}` };
    return { isRead: false, crash: String((error as Error)?.stack ?? error) };
  }
}

async function findDifference(file: string, { expect, tensors = [], plain = [] }: ExpectedFile) {
  const torch = await readTorchFile(file);
  const entries = torchEntries(torch);
  const isTensor = (value: PickleValue): boolean => value instanceof TorchTensor;
  const found = new Map(entries.map(({ path: way, value }) => [JSON.stringify(way), value]));
  const counts = [entries.filter(({ value }) => isTensor(value)).length, tensors.length];
  // all are located before any difference is told: what must be bounded is the work on every tensor
  const sources = new Map<string, Awaited<ReturnType<typeof torch.locate>>>();
  for (const [way, value] of found) {
    if (value instanceof TorchTensor) sources.set(way, await torch.locate(value));
  }
  if (expect === 'bounded' || expect === 'refuse') return undefined;
  if (counts[0] !== counts[1]) return `${counts[0]} tensors for ${counts[1]}`;
  // files that may be refused list their tensors, and not always what stands beside them
  const others = entries.length - counts[0]!;
  if (expect === 'read' && others !== plain.length) return `${others} values for ${plain.length}`;
  for (const { path: way, dtype, shape, values } of tensors) {
    const key = JSON.stringify(way);
    const source = sources.get(key);
    if (!source) return `no tensor ${key}`;
    const tensor = await readTensor(source);
    if (dtypeName(tensor.dtype) !== dtype || tensor.shape.join() !== shape.join()) return `type of ${key}`;
    const actual = plainValues(tensor);
    const isSame = actual.length === values.length && actual.every((value, i) => Object.is(value, values[i]));
    if (!isSame) return `values of ${key}: ${actual.join(' ')}`;
  }
  return differentPlain(found, plain);
}

function differentPlain(
  found: ReadonlyMap<string, PickleValue>, plain: NonNullable<ExpectedFile['plain']>,
): string | undefined {
  const wrong = plain.find(({ path: way, value, bytes_hex: bytes }) => {
    const actual = found.get(JSON.stringify(way));
    if (actual instanceof Uint8Array) return Buffer.from(actual).toString('hex') !== bytes;
    return actual === undefined || JSON.stringify(jsonOf(actual)) !== JSON.stringify(value);
  });
  return wrong && `value at ${JSON.stringify(wrong.path)}`;
}

/** A value as expected.json writes it. */
function jsonOf(value: PickleValue): unknown {
  if (typeof value === 'bigint') return value > -(2n ** 53n) && value < 2n ** 53n ? Number(value) : value.toString();
  if (typeof value === 'number' && Number.isNaN(value)) return 'nan';
  if (typeof value === 'number' && !Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value instanceof PickleSequence && value.items.length === 0) return [];
  if (value instanceof PickleDictionary && value.size === 0) return {};
  return value;
}

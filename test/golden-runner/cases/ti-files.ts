// Textual-inversion files in every common form: read, they are the rows that were trained; written, they are the same
// files again.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import type { LearnedEmbedding } from '../../../src-main/adapter/learned-embedding.ts';
import { readEmbedding } from '../../../src-main/adapter/read-embedding.ts';
import { writeEmbedding } from '../../../src-main/adapter/write-embedding.ts';
import { readJson } from '../../../src-main/checkpoint/diffusers-folder.ts';
import { readSafetensors } from '../../../src-main/checkpoint/safetensors.ts';
import { toFloat32 } from '../../../src-main/tensor/half.ts';
import { float32Tensor, type Tensor } from '../../../src-main/tensor/tensor.ts';
import { exactRow, type GoldenCase, type GoldenRow, notCoveredRow } from '../case.ts';

interface Config {
  /** A file and the names in it that hold the rows, in words. */
  readonly values_from: string;
  readonly files: Readonly<Record<string, string>>;
}

export const cases: readonly GoldenCase[] = [{
  folder: 'ti-files',
  async run({ folder }) {
    const config = await readJson(path.join(folder, 'config.json')) as Config;
    const words = config.values_from.split(/\s+/);
    const source = words.find((word) => word.endsWith('.safetensors'))!;
    const values = await readSafetensors(path.resolve(folder, source)).catch(() => undefined);
    const files = await readdir(folder);
    const rows = Object.keys(config.files).map(async (file): Promise<GoldenRow[]> => {
      const vectors = /vec\d+/.exec(file)?.[0];
      const name = words.find((word) => vectors !== undefined && word.startsWith(`${vectors}_`));
      const golden = name === undefined ? undefined : values?.get(name);
      if (!golden || !files.includes(file)) return [notCoveredRow(file, 'no such file or values here')];
      return await checkFile(path.join(folder, file), golden);
    });
    return (await Promise.all(rows)).flat();
  },
}];

async function checkFile(file: string, golden: Tensor): Promise<GoldenRow[]> {
  const name = path.basename(file);
  const stored = file.endsWith('.safetensors') ? await readSafetensors(file) : new Map<string, Tensor>();
  const second = stored.get('clip_g');
  const expected = [golden, ...(second ? [second] : [])].map(toFloat32);
  const embedding = await readEmbedding(file, { textEncoders: expected.map(({ shape }) => tokenTable(shape[1]!)) });
  const isRead = isDeepStrictEqual(embedding.rows.map(plain), expected.map(plain));
  const rows = [exactRow(`${name} is read`, isRead, `${embedding.word}, ${golden.shape.join(' x ')}`)];
  if (stored.size > 0) rows.push(await checkWritten(name, embedding, stored));
  return rows;
}

function tokenTable(width: number): { weights: Map<string, Tensor> } {
  const table = float32Tensor([1, width], new Float32Array(width));
  return { weights: new Map([['text_model.embeddings.token_embedding.weight', table]]) };
}

/** The file written again has the same names, shapes, types and numbers. */
async function checkWritten(
  name: string, embedding: LearnedEmbedding, stored: ReadonlyMap<string, Tensor>,
): Promise<GoldenRow> {
  const folder = await mkdtemp(path.join(tmpdir(), 'likeness-golden-'));
  try {
    const form = stored.has('emb_params') || stored.has('clip_l') ? 'a1111' : 'diffusers';
    const [file] = await writeEmbedding(path.join(folder, 'word.safetensors'), embedding, form);
    const written = await readSafetensors(file!);
    const entries = (tensors: ReadonlyMap<string, Tensor>): unknown => [...tensors].map(([key, t]) => [key, plain(t)]);
    return exactRow(`${name} is written`, isDeepStrictEqual(entries(written), entries(stored)), form);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function plain({ dtype, shape, data }: Tensor): unknown {
  return { dtype, shape: [...shape], data: [...data] };
}

// Gives a model folder of tests a vocabulary of its own, with the rows that its tokens had in CLIP's.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensors } from '../../src-main/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import { packVocabulary, writeTokenizer } from '../../src-main/starter/pack-vocabulary.ts';
import { type ClipTokenizer, openClipTokenizer } from '../../src-main/text/tokenizer.ts';

const resources = join(import.meta.dirname, '..', '..', 'resources');
export const tokenTable = 'text_model.embeddings.token_embedding.weight';

/** Every word of `texts` keeps the tokens that it has in CLIP. Returns the new tokenizer. */
export async function giveOwnVocabulary(
  packFolder: string, texts: readonly string[], size = 2_600,
): Promise<ClipTokenizer> {
  const clip = await openClipTokenizer(join(resources, 'tokenizer'));
  const needed = [...new Set(texts.flatMap((text) => clip.encodePrompt(text)))];
  const { merges, tokenizer } = await packVocabulary(resources, needed, size);
  const file = join(packFolder, 'text_encoder', 'model.safetensors');
  const tensors = await readSafetensors(file);
  const { data, shape, ...table } = tensors.get(tokenTable)!;
  const width = shape[1]!;
  const rows = new Uint16Array(size * width);
  for (const [token, id] of tokenizer.ids) {
    const place = clip.ids.get(token)! * width;
    rows.set((data as Uint16Array).subarray(place, place + width), id * width);
  }
  await writeSafetensors(file, new Map([...tensors, [tokenTable, { ...table, shape: [size, width], data: rows }]]));
  const configFile = join(packFolder, 'text_encoder', 'config.json');
  const config = JSON.parse(await readFile(configFile, 'utf8')) as Record<string, unknown>;
  await writeFile(configFile, JSON.stringify({
    ...config, vocab_size: size, bos_token_id: tokenizer.startId, eos_token_id: tokenizer.endId,
  }));
  await writeTokenizer(join(packFolder, 'tokenizer'), merges);
  return tokenizer;
}

// 300 prompts to CLIP token ids, exactly as OpenAI's own tokenizer gives them, and both paddings to 77.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { readSafetensors } from '../../../src-main/checkpoint/safetensors.ts';
import { openClipTokenizer } from '../../../src-main/text/tokenizer.ts';
import { exactRow, type GoldenCase } from '../case.ts';

const tokenizerFolder = fileURLToPath(new URL('../../../resources/tokenizer', import.meta.url));

interface Prompt {
  readonly category: string;
  readonly text: string;
  readonly ids: readonly number[];
}

export const cases: readonly GoldenCase[] = [{
  folder: 'tokenizer',
  async run({ folder }) {
    const prompts = JSON.parse(await readFile(path.join(folder, 'prompts.json'), 'utf8')) as Prompt[];
    const io = await readSafetensors(path.join(folder, 'io.safetensors'));
    const tokenizer = await openClipTokenizer(tokenizerFolder);
    const differing = prompts.filter(({ text, ids }) => tokenizer.encode(text).join() !== ids.join());
    const rows = [...new Set(prompts.map(({ category }) => category))].map((category) => {
      const wrong = differing.filter((prompt) => prompt.category === category);
      const note = wrong.map(({ text }) => JSON.stringify(text.slice(0, 40))).join(' ');
      return exactRow(`${category} prompts`, wrong.length === 0, note || undefined);
    });
    for (const [name, padId] of [['sd15_77', tokenizer.endId], ['openclip_77', 0]] as const) {
      const golden = io.get(name)!;
      const padded = prompts.flatMap(({ text }) => tokenizer.encodePrompt(text, padId));
      const same = golden.data.length === padded.length && padded.every((id, i) => id === golden.data[i]);
      rows.push(exactRow(name, same));
    }
    return rows;
  },
}];

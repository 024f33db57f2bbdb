// The hashes by which A1111 and kohya's tools know a LoRA, and the metadata keys that an export must have.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { loraHashes } from '../../../src-main/adapter/write-lora.ts';
import { readSafetensors, readSafetensorsHeader } from '../../../src-main/checkpoint/safetensors.ts';
import { exactRow, type GoldenCase, notCoveredRow } from '../case.ts';

interface Config {
  readonly hash_files: Readonly<Record<string, Record<'sshs_model_hash' | 'sshs_legacy_hash', string>>>;
}

export const cases: readonly GoldenCase[] = [{
  folder: 'lora-hash',
  async run({ folder }) {
    const config = JSON.parse(await readFile(path.join(folder, 'config.json'), 'utf8')) as Config;
    const rows = Object.entries(config.hash_files).map(async ([name, golden]) => {
      const file = path.join(folder, `${name}.safetensors`);
      const { metadata } = await readSafetensorsHeader(file);
      const training = new Map([...metadata].filter(([key]) => key.startsWith('ss_')));
      const hashes = loraHashes(await readSafetensors(file), training);
      return [
        exactRow(`${name}/sshs_model_hash`, hashes.modelHash === golden.sshs_model_hash),
        exactRow(`${name}/sshs_legacy_hash`, hashes.legacyHash === golden.sshs_legacy_hash, hashes.legacyHash),
        notCoveredRow(`${name}/modelspec.hash_sha256`, 'in an order that no file records'),
      ];
    });
    return (await Promise.all(rows)).flat();
  },
}];

// The user's own models on the command line, through the real program: a folder is looked through, told and forgotten,
// and a LoRA, an embedding and a VAE are drawn with by their paths or by the names of what was found.

import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adaptableLayers } from '../../src-main/adapter/lora-layers.ts';
import { kohyaName } from '../../src-main/adapter/lora-names.ts';
import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { readSafetensors } from '../../src-main/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import { readParameters } from '../../src-main/generation/portrait-file.ts';
import type { Tensor } from '../../src-main/tensor/tensor.ts';
import { randomTensor } from '../compiler/numbers.ts';
import { writeTinyPack } from '../studio/tiny-pack.ts';
import { runProgram } from './run-program.ts';

let folder: string;

const likeness = (...parameters: string[]) => runProgram(folder, parameters);

/** A LoRA, an embedding, a page, and a VAE whose pictures are white whatever it is given. */
async function writeModels(): Promise<void> {
  const { unet, textEncoders } = await openCheckpoint(join(folder, 'pack'));
  const layers = adaptableLayers({ unet, textEncoders: [] }).filter(({ modulePath }) => modulePath.endsWith('to_q'));
  await mkdir(join(folder, 'models', 'loras'), { recursive: true });
  await writeSafetensors(join(folder, 'models', 'loras', 'film.safetensors'), new Map(
    layers.flatMap(({ modulePath, weightShape: [out, width] }, i): [string, Tensor][] => {
      const name = kohyaName('unet', modulePath);
      return [
        [`${name}.lora_down.weight`, randomTensor([1, width!], i, -1, 1)],
        [`${name}.lora_up.weight`, randomTensor([out!, 1], i + 100, -1, 1)],
      ];
    })));
  await writeSafetensors(join(folder, 'models', 'zqneon.safetensors'), new Map([
    ['emb_params', randomTensor([2, textEncoders[0]!.config.hiddenSize], 7, -1, 1)]]));
  await writeFile(join(folder, 'models', 'page.safetensors'), `<!doctype html>${' '.repeat(600)}`);
  const vae = await readSafetensors(join(folder, 'pack', 'vae', 'diffusion_pytorch_model.safetensors'));
  const { shape: [colours, ...size] } = vae.get('decoder.conv_out.weight')!;
  vae.set('decoder.conv_out.weight', randomTensor([colours!, ...size], 1, 0, 0));
  vae.set('decoder.conv_out.bias', randomTensor([colours!], 1, 2, 2));
  await mkdir(join(folder, 'vae'));
  await writeSafetensors(join(folder, 'vae', 'white.safetensors'), vae);
  // sizes that no Stable Diffusion has
  await copyFile(join(folder, 'pack', 'vae', 'config.json'), join(folder, 'vae', 'config.json'));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-own-models-'));
  await writeTinyPack(join(folder, 'pack'));
  await writeModels();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a folder is scanned, what was found is told with what to do, and it is forgotten untouched', async () => {
  const scanned = await likeness('models', 'scan', 'models');
  expect([scanned.code, scanned.errors]).toEqual([0, '']);
  expect(scanned.output).toMatch(/models \(folder, ready\): 0 checkpoints, 1 LoRAs, 1 embeddings, 1 others/);
  expect(scanned.output).toMatch(/lora.*: loras\/film\.safetensors/);
  expect(scanned.output).toMatch(/, refused\n +"page\.safetensors" is a web page.*download the file again/);
  const { found } = JSON.parse((await likeness('models', 'found', '--json')).output) as {
    found: { name: string; kind: string; state: string; within: string }[];
  };
  expect(found.map(({ name, kind, state, within }) => [name, kind, state, within]).sort()).toEqual([
    ['film', 'lora', 'ready', 'loras'], ['page', 'other', 'refused', ''], ['zqneon', 'embedding', 'ready', '']]);

  const word = join(folder, 'models', 'zqneon.safetensors');
  const before = await stat(word);
  const forgotten = await likeness('models', 'forget', 'models');
  expect([forgotten.code, forgotten.output]).toEqual([0, expect.stringContaining('nothing in it was touched')]);
  expect((await stat(word)).mtimeMs).toBe(before.mtimeMs);
  expect((await likeness('models', 'folders')).output).toContain('No folders of models yet');
}, 60_000);

test('--lora, --embedding and --vae: by path, told in the picture, and refused with what they are', async () => {
  const lora = join('models', 'loras', 'film.safetensors');
  const drawn = await likeness(
    'generate', '--adapter', lora, '--pack', 'pack', '--provider', 'cpu', '--prompt', 'a hat', '--count', '1',
    '--sampling-steps', '1', '--width', '64', '--height', '64', '--lora', `${lora}:0.7`,
    '--embedding', `${join('models', 'zqneon.safetensors')}:1.2`, '--vae', join('vae', 'white.safetensors'),
    '--out', 'out');
  expect(drawn.code, drawn.errors).toBe(0);
  expect(await readdir(join(folder, 'out'))).toEqual(['seed-1.png']);
  const png = await readFile(join(folder, 'out', 'seed-1.png'));
  expect((await readParameters(png))!.prompt).toMatch(/^a hat, \(zqneon:1\.2\).*<lora:film:0\.7>/);
  expect(new Set(await sharp(png).removeAlpha().raw().toBuffer())).toEqual(new Set([255]));

  const refused = await likeness('generate', '--adapter', lora, '--pack', 'pack', '--vae', lora, '--json');
  expect(refused.code).toBe(1);
  expect(JSON.parse(refused.output)).toMatchObject({ error: { code: 'models.not-a-vae' } });
}, 60_000);

// The command line as a user meets it: exit codes, one JSON document, and a message of its own for every bad input.

import { spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';
import { writeTinyPack } from '../studio/tiny-pack.ts';
import { runProgram } from './run-program.ts';

const root = join(import.meta.dirname, '..', '..');
const astronaut = join(root, 'test', 'photos', 'astronaut.png');
let folder: string;

const likeness = (...words: string[]) => runProgram(folder, words);

async function photoFolder(name: string, file: string, bytes: Uint8Array): Promise<string> {
  await mkdir(join(folder, name));
  await writeFile(join(folder, name, file), bytes);
  return name;
}

/** A true PNG of that size in one-bit black: 50 MB of zeros, packed. */
function hugePng(edge: number): Buffer {
  const crcTable = Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const crc = body.reduce((value, byte) => crcTable[(value ^ byte) & 255]! ^ (value >>> 8), 0xffffffff) ^ 0xffffffff;
    const framed = Buffer.alloc(body.length + 8);
    framed.writeUInt32BE(data.length, 0);
    body.copy(framed, 4);
    framed.writeUInt32BE(crc >>> 0, body.length + 4);
    return framed;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(edge, 0);
  header.writeUInt32BE(edge, 4);
  header.writeUInt8(1, 8);
  const pixels = deflateSync(Buffer.alloc(edge * (1 + edge / 8)), { level: 1 });
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

/** What `portraits` says of photos or a checkpoint that it must refuse. */
async function refusal(photos: string, pack: string): Promise<Record<string, string>> {
  const { code, output, errors } = await likeness(
    'portraits', '--photos', photos, '--pack', pack, '--provider', 'cpu', '--out', 'never', '--json');
  expect(code, errors).toBe(1);
  const { error } = JSON.parse(output) as { error: Record<string, string> };
  for (const sentence of [error['what'], error['safe'], error['todo']]) {
    expect(sentence).toMatch(/^.{10,}\.$/);
    expect(errors).toContain(sentence);
  }
  expect(await readdir(folder)).not.toContain('never');
  return error;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-cli-'));
  await mkdir(join(folder, 'tmp'));
  await writeTinyPack(join(folder, 'pack'));
  await mkdir(join(folder, 'Ada'));
  await copyFile(astronaut, join(folder, 'Ada', 'one.png'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('wrong usage ends with 2 and says so on standard error', async () => {
  const { code, output, errors } = await likeness('portraits', '--photos', 'Ada', '--count', '0');
  expect({ code, output }).toEqual({ code: 2, output: '' });
  expect(errors).toContain('--count');
});

test('bad photos: each has its own message', async () => {
  const jpeg = await sharp(astronaut).jpeg().toBuffer();
  const grey = await sharp({ create: { width: 300, height: 300, channels: 3, background: '#888' } }).png().toBuffer();
  await mkdir(join(folder, 'empty'));
  const cases: [string, string][] = [
    ['empty', 'photos.folder-empty'],
    ['nowhere', 'photos.folder-missing'],
    [await photoFolder('text', 'me.jpg', new TextEncoder().encode('dear diary')), 'photos.not-a-picture'],
    [await photoFolder('cut', 'cut.jpg', jpeg.subarray(0, jpeg.length / 2)), 'photos.damaged'],
    [await photoFolder('huge', 'huge.png', hugePng(20_000)), 'photos.too-many-pixels'],
    [await photoFolder('grey', 'grey.png', grey), 'photos.no-face'],
  ];
  for (const [photos, code] of cases) expect(await refusal(photos, 'pack'), photos).toMatchObject({ code });
});

test('bad checkpoints: each has its own message', async () => {
  const unet = await readFile(join(folder, 'pack', 'unet', 'diffusion_pytorch_model.safetensors'));
  await writeFile(join(folder, 'page.safetensors'), '<!DOCTYPE html><html><body>Please sign in</body></html>');
  await writeFile(join(folder, 'cut.safetensors'), unet.subarray(0, unet.length / 2));
  const cases: [string, string][] = [
    ['page.safetensors', 'checkpoint.web-page'], ['cut.safetensors', 'checkpoint.truncated'],
    ['./nothing.safetensors', 'checkpoint.file-missing'], ['nothing', 'packs.unknown'],
  ];
  for (const [pack, code] of cases) expect(await refusal('Ada', pack), pack).toMatchObject({ code });
});

test('a LoRA of another architecture is refused before anything is drawn', async () => {
  const zeros = float32Tensor([4, 640], new Float32Array(2560));
  const name = 'lora_te2_text_model_encoder_layers_0_mlp_fc1';
  await writeSafetensors(join(folder, 'xl.safetensors'), new Map([
    [`${name}.lora_down.weight`, zeros], [`${name}.lora_up.weight`, float32Tensor([640, 4], new Float32Array(2560))],
  ]));
  const { code, output } = await likeness(
    'generate', '--adapter', 'xl.safetensors', '--pack', 'pack', '--out', 'never', '--json');
  expect(code).toBe(1);
  expect(JSON.parse(output)).toMatchObject({ error: { code: 'adapter.other-architecture' } });
});

test('the whole way: portraits, contact sheet and LoRA out; photos untouched, nothing left behind', async () => {
  const before = await readFile(astronaut);
  const { code, output, errors } = await likeness(
    'portraits', '--photos', 'Ada', '--pack', 'pack', '--provider', 'cpu', '--training-steps', '3', '--batch-size', '1',
    '--rank', '2', '--count', '2', '--seed', '7', '--sampling-steps', '2', '--width', '64', '--height', '64',
    '--out', 'out', '--json');
  expect(code, errors).toBe(0);
  const report = JSON.parse(output) as {
    portraits: { seed: number; withLook: { likeness: { latentDistance: number } } }[];
    training: { losses: unknown[] }; lora: { file: string }; likeness: { nearerWithLook: { latentDistance: object } };
  };
  expect(report.portraits.map((pair) => pair.seed)).toEqual([7, 8]);
  expect(report.portraits.every((pair) => pair.withLook.likeness.latentDistance > 0)).toBe(true);
  expect(report.training.losses).toHaveLength(3);
  expect(report.likeness.nearerWithLook.latentDistance).toMatchObject({ of: 2 });
  expect((await readdir(join(folder, 'out'))).sort()).toEqual(['ada.safetensors', 'contact-sheet.png',
    'seed-7-with-look.png', 'seed-7-without.png', 'seed-8-with-look.png', 'seed-8-without.png']);
  expect(errors).toMatch(/Teaching.*3\/3/);
  expect(await readFile(join(folder, 'Ada', 'one.png'))).toEqual(before);
  expect(await readdir(join(folder, 'tmp'))).toEqual([]);
  // the LoRA can be drawn with by its path
  const drawn = await likeness('generate', '--adapter', report.lora.file, '--pack', 'pack', '--provider', 'cpu',
    '--count', '1', '--sampling-steps', '1', '--width', '64', '--height', '64', '--out', 'drawn', '--json');
  expect(drawn.code, drawn.errors).toBe(0);
  expect(await readdir(join(folder, 'drawn'))).toEqual(['seed-1.png']);
});

test('step by step in a library of its own: import, train, generate, export', async () => {
  const imported = await likeness('import', '--photos', 'Ada', '--name', 'Ada', '--json');
  expect(imported.code, imported.errors).toBe(0);
  expect(await readdir(join(folder, 'data', 'likeness'))).toContain('library.db');
  const trained = await likeness('train', '--subject', 'Ada', '--pack', 'pack', '--provider', 'cpu',
    '--training-steps', '2', '--batch-size', '1', '--rank', '1', '--json');
  expect(trained.code, trained.errors).toBe(0);
  expect(JSON.parse(trained.output)).toMatchObject({ look: { name: 'Ada', trainingSteps: 2 } });
  const batch = await likeness('batch', '--subject', 'Ada', '--pack', 'pack', '--provider', 'cpu', '--prompt', 'a',
    '--style', 'casual', '--count', '1', '--sampling-steps', '1', '--width', '64', '--height', '64', '--out', 'batch',
    '--json');
  expect(batch.code, batch.errors).toBe(0);
  expect((JSON.parse(batch.output) as { portraits: unknown[] }).portraits).toHaveLength(2);
  const exported = await likeness('export', '--subject', 'Ada', '--out', 'my.safetensors', '--json');
  expect(exported.code, exported.errors).toBe(0);
  expect((await readFile(join(folder, 'my.safetensors'))).length).toBeGreaterThan(1000);
  expect((await likeness('export', '--subject', 'Bo')).code).toBe(1);
});

test('a reader that has seen enough is no failure', async () => {
  const child = spawn(process.execPath, [join(root, 'src-main', 'host', 'cli.ts'), 'generate', '--help'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => { errors += chunk.toString(); });
  child.stdout.destroy();
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(errors).not.toContain('EPIPE');
  expect(code).toBe(0);
});

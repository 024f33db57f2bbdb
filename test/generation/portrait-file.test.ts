// Portrait files on a real disk, read back by our reader and by sharp.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deflateSync, crc32 } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, expect, test } from 'vitest';

import { UserError } from '../../src-main/contract/errors.ts';
import { addPngTexts, pngChunkTypes, readPngTexts } from '../../src-main/generation/png-chunks.ts';
import {
  encodePortrait, labelXmp, type PortraitSettings, readParameters, sourceTypeOf, tileOf, writePortrait,
} from '../../src-main/generation/portrait-file.ts';
import { drawLabel, labelHeightPx } from '../../src-main/generation/visible-label.ts';
import { rgbPicture } from '../../src-main/photos/pixels.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'likeness-portrait-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const pixels = Uint8Array.from({ length: 8 * 6 * 3 }, (_, i) => (i * 37) % 256);
const picture = rgbPicture(8, 6, pixels);
const settings: PortraitSettings = {
  prompt: 'photo of sks man', negativePrompt: 'hat', samplingSteps: 20, sampler: 'dpmpp-2m-karras', guidanceScale: 5,
  seed: 42, modelName: 'starter', modelHash: 'abcdef0123456789', version: 'Likeness 0.1.0',
};

test('pixels come back untouched, and sharp sees text, label and nothing else', async () => {
  const file = path.join(folder, 'one.png');
  await writePortrait(file, picture, settings);
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject({ width: 8, height: 6, channels: 3 });
  expect(Uint8Array.from(data)).toEqual(pixels);
  const metadata = await sharp(file).metadata();
  expect(metadata.comments).toEqual([{ keyword: 'parameters', text: expect.stringContaining('Seed: 42') }]);
  expect(metadata.xmp!.toString()).toContain(
    '<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia<');
  expect(metadata.exif).toBeUndefined();
  expect(await readdir(folder)).toEqual(['one.png']);
});

test.each([
  ['Latin-1 goes into tEXt', 'crème, "quoted"', ['tEXt', 'iTXt']],
  ['Chinese goes into iTXt', '一位女士，蓝色背景 "引号"', ['iTXt', 'iTXt']],
])('%s and is read back', async (_, prompt, chunkTypes) => {
  const png = await encodePortrait(picture, { ...settings, prompt });
  const types = pngChunkTypes(png);
  expect(types.slice(0, 3)).toEqual(['IHDR', ...chunkTypes]);
  expect(types.filter((type) => type === 'eXIf' || type === 'tIME')).toEqual([]);
  const read = await readParameters(png);
  expect(read).toMatchObject({ prompt, negativePrompt: 'hat' });
  expect(Object.fromEntries(read!.settings)).toMatchObject({
    Steps: '20', Sampler: 'DPM++ 2M', 'Schedule type': 'Karras', 'CFG scale': '5', Size: '8x6',
    'Model hash': 'abcdef0123', Model: 'starter',
  });
});

test('the same portrait is the same bytes', async () => {
  expect(await encodePortrait(picture, settings)).toEqual(await encodePortrait(picture, settings));
});

test('deflated and language-tagged texts of other tools are read', () => {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const png = Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('zTXt', Buffer.concat([Buffer.from('a\0\0', 'latin1'), deflateSync('naïve'.normalize(), {})])),
    chunk('iTXt', Buffer.concat([Buffer.from('b\0\x01\0zh\0标题\0', 'utf8'), deflateSync(Buffer.from('写真'))])),
    chunk('zTXt', Buffer.concat([Buffer.from('bomb\0\0', 'latin1'), deflateSync(Buffer.alloc(64 * 1024 * 1024))])),
    chunk('zTXt', Buffer.from('broken\0\0not deflated', 'latin1')),
    chunk('tEXt', Buffer.from('no end', 'latin1')),
    chunk('tEXt', Buffer.from('c\0last', 'latin1')),
    Buffer.from([0xff, 0xff, 0xff, 0xff, 0x74, 0x45, 0x58, 0x74]),
  ]);
  const texts = readPngTexts(png)!;
  expect(texts.map(({ keyword }) => keyword)).toEqual(['a', 'b', 'c']);
  expect(texts[1]!.text).toBe('写真');
});

test('pictures without settings, and no pictures, have none', async () => {
  const plain = await sharp(pixels, { raw: { width: 8, height: 6, channels: 3 } }).png().toBuffer();
  expect(await readParameters(plain)).toBeUndefined();
  expect(await readParameters(Buffer.from('<html>'))).toBeUndefined();
  expect(() => addPngTexts(Buffer.from('<html>'), [])).toThrow('only be added to a PNG');
});

test('a folder that is not there is an error with a way out, and leaves nothing', async () => {
  const failing = writePortrait(path.join(folder, 'absent', 'one.png'), picture, settings);
  await expect(failing).rejects.toBeInstanceOf(UserError);
});

test('writing over a portrait replaces it as a whole', async () => {
  const file = path.join(folder, 'again.png');
  await writeFile(file, 'old');
  await writePortrait(file, picture, settings);
  expect((await readParameters(file))!.settings.get('Seed')).toBe('42');
  expect((await readFile(file)).subarray(1, 4).toString()).toBe('PNG');
  expect((await readdir(folder)).filter((name) => name.includes('partial'))).toEqual([]);
});

test('how a portrait was made stands in the text in A1111\'s own words where it has any', async () => {
  const upscale = { factor: 2, strength: 0.3, drawn: { widthPx: 4, heightPx: 3 } };
  const over = (strength: number, start: number, end: number) => ({ strength, start, end });
  const png = await encodePortrait(picture, {
    ...settings, sampler: 'lcm', guidanceScale: 1.5,
    loras: [{ name: 'look', strength: 0.8 }, { name: 'lcm-lora', strength: 1 }],
    making: {
      face: { image: over(0.8, 0, 1), identityNet: over(0.6, 0.1, 0.9) }, hasTwoPeople: true, facePassStrength: 0.4,
      upscale,
    },
  });
  const { prompt, settings: read } = (await readParameters(png))!;
  expect(prompt).toBe('photo of sks man <lora:look:0.8> <lora:lcm-lora:1>');
  expect(Object.fromEntries(read)).toMatchObject({
    'Sampler': 'LCM', 'CFG scale': '1.5', 'Size': '4x3', 'People': '2', 'InstantID strength': '0.8',
    'InstantID key points strength': '0.6', 'InstantID key points steps': '0.1-0.9',
    'Face pass denoising strength': '0.4', 'Denoising strength': '0.3', 'Hires upscale': '2',
    'Hires upscaler': 'Lanczos', 'Hires denoising strength': '0.3',
  });
  expect([...read.keys()]).not.toContain('InstantID steps');
  const fromPicture = await encodePortrait(picture, {
    ...settings, startStrength: 0.6, making: { upscale },
  });
  expect((await readParameters(fromPicture))!.settings.get('Denoising strength')).toBe('0.6');
});

test('the small picture of a portrait: a WebP within 384 pixels, and none of one that is small itself', async () => {
  const large = await encodePortrait(rgbPicture(500, 800, new Uint8Array(500 * 800 * 3).fill(90)), settings);
  const tile = (await tileOf(large))!;
  const metadata = await sharp(tile).metadata();
  expect(metadata).toMatchObject({ format: 'webp', width: 240, height: 384 });
  expect(metadata.xmp!.toString()).toContain('digitalsourcetype/trainedAlgorithmicMedia<');
  expect([metadata.exif, metadata.icc]).toEqual([undefined, undefined]);
  expect(tile.length).toBeLessThan(large.length);
  expect(await tileOf(await encodePortrait(picture, settings))).toBeNull();
  await expect(tileOf(Buffer.from('<svg/>'))).rejects.toBeInstanceOf(UserError);
});

test('a label is read back, and has China\'s own beside it where that is wanted', async () => {
  expect(sourceTypeOf(await encodePortrait(picture, settings))).toBe('trainedAlgorithmicMedia');
  const composite = await encodePortrait(picture, { ...settings, startsFromPhoto: true });
  expect(sourceTypeOf(composite)).toBe('compositeWithTrainedAlgorithmicMedia');
  expect(sourceTypeOf(Buffer.from('no PNG'))).toBeUndefined();
  const xmp = labelXmp('trainedAlgorithmicMedia', { producer: 'A & <B>', produceId: '7' });
  expect(xmp).toContain('xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"');
  expect(xmp).toContain('"ContentProducer":"A &amp; &lt;B>","ProduceID":"7"');
});

test('the visible label stays inside the smallest picture, and both words differ', () => {
  const plain = rgbPicture(64, 64, new Uint8Array(64 * 64 * 3).fill(200));
  const [latin, chinese] = (['AI', 'AI生成'] as const).map((words) => drawLabel(plain, words));
  const changed = ({ data }: { data: Uint8Array }) => data.filter((value) => value !== 200).length / 3;
  expect(changed(latin!)).toBeGreaterThan(200);
  expect(changed(chinese!)).toBeGreaterThan(1.6 * changed(latin!));
  // the upper left is as it was
  expect(chinese!.data.subarray(0, 40 * 64 * 3).every((value) => value === 200)).toBe(true);
  expect(plain.data.every((value) => value === 200)).toBe(true);
  for (const [width, height] of [[512, 768], [1024, 640], [64, 2048]] as const) {
    expect(labelHeightPx({ width, height })).toBeGreaterThanOrEqual(0.05 * Math.min(width, height));
  }
});

// The wanted texts were written by hand from the rules of A1111's modules/infotext_utils.py.

import { expect, test } from 'vitest';

import {
  formatParameters, parseParameters, type ParametersText, splitLoraTags,
} from '../../src-main/generation/parameters-text.ts';

const parameters: ParametersText = {
  prompt: 'photo of sks woman, blue background', negativePrompt: 'blurry, hat', samplingSteps: 25,
  samplerTitle: 'DPM++ 2M', scheduleType: 'Karras', guidanceScale: 6.5, seed: 4294967295, widthPx: 512, heightPx: 768,
  modelName: 'v1-5-pruned', modelHash: '6ce0161689b3853acaa03779ec93eafe75a02f4ced659bee03f50797806fa2fa',
  loras: [{ name: 'look', strength: 0.8, hash: '0123456789abcdef' }], version: 'Likeness 0.1.0',
};

test('a portrait\'s text is A1111\'s, line by line', () => {
  expect(formatParameters(parameters)).toBe([
    'photo of sks woman, blue background <lora:look:0.8>',
    'Negative prompt: blurry, hat',
    'Steps: 25, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 4294967295, Size: 512x768, '
      + 'Model hash: 6ce0161689, Model: v1-5-pruned, Lora hashes: "look: 0123456789ab", Version: Likeness 0.1.0',
  ].join('\n'));
});

test('what is unknown or empty is left out', () => {
  const text = formatParameters({ ...parameters, negativePrompt: ' ', modelHash: undefined, loras: [] });
  expect(text).not.toMatch(/Negative|hash|lora/);
});

test('a portrait that began with a picture says how much of it could change', () => {
  expect(formatParameters({ ...parameters, startStrength: 0.6 }))
    .toContain('Model: v1-5-pruned, Denoising strength: 0.6, Lora hashes');
});

test('attention guidance is told where there is some', () => {
  expect(formatParameters({ ...parameters, attentionGuidanceScale: 1.5 }))
    .toContain('CFG scale: 6.5, PAG scale: 1.5, ');
  expect(formatParameters({ ...parameters, attentionGuidanceScale: 0 })).not.toContain('PAG');
});

test('no folder of this machine gets into the text', () => {
  const text = formatParameters({
    ...parameters, modelName: '/home/ada/models/base', loras: [{ name: 'C:\\Users\\ada\\l<o>:ok', strength: 1 }],
  });
  expect(text).not.toContain('ada');
  expect(text).toContain('Model: base');
  expect(text).toContain('<lora:l_o__ok:1>');
});

const prompts = [
  'plain', '一位女士的肖像照，蓝色背景', 'she said "hello, world": twice', 'two\nlines, Steps: 3', 'ends in a comma,',
  'crème brûlée, naïve', 'a (weighted:1.3) [word] \\(escaped\\)', '😀 emoji',
  'Steps: 20, Sampler: x, Seed: 1 in a prompt',
];

test.each(prompts)('prompt and negative prompt come back: %j', (prompt) => {
  for (const negativePrompt of ['', 'dull', prompt]) {
    const read = parseParameters(formatParameters({ ...parameters, prompt, negativePrompt, loras: [] }));
    expect(read).toMatchObject({ prompt, negativePrompt });
    expect(read.settings.get('Seed')).toBe('4294967295');
  }
});

test.each(['plain', 'with, comma', 'colon: here', 'say "x"', '"quoted"', 'back\\slash, too', '模型，一', 'a\nb'])(
  'a model named %j comes back', (modelName) => {
    const { settings } = parseParameters(formatParameters({ ...parameters, modelName: modelName.replace('\\', '·') }));
    expect(settings.get('Model')).toBe(modelName.replace('\\', '·'));
    expect(settings.get('Size')).toBe('512x768');
    expect(settings.get('Lora hashes')).toBe('look: 0123456789ab');
    expect(settings.get('Version')).toBe('Likeness 0.1.0');
  });

test('texts of other tools are read too', () => {
  const { prompt, negativePrompt, settings } = parseParameters([
    'masterpiece, <lora:style:0.7> portrait', 'second line', 'Negative prompt: bad', 'worse ',
    'Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Hires upscale: 2, '
      + 'TI hashes: "a: 1, b: 2", Version: v1.10.1',
  ].join('\r\n'));
  expect(splitLoraTags(prompt)).toEqual({
    prompt: 'masterpiece, portrait\nsecond line', lora: [{ name: 'style', strength: 0.7 }],
  });
  expect(negativePrompt).toBe('bad\nworse');
  expect(settings.get('TI hashes')).toBe('a: 1, b: 2');
  expect(settings.get('Hires upscale')).toBe('2');
});

test('a last line with fewer than three pairs is prompt', () => {
  expect(parseParameters('a cat\nmood: calm, light: low')).toEqual({
    prompt: 'a cat\nmood: calm, light: low', negativePrompt: '', settings: new Map(),
  });
  expect(parseParameters('').prompt).toBe('');
});

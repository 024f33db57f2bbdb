// The procedural portraits: one picture a seed, labelled with what it shows, framed as face crops are.

import { expect, test } from 'vitest';
import { facialHairs, pictureStyles } from '../../src-main/starter/attributes.ts';
import { backgroundColours, nearestName } from '../../src-main/starter/colours.ts';
import { portraitAttributes, renderPortrait } from '../../src-main/starter/portrait-renderer.ts';
import { renderSubjectPhotos } from '../../src-main/starter/subject.ts';
import { renderTexture } from '../../src-main/starter/textures.ts';
import { openClipTokenizer } from '../../src-main/text/tokenizer.ts';

const plain = {
  style: 'cartoon', backgroundKind: 'plain', hat: 'none', glasses: 'none', hairStyle: 'short', shiftX: 0, shiftY: 0,
    size: 1,
  rollDegrees: 0, yawDegrees: 0,
} as const;

function pixel(rgb: Uint8Array, width: number, x: number, y: number): [number, number, number] {
  const at = (y * width + x) * 3;
  return [rgb[at]!, rgb[at + 1]!, rgb[at + 2]!];
}

function difference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
}

test('a seed gives the same picture and caption every time, another seed another one', async () => {
  const [first, again, other] = await Promise.all([renderPortrait(7), renderPortrait(7), renderPortrait(8)]);
  expect(again.rgb).toEqual(first.rgb);
  expect(again.caption).toBe(first.caption);
  expect(first.rgb).toHaveLength(128 * 128 * 3);
  expect(difference(first.rgb, other.rgb)).toBeGreaterThan(10);
});

test('the background has the colour that the label names', async () => {
  for (const backgroundColour of ['red', 'green', 'blue', 'yellow', 'black'] as const) {
    const { rgb, width } = await renderPortrait(3, {
      attributes: { ...plain, backgroundColour, background: backgroundColours[backgroundColour] },
    });
    expect(nearestName(backgroundColours, pixel(rgb, width, 4, 20))).toBe(backgroundColour);
  }
});

test('the face lies where face crops have it: skin between brow and chin, eyes above the middle', async () => {
  const { rgb, width, attributes } = await renderPortrait(12,
    { attributes: { ...plain, facialHair: 'none', freckles: false } });
  const forehead = pixel(rgb, width, 64, Math.round(0.47 * 128 - 26));
  const distance = forehead.reduce((sum, c, i) => sum + Math.abs(c - attributes.skin[i]!), 0);
  expect(distance).toBeLessThan(30);
});

test('every style and every kind of facial hair can be drawn and looks different', async () => {
  const sheets = await Promise.all(pictureStyles.map((style) => renderPortrait(5, { attributes: { style } })));
  for (let i = 1; i < sheets.length; i++) expect(difference(sheets[0]!.rgb, sheets[i]!.rgb)).toBeGreaterThan(4);
  const beards = await Promise.all(facialHairs.map((facialHair) =>
    renderPortrait(5, { attributes: { ...plain, classWord: 'man', facialHair } })));
  for (let i = 1; i < beards.length; i++) expect(difference(beards[0]!.rgb, beards[i]!.rgb)).toBeGreaterThan(0.02);
});

test('captions fit into the text encoder with room for a style, and name what is seen', async () => {
  const tokenizer = await openClipTokenizer('resources/tokenizer');
  let named = 0;
  for (let seed = 0; seed < 40; seed++) {
    const { caption, attributes } = await renderPortrait(seed, { resolutionPx: 16 });
    expect(tokenizer.encode(caption).length).toBeLessThanOrEqual(56);
    if (caption.includes(`${attributes.backgroundColour} `)) named++;
    if (attributes.facialHair === 'none') expect(caption).not.toMatch(/beard|moustache|goatee|stubble/);
  }
  expect(named).toBeGreaterThan(20);
});

test('photos of one Subject share the identity and differ in the scene; captions leave the identity to be learnt',
  async () => {
  const photos = await renderSubjectPhotos(11, 4, { resolutionPx: 32 });
  const identities = photos.map(({ attributes: a }) =>
    [a.skinTone, a.hairColour, a.hairStyle, a.eyeSpacing, a.noseWidth].join());
  expect(new Set(identities).size).toBe(1);
  expect(new Set(photos.map(({ attributes }) => attributes.yawDegrees)).size).toBe(4);
  for (const { caption, attributes } of photos) {
    expect(caption).toContain(`sks ${attributes.classWord}`);
    expect(caption).not.toContain('hair');
  }
});

test('attributes cover the words the captions use', () => {
  const drawn = Array.from({ length: 400 }, (_, seed) => portraitAttributes(seed));
  expect(new Set(drawn.map((a) => a.backgroundColour)).size).toBe(Object.keys(backgroundColours).length);
  expect(drawn.filter((a) => a.style === 'photo').length / drawn.length).toBeGreaterThan(0.68);
  for (const a of drawn) expect(Math.abs(a.yawDegrees)).toBeLessThanOrEqual(25);
});

test('textures are seeded too', () => {
  expect(renderTexture(1, 32)).toEqual(renderTexture(1, 32));
  expect(difference(renderTexture(1, 32), renderTexture(2, 32))).toBeGreaterThan(5);
});

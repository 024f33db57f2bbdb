// The procedural portraits: one picture a seed, labelled with what it shows, framed as face crops are.

import { expect, test } from 'vitest';
import {
  ages, backgroundKinds, browShapes, clothesKinds, clothesPatterns, earringKinds, expressions, eyeShapes, facialHairs,
  glassesKinds, hairStyles, hatKinds, neckwearKinds, noseShapes, pictureStyles, type PortraitAttributes,
} from '../../src-main/starter/attributes.ts';
import { backgroundColours, nearestName } from '../../src-main/starter/colours.ts';
import { drawIdentity } from '../../src-main/starter/identity.ts';
import { identityNumberCount, identityNumbers } from '../../src-main/starter/identity-numbers.ts';
import { portraitAttributes, renderPortrait } from '../../src-main/starter/portrait-renderer.ts';
import { seededRandom } from '../../src-main/starter/seeded-random.ts';
import { renderSubjectPhotos } from '../../src-main/starter/subject.ts';
import { renderTexture } from '../../src-main/starter/textures.ts';

const plain = {
  style: 'illustration', backgroundKind: 'plain', hat: 'none', glasses: 'none', hairStyle: 'short', headphones: false,
  shiftX: 0, shiftY: 0, size: 1, rollDegrees: 0, yawDegrees: 0, pitchDegrees: 0, isBacklit: false,
  temperature: 'neutral', mood: 'clear',
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
    { attributes: { ...plain, facialHair: 'none', freckles: false, hairStyle: 'bald', age: 'young' } });
  const forehead = pixel(rgb, width, 64, Math.round(0.47 * 128 - 24));
  const distance = forehead.reduce((sum, c, i) => sum + Math.abs(c - attributes.skin[i]!), 0);
  expect(distance).toBeLessThan(30);
});

test.each([
  ['style', pictureStyles, 4], ['hairStyle', hairStyles, 0.5], ['facialHair', facialHairs, 0.05],
  ['glasses', glassesKinds, 0.1], ['hat', hatKinds, 0.5], ['clothes', clothesKinds, 0.3],
  ['clothesPattern', clothesPatterns, 0.3], ['neckwear', neckwearKinds, 0.1], ['expression', expressions, 0.1],
  ['backgroundKind', backgroundKinds, 1], ['age', ages, 0.02], ['eyeShape', eyeShapes, 0.02],
  ['browShape', browShapes, 0.01], ['noseShape', noseShapes, 0.01], ['earrings', earringKinds, 0.02],
] as const)('every kind of %s can be drawn and looks unlike the one before', async (name, kinds, least) => {
  const common = {
    ...plain, classWord: 'man', facialHair: 'none', neckwear: 'none', size: 1.1, background: [90, 150, 200],
  } as const;
  const drawn = await Promise.all(kinds.map((kind) => renderPortrait(5, { attributes: { ...common, [name]: kind } })));
  for (let i = 1; i < drawn.length; i++) {
    expect(difference(drawn[i - 1]!.rgb, drawn[i]!.rgb), `${kinds[i - 1]}, ${kinds[i]}`).toBeGreaterThan(least);
  }
});

/** Of all pixels, the share that is plainly of another colour. */
function changedShare(a: Uint8Array, b: Uint8Array): number {
  let changed = 0;
  for (let i = 0; i < a.length; i += 3) {
    if ([0, 1, 2].reduce((sum, c) => sum + Math.abs(a[i + c]! - b[i + c]!), 0) > 60) changed++;
  }
  return changed / (a.length / 3);
}

test.each([
  ['hat', hatKinds, 0.03], ['clothes', clothesKinds, 0.018],
] as const)('no two kinds of %s are alike, whatever their order', async (name, kinds, least) => {
  const worn = { ...plain, classWord: 'woman', facialHair: 'none', neckwear: 'none', clothesPattern: 'plain' } as const;
  const drawn = await Promise.all(kinds.map((kind) => (
    renderPortrait(5, { attributes: { ...worn, background: [90, 150, 200], [name]: kind } }))));
  kinds.forEach((kind, i) => {
    for (let j = 0; j < i; j++) {
      expect(changedShare(drawn[i]!.rgb, drawn[j]!.rgb), `${kinds[j]!}, ${kind}`).toBeGreaterThan(least);
    }
  });
});

test('the brim of a cowboy hat rises at both sides, above a fedora’s', async () => {
  const worn = { ...plain, hairStyle: 'buzz cut', background: [90, 150, 200], hatColour: 'red' } as const;
  const [bare, fedora, cowboy] = await Promise.all((['none', 'hat', 'cowboy hat'] as const).map((hat) => (
    renderPortrait(5, { attributes: { ...worn, hat } }))));
  const isWorn = (rgb: Uint8Array, x: number, y: number) => (
    Math.hypot(...pixel(rgb, 128, x, y).map((c, i) => c - pixel(bare!.rgb, 128, x, y)[i]!)) > 40);
  const rows = Array.from({ length: 128 }, (_, y) => y);
  const topOf = (rgb: Uint8Array, x: number) => rows.find((y) => isWorn(rgb, x, y))!;
  for (const x of [28, 100]) expect(topOf(cowboy!.rgb, x)).toBeLessThan(topOf(fedora!.rgb, x) - 5);
});

test('eyes are large enough in most pictures, and crisp: dark and bright within a few pixels', async () => {
  let large = 0;
  for (let seed = 0; seed < 200; seed++) {
    const { eyeSize, size } = portraitAttributes(seed);
    if (13.2 * 2 * eyeSize * size * 0.5 >= 9) large++;
  }
  expect(large / 200).toBeGreaterThan(0.85);
  const { rgb, width, points } = await renderPortrait(12, {
    attributes: { ...plain, expression: 'neutral', eyeColour: 'blue', eyeShape: 'round', gaze: 0 },
  });
  const luma: number[] = [];
  for (let dy = -3; dy <= 3; dy++) {
    for (let dx = -6; dx <= 6; dx++) {
      const [r, g, b] = pixel(rgb, width, Math.floor(points[0].x) + dx, Math.floor(points[0].y) + dy);
      luma.push(0.3 * r + 0.59 * g + 0.11 * b);
    }
  }
  expect(Math.min(...luma)).toBeLessThan(50);
  expect(Math.max(...luma)).toBeGreaterThan(225);
});

test('photos of one Subject share the identity and differ in the scene; captions leave the identity to be learnt',
  async () => {
  const photos = await renderSubjectPhotos(11, 4, { resolutionPx: 32 });
  const identities = photos.map(({ attributes: a }) =>
    [a.skinTone, a.hairColour, a.hairStyle, a.eyeSpacing, a.noseWidth].join());
  expect(new Set(identities).size).toBe(1);
  expect(new Set(photos.map(({ attributes }) => attributes.yawDegrees)).size).toBe(4);
  for (const { caption, attributes } of photos) {
    expect(attributes.age).not.toBe('child');
    expect(caption).toContain(`sks ${attributes.classWord}`);
    expect(caption).not.toMatch(/hair|beard|skin/);
  }
});

test('attributes cover what can be asked for, within their limits', () => {
  const drawn = Array.from({ length: 600 }, (_, seed) => portraitAttributes(seed));
  const kindsOf = (name: keyof PortraitAttributes) => new Set(drawn.map((a) => a[name])).size;
  expect(kindsOf('backgroundColour')).toBe(Object.keys(backgroundColours).length);
  expect(kindsOf('hairStyle')).toBe(hairStyles.length);
  expect(kindsOf('facialHair')).toBe(facialHairs.length);
  expect(kindsOf('style')).toBe(pictureStyles.length);
  expect(kindsOf('age')).toBe(ages.length);
  for (const a of drawn) {
    expect(Math.abs(a.yawDegrees)).toBeLessThanOrEqual(32);
    expect(a.clothesColour).not.toBe(a.backgroundColour);
    if (a.age === 'child' || a.classWord === 'woman') expect(a.facialHair).toBe('none');
  }
});

test('people of different numbers differ in what the judge is to tell', () => {
  const people = Array.from({ length: 400 }, (_, i) => identityNumbers(drawIdentity(seededRandom(i, 21))));
  for (const numbers of people) {
    expect(numbers).toHaveLength(identityNumberCount);
    for (const value of numbers) expect(Math.abs(value)).toBeLessThan(2.5);
  }
  const rounded = people.map((numbers) => numbers.map((value) => value.toFixed(1)).join());
  expect(new Set(rounded).size).toBe(400);
});

test('textures are seeded too', () => {
  expect(renderTexture(1, 32)).toEqual(renderTexture(1, 32));
  expect(difference(renderTexture(1, 32), renderTexture(2, 32))).toBeGreaterThan(5);
});

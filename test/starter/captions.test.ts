// What is said of procedural portraits: captions in words, labels one by one, and where the face's points lie.

import { expect, test } from 'vitest';
import { captionOf, captionVocabulary } from '../../src-main/starter/captions.ts';
import { labelIndices, labelNames, labelValues, portraitLabels } from '../../src-main/starter/labels.ts';
import { portraitAttributes, renderPortrait } from '../../src-main/starter/portrait-renderer.ts';
import { portraitPoints } from '../../src-main/starter/portrait-points.ts';
import { seededRandom } from '../../src-main/starter/seeded-random.ts';
import { openClipTokenizer } from '../../src-main/text/tokenizer.ts';

const count = 2000;
const captions = Array.from({ length: count }, (_, seed) => {
  const attributes = portraitAttributes(seed);
  return { attributes, caption: captionOf(attributes, seededRandom(seed, 4)) };
});

test('captions fit into the text encoder with room for a style, in a few hundred tokens', async () => {
  const tokenizer = await openClipTokenizer('resources/tokenizer');
  const ids = new Set<number>();
  for (const { caption } of captions) {
    const tokens = tokenizer.encode(caption);
    expect(tokens.length, caption).toBeLessThanOrEqual(58);
    for (const id of tokens) ids.add(id);
  }
  expect(ids.size).toBeGreaterThan(230);
  expect(ids.size).toBeLessThan(500);
});

test('captions say nothing that is not so', () => {
  for (const { caption, attributes: a } of captions) {
    if (a.facialHair === 'none') expect(caption).not.toMatch(/with a (short |full |long )?beard|stache|goatee|stubble/);
    if (a.glasses === 'none') expect(caption).not.toMatch(/wearing glasses|sunglasses|round glasses/);
    if (a.hat === 'none') expect(caption).not.toMatch(/cap\b|beanie|fedora|beret|crown/);
    if (a.style === 'pencil' || a.style === 'sepia' || a.style === 'ink wash') {
      expect(caption).not.toMatch(/\b(red|blue|green|yellow|pink|purple|teal) /);
    }
    if (a.expression !== 'closed eyes') expect(caption).not.toMatch(/closed|sleeping/);
    expect(caption).not.toMatch(/ {2}|, ,|\{|undefined|, $| a [aeiou]/);
  }
});

test('captions come in many forms: style first and last, lists and sentences, long and short', () => {
  const share = (is: (caption: string) => boolean) => captions.filter(({ caption }) => is(caption)).length / count;
  const { styles } = captionVocabulary;
  expect(share((caption) => styles.some((style) => caption.startsWith(`${style} of `)))).toBeGreaterThan(0.3);
  expect(share((caption) => styles.some((style) => caption.endsWith(`, ${style}`)))).toBeGreaterThan(0.15);
  expect(share((caption) => /^an? .* of an? /.test(caption))).toBeGreaterThan(0.15);
  expect(share((caption) => caption.split(' ').length < 6)).toBeGreaterThan(0.05);
  expect(new Set(captions.map(({ caption }) => caption)).size / count).toBeGreaterThan(0.9);
});

test('labels name one of their values or nothing, and colours only where they show', () => {
  for (const { attributes: a } of captions.slice(0, 300)) {
    const labels = portraitLabels(a);
    const indices = labelIndices(labels);
    expect(indices).toHaveLength(labelNames.length);
    labelNames.forEach((name, i) => {
      const values: readonly string[] = labelValues[name];
      expect(indices[i], name).toBe(labels[name] === undefined ? -1 : values.indexOf(labels[name]));
      if (labels[name] !== undefined) expect(values, name).toContain(labels[name]);
    });
    expect(labels.style).toBe(a.style);
    if (a.hat === 'cap' && a.hairStyle === 'bald') expect(labels.hairStyle).toBeUndefined();
    if (a.style === 'pencil') expect(labels.clothesColour).toBeUndefined();
    if (a.glasses === 'sunglasses') expect(labels.eyeColour).toBeUndefined();
    if (a.hairStyle === 'bald') expect(labels.hairColour).toBeUndefined();
  }
});

test('a picture comes with its labels and its five points, eyes above nose above mouth, left before right',
  async () => {
  for (let seed = 0; seed < 30; seed++) {
    const { labels, points, attributes } = await renderPortrait(seed,
      { resolutionPx: 64, attributes: { rollDegrees: 0 } });
    expect(labels).toEqual(portraitLabels(attributes));
    expect(points).toEqual(portraitPoints(attributes, 64));
    const [left, right, nose, mouthLeft, mouthRight] = points;
    expect(left.x).toBeLessThan(right.x);
    expect(mouthLeft.x).toBeLessThan(mouthRight.x);
    expect(nose.y).toBeGreaterThan(Math.max(left.y, right.y));
    expect(nose.y).toBeLessThan(Math.min(mouthLeft.y, mouthRight.y));
    for (const { x, y } of points) for (const place of [x, y]) expect(Math.abs(place - 32)).toBeLessThan(28);
  }
});

test('points follow roll, size and place', () => {
  const attributes = { ...portraitAttributes(3), yawDegrees: 0, pitchDegrees: 0, rollDegrees: 0, shiftX: 0 };
  const upright = portraitPoints(attributes, 128);
  const moved = portraitPoints({ ...attributes, shiftX: 16 }, 128);
  expect(moved[0].x - upright[0].x).toBeCloseTo(8);
  const rolled = portraitPoints({ ...attributes, rollDegrees: 10 }, 128);
  const angle = Math.atan2(rolled[1].y - rolled[0].y, rolled[1].x - rolled[0].x);
  expect((angle * 180) / Math.PI).toBeCloseTo(10);
});

// Captions of procedural portraits: the parts named in plain words, some dropped, the order shuffled a little.
// At most about 45 CLIP tokens, so that a trigger word and a style always fit into the 77.

import type { PortraitAttributes } from './attributes.ts';
import type { Random } from './seeded-random.ts';

const styleWords = {
  photo: ['photo', 'photograph', 'portrait photo'], cartoon: ['cartoon', 'drawing', 'illustration'],
  sepia: ['sepia photo', 'old photo', 'vintage photo'], pencil: ['pencil sketch', 'pencil drawing', 'sketch'],
} as const;

const hairWords = {
  'buzz cut': ['short cropped hair', 'a buzz cut'], short: ['short hair'],
    'side part': ['short hair with a side part', 'neat hair'],
  curly: ['curly hair'], afro: ['an afro', 'big curly hair'], bob: ['a bob', 'chin length hair'],
    long: ['long hair', 'long straight hair'],
  wavy: ['wavy hair', 'long wavy hair'], bun: ['hair in a bun'], ponytail: ['a ponytail'],
} as const;

const facialHairWords = {
  stubble: ['stubble'], moustache: ['a moustache'], goatee: ['a goatee'], beard: ['a beard', 'a full beard'],
} as const;

const classWords = {
  man: { young: ['young man', 'man', 'guy'], adult: ['man', 'person', 'man'], old: ['old man', 'elderly man'] },
  woman: { young: ['young woman', 'woman', 'girl'], adult: ['woman', 'person', 'woman'],
    old: ['old woman', 'elderly woman'] },
} as const;

const withArticle = (phrase: string) => `${/^[aeiou]/.test(phrase) ? 'an' : 'a'} ${phrase}`;

/** Sepia and pencil pictures show no colours, so none are named. */
const showsColours = (a: PortraitAttributes) => a.style === 'photo' || a.style === 'cartoon';

/** Puts a colour before the first noun of a hair phrase: 'a bob' becomes 'a red bob'. */
function coloured(colour: string, phrase: string): string {
  const article = /^(an?) (.*)$/.exec(phrase);
  return article ? withArticle(`${colour} ${article[2]}`) : `${colour} ${phrase}`;
}

function hairPhrase(a: PortraitAttributes, random: Random): string | undefined {
  if (a.hairStyle === 'bald') return random.chance(0.85) ? random.pick(['bald', 'a bald head', 'no hair']) : undefined;
  const phrase = random.pick(hairWords[a.hairStyle]);
  const choice = random.uniform();
  if (choice < 0.12) return undefined;
  if (!showsColours(a)) return phrase;
  if (choice < 0.3) return `${a.hairColour} hair`;
  return choice < 0.38 ? phrase : coloured(a.hairColour, phrase);
}

function wornParts(a: PortraitAttributes, random: Random): string[] {
  const worn: string[] = [];
  const hatColour = showsColours(a) ? `${a.hatColour} ` : '';
  const clothesColour = showsColours(a) ? `${a.clothesColour} ` : '';
  if (a.glasses !== 'none' && random.chance(0.92)) worn.push(a.glasses);
  if (a.hat !== 'none' && random.chance(0.92)) worn.push(withArticle(`${hatColour}${a.hat}`));
  if (random.chance(0.72)) worn.push(withArticle(`${clothesColour}${a.clothes}`));
  return worn;
}

function backgroundPhrase(a: PortraitAttributes, random: Random): string | undefined {
  if (!random.chance(0.88) || !showsColours(a)) return undefined;
  const kind = random.chance(0.25) ? `${a.backgroundKind} ` : '';
  return random.pick([`${kind}${a.backgroundColour} background`, `${a.backgroundColour} background`,
    `on ${withArticle(a.backgroundColour)} background`, `in front of ${withArticle(a.backgroundColour)} wall`]);
}

function features(a: PortraitAttributes, random: Random): string[] {
  const parts: string[] = [];
  const hair = hairPhrase(a, random);
  if (hair) parts.push(hair.startsWith('bald') ? hair : `with ${hair}`);
  if (a.facialHair !== 'none' && random.chance(0.9)) parts.push(`with ${random.pick(facialHairWords[a.facialHair])}`);
  if (showsColours(a) && random.chance(0.3)) parts.push(`${a.eyeColour} eyes`);
  if (random.chance(0.35)) parts.push(`${a.skinTone} skin`);
  if (a.smile > 0.5 ? random.chance(0.8) : random.chance(0.2)) {
    parts.push(a.smile > 0.5 ? random.pick(['smiling', 'a big smile', 'happy']) : random.pick(['serious', 'calm']));
  }
  if (Math.abs(a.yawDegrees) > 12 && random.chance(0.5)) parts.push(
    `looking to the ${a.yawDegrees > 0 ? 'right' : 'left'}`);
  return parts;
}

/** The subject phrase, for example 'an old woman'. */
function subjectPhrase(a: PortraitAttributes, random: Random): string {
  return withArticle(random.pick(classWords[a.classWord][a.age]));
}

/**
 * A caption for a portrait, for example 'photo of a man with short red hair, with a beard, wearing glasses, blue
 * background'.
 *
 * `subject` replaces 'a man' and leaves out what belongs to the identity, as DreamBooth captions do: 'sks man'.
 */
export function captionOf(a: PortraitAttributes, random: Random, subject?: string): string {
  const head = `${random.pick(styleWords[a.style])} of ${subject ?? subjectPhrase(a, random)}`;
  const parts = subject ? [] : features(a, random);
  const worn = wornParts(a, random);
  if (worn.length > 0) parts.push(`wearing ${worn.join(' and ')}`);
  const background = backgroundPhrase(a, random);
  if (background) parts.push(background);
  // a light shuffle: neighbours change places
  for (let i = 0; i + 1 < parts.length; i++) {
    if (random.chance(0.25)) [parts[i], parts[i + 1]] = [parts[i + 1]!, parts[i]!];
  }
  if (random.chance(0.15)) return head;
  const joined = [head, ...parts].join(', ');
  return joined.startsWith(`${head}, with `) ? joined.replace(', with ', ' with ') : joined;
}

/** Words that captions are made of, for prompts that the starter pack understands. */
export const captionVocabulary = {
  styles: Object.values(styleWords).flat(), hair: ['bald', ...Object.values(hairWords).flat()],
  facialHair: Object.values(facialHairWords).flat(),
  subjects: [...new Set(Object.values(classWords).flatMap((ages) => Object.values(ages).flat()))],
} as const;

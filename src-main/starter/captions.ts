// Captions of procedural portraits: the parts named in plain words with synonyms, many dropped, in free order, as a
// list, as tags or as a sentence, the style first or last. At most about 60 CLIP tokens, so that a trigger word and a
// style always fit into the 77.

import type { PortraitAttributes } from './attributes.ts';
import {
  clothesWords, colourBackgroundWords, expressionWords, facialHairWords, glassesWords, hairWords, hatWords,
  neckwearWords, patternWords, sceneWords, styleWords, subjectWords,
} from './caption-words.ts';
import { asideDegrees, halfLengthSize, isColourless, showsCut } from './labels.ts';
import type { Random } from './seeded-random.ts';

const withArticle = (phrase: string) => `${/^[aeiou]/.test(phrase) ? 'an' : 'a'} ${phrase}`;

/** Words with their colour, or with none; 'a {c} bob' becomes 'an orange bob'. */
function coloured(words: string, colour: string | undefined): string {
  const filled = words.replace('{c} ', colour ? `${colour} ` : '').replace('{c}', colour ?? '');
  return filled.replace(/^an? (.*)$/, (_, rest: string) => withArticle(rest)).replace(/ a (?=[aeiou])/g, ' an ');
}

interface Parts {
  readonly hair: string | undefined;
  readonly beard: string | undefined;
  /** Of the face, without verbs. */
  readonly face: readonly string[];
  readonly worn: readonly string[];
  readonly mood: string | undefined;
  readonly place: string | undefined;
  readonly view: readonly string[];
}

function hairPart(a: PortraitAttributes, random: Random): string | undefined {
  if (!random.chance(0.85)) return undefined;
  const words = random.pick(hairWords[a.hairStyle]);
  if (!showsCut(a)) return a.hairStyle === 'bald' || isColourless(a) ? undefined : `${a.hairColour} hair`;
  if (a.hairStyle === 'bald') return words;
  if (isColourless(a)) return coloured(words, undefined);
  const choice = random.uniform();
  if (choice < 0.18) return `${a.hairColour} hair`;
  return coloured(words, choice < 0.28 ? undefined : a.hairColour);
}

function beardPart(a: PortraitAttributes, random: Random): string | undefined {
  if (a.classWord === 'woman' || a.age === 'child') return undefined;
  return random.chance(a.facialHair === 'none' ? 0.35 : 0.95) ? random.pick(facialHairWords[a.facialHair]) : undefined;
}

function faceParts(a: PortraitAttributes, random: Random): string[] {
  const parts: string[] = [];
  const isShut = a.expression === 'closed eyes' || a.glasses.includes('sunglasses');
  if (!isColourless(a) && !isShut && random.chance(0.28)) parts.push(`${a.eyeColour} eyes`);
  if (!isColourless(a) && random.chance(0.3)) parts.push(`${a.skinTone} skin`);
  if (a.freckles && random.chance(0.75)) parts.push('freckles');
  if (a.makeUp === 'bold' && random.chance(0.4)) parts.push('make-up');
  if (a.makeUp === 'lipstick' && !isColourless(a) && random.chance(0.3)) parts.push(`${a.lipColour} lips`);
  return parts;
}

function clothesPart(a: PortraitAttributes, random: Random): string {
  const colour = isColourless(a) ? undefined : a.clothesColour;
  const pattern = a.clothesPattern === 'plain' || random.chance(0.25) ? undefined
    : random.pick(patternWords[a.clothesPattern]);
  const named = [pattern, random.chance(0.88) ? colour : undefined].filter(Boolean).join(' ');
  return coloured(random.pick(clothesWords[a.clothes]), named || undefined);
}

function wornParts(a: PortraitAttributes, random: Random): string[] {
  const worn: string[] = [];
  const tint = (colour: string) => (isColourless(a) || random.chance(0.15) ? undefined : colour);
  if (random.chance(a.glasses === 'none' ? 0.12 : 0.95)) worn.push(random.pick(glassesWords[a.glasses]));
  if (random.chance(a.hat === 'none' ? 0.08 : 0.95)) worn.push(
    coloured(random.pick(hatWords[a.hat]), tint(a.hatColour)));
  if (random.chance(0.85)) worn.push(clothesPart(a, random));
  if (a.neckwear !== 'none' && random.chance(0.8)) {
    worn.push(coloured(random.pick(neckwearWords[a.neckwear]), tint(a.neckwearColour)));
  }
  if (a.headphones && random.chance(0.85)) worn.push('headphones');
  if ((a.earrings === 'hoops' || a.earrings === 'drops') && random.chance(0.6)) worn.push('earrings');
  return shuffled(worn, random);
}

function placePart(a: PortraitAttributes, random: Random): string | undefined {
  if (a.backgroundKind !== 'plain' && a.backgroundKind !== 'gradient') {
    return random.chance(0.9) ? random.pick(sceneWords[a.backgroundKind]) : undefined;
  }
  if (isColourless(a) || !random.chance(0.88)) return undefined;
  return coloured(random.pick(colourBackgroundWords).replace('{k}', a.backgroundKind), a.backgroundColour);
}

function viewParts(a: PortraitAttributes, random: Random): string[] {
  const parts: string[] = [];
  const side = a.yawDegrees > 0 ? 'right' : 'left';
  if (Math.abs(a.yawDegrees) > asideDegrees) {
    if (random.chance(0.5)) parts.push(random.pick([`looking to the ${side}`, `facing ${side}`]));
  } else if (random.chance(0.1)) parts.push(random.pick(['facing the camera', 'front view']));
  if (a.size < halfLengthSize) {
    if (random.chance(0.6)) parts.push(random.pick(['half-length', 'upper body']));
  } else if (random.chance(0.1)) parts.push(random.pick(['close-up', 'face']));
  if (a.isBacklit && random.chance(0.5)) parts.push(random.pick(['backlit', 'light from behind']));
  else if (random.chance(0.07)) parts.push(`light from the ${a.lightSide > 0 ? 'right' : 'left'}`);
  if (a.temperature !== 'neutral' && !isColourless(a) && random.chance(0.3)) parts.push(`${a.temperature} light`);
  return parts.slice(0, 2);
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

const listed = (items: readonly string[]): string => (
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)!}`);

/** Adjectives stand alone; nouns take 'with'. */
const standsAlone = (phrase: string) => phrase === 'bald' || phrase === 'clean-shaven';

/** The parts as phrases of a list, in free order. */
function phrasesOf({ hair, beard, face, worn, mood, place, view }: Parts, random: Random): string[] {
  const phrases = [...face, ...view];
  for (const part of [hair, beard]) {
    if (part) phrases.push(standsAlone(part) || random.chance(0.45) ? part : `with ${part}`);
  }
  if (worn.length > 0) {
    if (random.chance(0.7)) phrases.push(`wearing ${listed(worn.slice(0, 4))}`);
    else phrases.push(...worn.slice(0, 4));
  }
  if (mood) phrases.push(mood);
  if (place) phrases.push(place);
  return shuffled(phrases, random).slice(0, 9);
}

function sentence(style: string, subject: string, { hair, beard, face, worn, mood, place, view }: Parts): string {
  const owns = [hair, beard, ...face].filter((part) => part !== undefined);
  const adjectives = owns.filter(standsAlone);
  const nouns = owns.filter((part) => !standsAlone(part)).slice(0, 4);
  const moods = mood && !/^a /.test(mood) ? [mood] : [];
  const isWhere = /^(in|at|by|on|under) /.test(place ?? '');
  const tail = [
    nouns.length > 0 ? `with ${listed(nouns)}` : '', worn.length > 0 ? `wearing ${listed(worn.slice(0, 4))}` : '',
    isWhere ? place! : '',
  ].filter(Boolean).join(' ');
  const end = [...(place && !isWhere ? [place] : []), ...adjectives, ...moods, ...view.slice(0, 1)];
  return [`${withArticle(style)} of ${subject} ${tail}`.trim(), ...end].join(', ');
}

/**
 * A caption for a portrait, for example 'photo of a man with short red hair, wearing glasses, blue background'.
 *
 * `subject` replaces 'a man' and leaves out what belongs to the identity, as DreamBooth captions do: 'sks man'.
 */
export function captionOf(a: PortraitAttributes, random: Random, subject?: string): string {
  const style = random.pick(styleWords[a.style]);
  const who = subject ?? withArticle(random.pick(subjectWords[a.classWord][a.age]));
  const isNamed = subject !== undefined;
  const parts: Parts = {
    hair: isNamed ? undefined : hairPart(a, random), beard: isNamed ? undefined : beardPart(a, random),
    face: isNamed ? [] : faceParts(a, random), worn: wornParts(a, random),
    mood: random.chance(a.expression === 'neutral' ? 0.25 : 0.85) ? random.pick(expressionWords[a.expression])
      : undefined,
    place: placePart(a, random), view: viewParts(a, random),
  };
  const form = random.uniform();
  if (form < 0.07) return `${style} of ${who}`;
  if (form < 0.34) return sentence(style, who, parts);
  const phrases = phrasesOf(parts, random);
  if (form < 0.72) return joined([`${style} of ${who}`, ...phrases]);
  if (form < 0.9) return joined([who, ...phrases, style]);
  return [isNamed ? who : who.replace(/^an? /, ''), ...phrases.map((phrase) => phrase.replace(/^(with|wearing) /, '')),
    style].join(', ');
}

/** A list; a first phrase with 'with' or 'wearing' follows without a comma. */
function joined([first, ...rest]: readonly string[]): string {
  const [second, ...others] = rest;
  if (second === undefined) return first!;
  const isClose = second.startsWith('with ') || second.startsWith('wearing ');
  return [isClose ? `${first} ${second}` : `${first}, ${second}`, ...others].join(', ');
}

const allOf = (words: Readonly<Record<string, readonly string[]>>): string[] => (
  [...new Set(Object.values(words).flat().map((phrase) => coloured(phrase, undefined)))]);

/** Words that captions are made of, for prompts that the starter pack understands. */
export const captionVocabulary = {
  styles: allOf(styleWords), hair: allOf(hairWords), facialHair: allOf(facialHairWords),
  subjects: [...new Set(Object.values(subjectWords).flatMap((of) => Object.values(of).flat()))],
  moods: allOf(expressionWords), scenes: allOf(sceneWords), hats: allOf(hatWords), clothes: allOf(clothesWords),
} as const;

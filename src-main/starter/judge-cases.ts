// What portraits are asked for to see whether they follow: prompts that name one value of a kind and, as people write
// them, one or two things more. Each also says how the renderer would draw it, so that the judge can be measured on it.

import {
  backdropScenes, clothesKinds, type FacialHair, facialHairs, type GlassesKind, glassesKinds, hatKinds, pictureStyles,
  type PortraitAttributes,
} from './attributes.ts';
import {
  clothesWords, facialHairWords, glassesWords, hairWords, hatWords, sceneWords, styleWords,
} from './caption-words.ts';
import { backgroundColours, clothesColours, hairColours, namesOf } from './colours.ts';
import { drawIdentity, jittered } from './identity.ts';
import { backgroundOf } from './scene.ts';
import { type Random, seededRandom } from './seeded-random.ts';

export const followedKinds = [
  'style', 'hairColour', 'facialHair', 'glasses', 'hat', 'clothes', 'clothesColour', 'background',
] as const;
export type FollowedKind = (typeof followedKinds)[number];

export interface PromptCase {
  readonly kind: FollowedKind;
  readonly wanted: string;
  readonly prompt: string;
  readonly seed: number;
  /** How the renderer draws what the prompt names; the rest is left to the seed. */
  readonly attributes: Partial<PortraitAttributes>;
}

const valuesOf: Readonly<Record<FollowedKind, readonly string[]>> = {
  style: pictureStyles, hairColour: namesOf(hairColours), facialHair: facialHairs, glasses: glassesKinds,
  hat: hatKinds, clothes: clothesKinds, clothesColour: namesOf(clothesColours),
  background: [...namesOf(backgroundColours), ...backdropScenes],
};

/** What counts as the same: spectacles of any shape, dark ones of any shape, beards by where they grow. */
const groupOf = (kind: FollowedKind, value: string): string => {
  if (kind === 'glasses') return glassesGroup[value as GlassesKind];
  if (kind === 'facialHair') return beardGroup[value as FacialHair];
  return value;
};

const glassesGroup: Readonly<Record<GlassesKind, string>> = {
  none: 'none', glasses: 'clear', 'round glasses': 'clear', 'square glasses': 'clear', 'cat-eye glasses': 'clear',
  sunglasses: 'dark', 'round sunglasses': 'dark',
};
const beardGroup: Readonly<Record<FacialHair, string>> = {
  none: 'none', stubble: 'stubble', moustache: 'moustache', 'handlebar moustache': 'moustache', goatee: 'goatee',
  'short beard': 'beard', beard: 'beard', 'long beard': 'beard', sideburns: 'sideburns',
};

/** Whether what a judge names is what was asked for. */
export const isFollowed = ({ kind, wanted }: PromptCase, named: Readonly<Record<FollowedKind, string>>): boolean => (
  groupOf(kind, named[kind]) === groupOf(kind, wanted));

const firstSeed = { bench: 8_100_000, measure: 8_500_000 } as const;

/** `count` prompts of a kind, its values in turns; 'measure' gives others than 'bench'. */
export function promptCases(kind: FollowedKind, count: number, set: keyof typeof firstSeed): PromptCase[] {
  const base = firstSeed[set] + followedKinds.indexOf(kind) * 10_000;
  return Array.from({ length: count }, (_, i) => (
    caseOf(kind, valuesOf[kind][i % valuesOf[kind].length]!, base + i)));
}

const tinted = (words: string, colour: string): string => words.replace('{c}', colour);

function caseOf(kind: FollowedKind, wanted: string, seed: number): PromptCase {
  const random = seededRandom(seed, 51);
  const given = { [kind]: wanted };
  const person = personOf(random, kind, given);
  const clothesColour = (given.clothesColour ?? random.pick(namesOf(clothesColours))) as
    keyof typeof clothesColours;
  const clothes = (given.clothes ?? random.pick(clothesFor(person.classWord))) as (typeof clothesKinds)[number];
  const others = namesOf(backgroundColours).filter((name) => name !== clothesColour);
  const background = given.background ?? random.pick(others);
  const worn = { glasses: given.glasses ?? 'none', hat: given.hat ?? 'none' } as
    Pick<PortraitAttributes, 'glasses' | 'hat'>;
  const attributes: Partial<PortraitAttributes> = {
    ...person, ...worn, style: (given.style ?? 'photo') as PortraitAttributes['style'], clothes, clothesColour,
    neckwear: 'none', headphones: false, mood: 'clear', isBacklit: false, temperature: 'neutral',
    yawDegrees: random.between(-10, 10), size: random.between(0.93, 1.05), shiftY: random.between(2, 8),
    ...behind(random, background),
  };
  return { kind, wanted, seed, attributes, prompt: promptOf(random, kind, wanted, attributes) };
}

const clothesFor = (classWord: 'man' | 'woman') => (
  clothesKinds.filter((name) => classWord === 'woman' || (name !== 'dress' && name !== 'blouse')));

/** Someone grown whose hair shows its colour, and a man where beards are asked for. */
function personOf(random: Random, kind: FollowedKind, given: Partial<Record<string, string>>) {
  let person = drawIdentity(random, true);
  const fits = () => person.hairStyle !== 'bald' && person.hairStyle !== 'buzz cut'
    && (kind !== 'facialHair' || person.classWord === 'man')
    && (kind !== 'clothes' || person.classWord === 'woman' || !['dress', 'blouse'].includes(given.clothes!));
  while (!fits()) person = drawIdentity(random, true);
  const hairColour = (given.hairColour ?? person.hairColour) as keyof typeof hairColours;
  return {
    ...person, hairColour, hair: jittered(random, hairColours[hairColour], 5),
    facialHair: (given.facialHair ?? 'none') as FacialHair,
  };
}

function behind(random: Random, background: string): Partial<PortraitAttributes> {
  const scene = backdropScenes.find((name) => name === background);
  if (scene) return { backgroundKind: scene };
  const colour = background as keyof typeof backgroundColours;
  return { backgroundKind: 'plain', backgroundColour: colour, background: backgroundOf(random, colour, 'clear') };
}

/** The first words that the renderer's captions have for a value. */
function wordsFor(a: Partial<PortraitAttributes>, part: 'hair' | 'clothes' | 'background'): string {
  switch (part) {
    case 'hair': return tinted(hairWords[a.hairStyle!][0]!, a.hairColour!);
    case 'clothes': return `wearing ${tinted(clothesWords[a.clothes!][0]!, a.clothesColour!)}`;
    case 'background': return a.backgroundKind === 'plain' ? `${a.backgroundColour!} background`
      : sceneWords[a.backgroundKind as keyof typeof sceneWords][0]!;
  }
}

/** What says the asked value, and which further part may be named beside it. */
function promptOf(random: Random, kind: FollowedKind, wanted: string, a: Partial<PortraitAttributes>): string {
  const style = styleWords[a.style!][0]!;
  const parts = ['hair', 'clothes', 'background'] as const;
  const own = kind === 'hairColour' ? 'hair' : kind === 'clothes' || kind === 'clothesColour' ? 'clothes'
    : kind === 'background' ? 'background' : undefined;
  const others = parts.filter((part) => part !== own && random.chance(0.4)).map((part) => wordsFor(a, part));
  const asked = own ? wordsFor(a, own) : askedWords(kind, wanted, a);
  const named = asked === undefined ? others : random.chance(0.5) ? [asked, ...others] : [...others, asked];
  return [`${style} of a ${a.classWord!}`, ...named].join(', ');
}

function askedWords(kind: FollowedKind, wanted: string, a: Partial<PortraitAttributes>): string | undefined {
  switch (kind) {
    case 'facialHair': return `with ${facialHairWords[wanted as FacialHair][0]!}`.replace('with clean', 'clean');
    case 'glasses': return wanted === 'none' ? 'no glasses' : `wearing ${glassesWords[wanted as GlassesKind][0]!}`;
    case 'hat': return wanted === 'none' ? 'no hat'
      : `wearing ${tinted(hatWords[wanted as keyof typeof hatWords][0]!, a.hatColour ?? 'red')}`;
    default: return undefined;
  }
}

// Draws people: every number and choice that makes one person another.

import { type Age, browShapes, eyeShapes, type FacialHair, type HairStyle, type Identity, noseShapes } from
  './attributes.ts';
import {
  type Colour, type EyeColour, type HairColour, hairColours, lipColours, mix, namesOf, type SkinTone, skinTones,
} from './colours.ts';
import type { Random } from './seeded-random.ts';

const clamped = (value: number, low: number, high: number) => Math.max(low, Math.min(high, value));

/** A colour a little lighter or darker, and less so of another hue. */
export function jittered(random: Random, colour: Colour, spread: number): Colour {
  const tone = random.normal() * spread;
  const each = (c: number) => clamped(c + tone + random.normal() * spread * 0.25, 6, 250);
  return [each(colour[0]), each(colour[1]), each(colour[2])];
}

function skinOf(random: Random, skinTone: SkinTone): Colour {
  const names = namesOf(skinTones);
  const beside = clamped(names.indexOf(skinTone) + (random.chance(0.5) ? 1 : -1), 0, names.length - 1);
  const own = mix(skinTones[skinTone], skinTones[names[beside]!], random.between(0, 0.3));
  // rosy or golden
  const under = random.between(-1, 1);
  return jittered(random, [own[0] + under * 3, own[1] - under * 2, own[2] + under * 3], 2.5);
}

const isDark = (skinTone: SkinTone) => skinTone === 'brown' || skinTone === 'dark';

function hairColourOf(random: Random, age: Age, skinTone: SkinTone): HairColour {
  if (age === 'old' && random.chance(0.85)) return random.weighted([['grey', 5], ['white', 5]]);
  if (age === 'middle-aged' && random.chance(0.25)) return 'grey';
  if (age !== 'old' && age !== 'child' && random.chance(0.09)) return random.pick(['pink', 'blue', 'purple', 'green']);
  const natural: readonly (readonly [HairColour, number])[] = isDark(skinTone)
    ? [['black', 6], ['dark brown', 3], ['brown', 0.8], ['blonde', 0.25], ['red', 0.3]]
    : [['black', 2.4], ['dark brown', 2], ['brown', 2.4], ['blonde', 2.6], ['red', 2]];
  return random.weighted(natural);
}

function hairStyleOf(random: Random, isMan: boolean, age: Age, skinTone: SkinTone): HairStyle {
  const afro = isDark(skinTone) ? 1.4 : 0.2;
  if (age === 'child') {
    return random.weighted<HairStyle>(isMan
      ? [['short', 3], ['buzz cut', 1], ['curly', 1.6], ['side part', 1.4], ['afro', afro], ['undercut', 0.5]]
      : [['pigtails', 3], ['ponytail', 1.5], ['bob with fringe', 2], ['long', 1.5], ['braids', 1.6], ['wavy', 1],
        ['afro', afro], ['long with fringe', 1]]);
  }
  const bald = age === 'old' ? 2.6 : age === 'middle-aged' ? 1.4 : age === 'adult' ? 0.8 : 0.25;
  return random.weighted<HairStyle>(isMan
    ? [['bald', bald], ['receding', bald], ['buzz cut', 1.1], ['short', 2.2], ['side part', 1.8], ['quiff', 1.6],
      ['slicked back', 1.2], ['undercut', 1.3], ['mohawk', 0.4], ['curly', 1.4], ['afro', afro], ['long', 0.5],
      ['wavy', 0.5], ['top knot', 0.6], ['dreadlocks', isDark(skinTone) ? 0.9 : 0.2]]
    : [['pixie', 1.2], ['bob', 1.8], ['bob with fringe', 1.3], ['long', 2.2], ['wavy', 2], ['long curly', 1.5],
      ['long with fringe', 1.4], ['ponytail', 1.5], ['pigtails', 0.4], ['bun', 1.6], ['braids', 1], ['curly', 1],
      ['afro', afro], ['short', 0.5], ['undercut', 0.3], ['dreadlocks', isDark(skinTone) ? 0.7 : 0.15]]);
}

function facialHairOf(random: Random, isMan: boolean, age: Age): FacialHair {
  if (!isMan || age === 'child') return 'none';
  return random.weighted<FacialHair>([
    ['none', age === 'young' ? 7 : 4], ['stubble', 1.6], ['moustache', 1], ['handlebar moustache', 0.6], ['goatee', 1],
    ['short beard', 1.4], ['beard', 1.6], ['long beard', age === 'old' ? 1.4 : 0.6], ['sideburns', 0.5],
  ]);
}

/** Proportions of the face; children's are rounder, with larger eyes. */
function faceOf(random: Random, isMan: boolean, isChild: boolean) {
  const [child, man] = [isChild ? 1 : 0, isMan && !isChild ? 1 : 0];
  const faceHalfWidth = random.between(48.5, 60.5) + man * 1.5 + child;
  return {
    faceHalfWidth, faceLength: random.between(0.9, 1.1) + man * 0.01 - child * 0.06,
    jaw: random.between(0.69, 0.89) + man * 0.05 - (1 - man) * 0.03,
    jawSquareness: clamped(random.uniform() * 0.7 + man * 0.3 - child * 0.3, 0, 1),
    chin: random.between(0.2, 0.36) + man * 0.06, cheeks: clamped(random.uniform() * 0.8 + child * 0.4, 0, 1),
    eyeSpacing: faceHalfWidth * random.between(0.46, 0.525),
      eyeSize: random.between(0.95, 1.2) + (1 - man) * 0.07 + child * 0.14,
    eyeTilt: random.between(-4, 6), lashes: clamped(random.uniform() * 0.5 + (isMan ? 0 : 0.5), 0, 1),
    browThickness: random.between(2.6, 6) + man * 1.5 - child * 0.8, browHeight: random.between(-3.2, 3.2),
    browDarkness: random.uniform(),
    noseWidth: random.between(8, 14) + man * 0.8 - child * 1.6, noseLength: random.between(-5, 6) - child * 4,
    mouthWidth: random.between(15.5, 24) - child * 2.5, lipFullness: random.between(0.62, 1.4) + (isMan ? -0.05 : 0.15),
    earSize: random.between(0.85, 1.2),
  };
}

/** A person of any age; with `isGrown`, no child. */
export function drawIdentity(random: Random, isGrown = false): Identity {
  const classWord = random.chance(0.5) ? 'man' : 'woman';
  const isMan = classWord === 'man';
  const age = random.weighted<Age>(
    [['child', isGrown ? 0 : 1.1], ['young', 3], ['adult', 3.2], ['middle-aged', 1.6], ['old', 1.7]]);
  const skinTone = random.weighted<SkinTone>(
    [['pale', 1.6], ['fair', 2.4], ['light', 2], ['olive', 1.5], ['tan', 1.5], ['brown', 1.5], ['dark', 1.3]]);
  const hairColour = hairColourOf(random, age, skinTone);
  const isChild = age === 'child';
  return {
    classWord, age, skinTone, skin: skinOf(random, skinTone), ...faceOf(random, isMan, isChild),
    hairColour, hair: jittered(random, hairColours[hairColour], 7),
    hairStyle: hairStyleOf(random, isMan, age, skinTone), hairVolume: random.between(0.75, 1.3),
    hairline: random.between(-76, -66), partSide: random.chance(0.5) ? 1 : -1,
    eyeColour: random.weighted<EyeColour>(isDark(skinTone) ? [['brown', 8], ['hazel', 1], ['green', 0.5]]
      : [['brown', 3.4], ['hazel', 1.4], ['blue', 3], ['green', 1.7], ['grey', 1.2]]),
    eyeShape: random.pick(eyeShapes), browShape: random.pick(browShapes), noseShape: random.pick(noseShapes),
    facialHair: facialHairOf(random, isMan, age),
    freckles: !isDark(skinTone) && random.chance(isChild ? 0.25 : 0.13),
    mole: random.weighted([['none', 8], ['cheek', 0.6], ['lip', 0.5], ['chin', 0.4]]),
    makeUp: isMan || isChild ? 'none'
      : random.weighted([['none', 1.5], ['natural', 3], ['lipstick', 2.4], ['bold', 1.1]]),
    lipColour: random.pick(namesOf(lipColours)),
  };
}

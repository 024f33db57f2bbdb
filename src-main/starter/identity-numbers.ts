// What a person of the renderer looks like, as numbers of about unit size: what the face encoder and the judge have to
// tell while they train, so that an embedding carries what a portrait is to show.

import { eyeColourOf, facialHairs, hairStyles, type Identity } from './attributes.ts';
import type { Colour } from './colours.ts';

const colour = (rgb: Colour): number[] => rgb.map((value) => (value - 128) / 64);
/** 1 at the word's place, the others 0. */
const among = <T>(words: readonly T[], word: T): number[] => words.map((each) => (each === word ? 1 : 0));
const within = (value: number, low: number, high: number): number => ((value - low) / (high - low)) * 2 - 1;

/** Always identityNumberCount of them, in one order. */
export function identityNumbers(person: Identity): number[] {
  return [
    person.classWord === 'man' ? 1 : -1, person.age === 'old' ? 1 : 0, person.age === 'young' ? 1 : 0,
    ...colour(person.skin), ...(person.hairStyle === 'bald' ? [0, 0, 0] : colour(person.hair)),
    ...among(hairStyles, person.hairStyle), ...among(facialHairs, person.facialHair),
    ...colour(eyeColourOf(person)), person.freckles ? 1 : 0,
    within(person.faceHalfWidth, 50, 61), within(person.jaw, 0.69, 0.92), within(person.chin, 0.24, 0.46),
    within(person.hairVolume, 0.7, 1.3), within(person.hairline, -84, -68), within(person.eyeSpacing, 24.5, 29),
    within(person.eyeSize, 0.86, 1.22), within(person.eyeTilt, -5, 7), within(person.browThickness, 1.9, 6.2),
    within(person.browArch, 0.5, 4.5), within(person.noseWidth, 9, 14.5), within(person.noseLength, -3, 4),
    within(person.mouthWidth, 17, 23), within(person.lipFullness, 0.65, 1.45),
  ];
}

export const identityNumberCount = 9 + hairStyles.length + facialHairs.length + 4 + 14;

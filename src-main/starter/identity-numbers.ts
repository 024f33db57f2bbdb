// What a person of the renderer looks like, as numbers of about unit size: what the face encoder and the judge have to
// tell while they train, so that an embedding carries what a portrait is to show.

import {
  ages, browShapes, eyeShapes, facialHairs, hairStyles, type Identity, makeUps, moles, noseShapes,
} from './attributes.ts';
import { type Colour, eyeColours, lipColours } from './colours.ts';

const colour = (rgb: Colour): number[] => rgb.map((value) => (value - 128) / 64);
const none = [0, 0, 0] as const;
/** 1 at the word's place, the others 0. */
const among = <T>(words: readonly T[], word: T): number[] => words.map((each) => (each === word ? 1 : 0));
const within = (value: number, low: number, high: number): number => ((value - low) / (high - low)) * 2 - 1;

/** Always identityNumberCount of them, in one order. */
export function identityNumbers(person: Identity): number[] {
  const hasLipstick = person.makeUp === 'lipstick' || person.makeUp === 'bold';
  return [
    person.classWord === 'man' ? 1 : -1, person.freckles ? 1 : 0, person.partSide,
    ...colour(person.skin), ...(person.hairStyle === 'bald' ? none : colour(person.hair)),
    ...colour(eyeColours[person.eyeColour]), ...(hasLipstick ? colour(lipColours[person.lipColour]) : none),
    ...among(ages, person.age), ...among(hairStyles, person.hairStyle), ...among(facialHairs, person.facialHair),
    ...among(eyeShapes, person.eyeShape), ...among(browShapes, person.browShape),
    ...among(noseShapes, person.noseShape), ...among(makeUps, person.makeUp), ...among(moles, person.mole),
    ...measures(person),
  ];
}

const measures = (person: Identity): number[] => [
  within(person.faceHalfWidth, 48.5, 62), within(person.faceLength, 0.84, 1.11), within(person.jaw, 0.68, 0.94),
  within(person.jawSquareness, 0, 1), within(person.chin, 0.2, 0.42), within(person.cheeks, 0, 1),
  within(person.hairVolume, 0.75, 1.3), within(person.hairline, -76, -66), within(person.eyeSpacing, 22.3, 32.6),
  within(person.eyeSize, 0.94, 1.4), within(person.eyeTilt, -4, 6), within(person.lashes, 0, 1),
  within(person.browThickness, 1.8, 7.5), within(person.browHeight, -3.2, 3.2), within(person.noseWidth, 7, 15),
  within(person.noseLength, -9, 6), within(person.mouthWidth, 13, 24), within(person.lipFullness, 0.57, 1.55),
  within(person.earSize, 0.85, 1.2),
];

const measureCount = 19;
export const identityNumberCount = 15 + ages.length + hairStyles.length + facialHairs.length + eyeShapes.length +
  browShapes.length + noseShapes.length + makeUps.length + moles.length + measureCount;

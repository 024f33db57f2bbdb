// English strings of faces: verdicts, what was measured, which face it is, and likeness in words.

import type { LikenessLevel } from '../../src-main/contract/faces.ts';
import type { ClassWord } from '../../src-main/contract/nouns.ts';
import type { CoverageKind, Degree, Light, Sharpness } from '../state/measures.ts';
import { plural } from './plural.ts';

const them: Record<ClassWord, string> = { woman: 'her', man: 'him', person: 'them' };
const anybody = 'no more alike than anybody';

export const enVerdict = {
  actions: {
    'choose-face': 'Choose face…', 'use-anyway': 'Use anyway', 'leave-out': 'Leave out',
    'keep-this-one': 'Keep this one',
  },
  /** Reasons by code and hints by the studio's own sentence; what is not here is shown as the studio says it. */
  reasons: {} as Record<string, string>,
  hints: {} as Record<string, string>,
  nearlySame: (name: string) => `Nearly the same as ${name}`,
  showOther: (name: string) => `Show ${name}`,
  kept: (name: string, other: string) => `Kept ${name}, left out ${other}`,
  coverage: 'What the photos cover',
  coverageNames: {
    left: 'left', front: 'front', right: 'right', bright: 'bright', dark: 'dark', close: 'close',
    'half-body': 'half-body',
  } as Record<CoverageKind, string>,
  coverageTexts: {
    left: 'turned to the left of the picture', front: 'from the front', right: 'turned to the right of the picture',
    bright: 'in bright light', dark: 'in little light', close: 'the face from near',
    'half-body': 'with shoulders or more',
  } as Record<CoverageKind, string>,
  coverageCount: (what: string, count: number) =>
    `${what}: ${count === 0 ? 'none yet' : plural(count, 'photo', 'photos')}`,
};

export const enMeasures = {
  title: 'What was measured',
  face: 'Face',
  facePx: (px: number) => `${px} pixels wide`,
  sharpness: 'Sharpness',
  sharpnesses: { sharp: 'sharp', soft: 'a little soft', blurred: 'blurred' } as Record<Sharpness, string>,
  light: 'Light',
  lights: {
    dark: 'too dark', dim: 'dim', even: 'even', bright: 'bright', 'very-bright': 'overexposed',
    harsh: 'harsh, from one side',
  } as Record<Light, string>,
  turned: 'Turned',
  turnedTo: {
    left: { slightly: 'a little to the left', far: 'far to the left' },
    right: { slightly: 'a little to the right', far: 'far to the right' },
  } as Record<'left' | 'right', Record<Degree, string>>,
  straight: 'to the front',
  looks: 'Looks',
  looksTo: {
    up: { slightly: 'a little up', far: 'far up' }, down: { slightly: 'a little down', far: 'far down' },
  } as Record<'up' | 'down', Record<Degree, string>>,
  level: 'straight ahead',
  tilted: 'Tilt',
  tiltedTo: {
    left: { slightly: 'leans a little to the left', far: 'leans far to the left' },
    right: { slightly: 'leans a little to the right', far: 'leans far to the right' },
  } as Record<'left' | 'right', Record<Degree, string>>,
  upright: 'upright',
  covered: 'Covered',
  coveredParts: { eyes: 'the eyes', mouth: 'the mouth', edge: 'cut off at the edge' } as Record<string, string>,
  nothingCovered: 'nothing',
  exact: (value: number, unit: string) => `${value}${unit}`,
};

export const enFaceChooser = {
  title: 'Which face is it?',
  text: (name: string) => `Choose the face of ${name}. The others are not learned.`,
  face: (number: number, all: number) => `Face ${number} of ${all}`,
  byAgreement: 'Go by the other photos',
  byAgreementText: 'Takes the face that the other photos show too.',
  done: (name: string) => `Face chosen in ${name}`,
};

export const enLikeness = {
  /** A level as a sentence about the subject. */
  levels: (level: LikenessLevel, kind: ClassWord) => ({
    'as-two-photos': `as alike as two photos of ${them[kind]}`,
    nearly: `nearly as alike as two photos of ${them[kind]}`,
    some: `somewhat like ${them[kind]}`,
    none: anybody,
  })[level],
  /** The same in a word or two, for a picture's edge. */
  short: (level: LikenessLevel, kind: ClassWord) => ({
    'as-two-photos': `like photos of ${them[kind]}`, nearly: 'nearly', some: 'somewhat', none: 'not alike',
  })[level],
  range: (name: string, low: string, high: string, median: string) =>
    `Photos of ${name} are alike by ${low} to ${high}, in the middle ${median}.`,
  oneMoment: (name: string, low: string, high: string) =>
    `Photos of ${name} are alike by ${low} to ${high}, as photos of one moment are. `
    + 'With photos of other days more could be said of what this means.',
  noRange: (name: string) => `With two photos of ${name} it could be said what this means.`,
  number: (value: string) => `Likeness ${value}`,
  measuredBy: 'Measured by',
  engines: { 'built-in': 'the built-in face networks', antelopev2: 'antelopev2' } as Record<string, string>,
  place: (value: string) => `Where a face would be it is alike by ${value}; that is no sign of one.`,
};

// A verdict is made of findings: one word for the program, half a sentence for the reader, and what to do about it.
// Findings can be taken out of a verdict and others put in, so that the photos together may add to what one alone says.

import type { Verdict, VerdictAction, VerdictReasonCode } from '../contract/faces.ts';

export interface Finding {
  readonly code: VerdictReasonCode;
  /** Half a sentence without '; '. */
  readonly reason: string;
  /** The photo is left out for this alone. */
  readonly isSevere: boolean;
}

const separator = '; ';
const noFaceHint = 'Add a photo that shows the face clearly, from near and in light.';
const uncoveredHint = 'Add photos without it, or the covering is learned as part of the face.';

const hints: Readonly<Record<VerdictReasonCode, string>> = {
  'no-face': noFaceHint, 'text-page': noFaceHint, 'black-picture': noFaceHint, 'plain-picture': noFaceHint,
  'small-face': 'Use a larger copy of this photo, or one taken from nearer.',
  blurred: 'Use a photo that is in focus.',
  dark: 'Use a photo with more light on the face.',
  bright: 'Use a photo with less light on the face.',
  'harsh-light': 'Use a photo in softer light.',
  turned: 'Add photos from the front too.',
  'eyes-covered': uncoveredHint, 'mouth-covered': uncoveredHint,
  'cut-off': 'Use a photo that shows the whole face.',
  'several-faces': 'Choose the face that is to be learned.',
  'face-by-agreement': 'Choose another face if this is the wrong one.',
  'another-person': 'If it is the same person, use it anyway.',
  'perhaps-another-person': 'Leave it out if it shows somebody else.',
  'near-duplicate': 'Keep this one instead if you like it better.',
};

/** What is true of the photo besides its findings: is there a face to use at all, and are there several to choose? */
export interface Choices {
  readonly hasFace: boolean;
  readonly hasChoice: boolean;
}

/** The verdict on a photo; hint and actions are those of the gravest finding. */
export function verdictOf(findings: readonly Finding[], choices: Choices): Verdict {
  const gravest = findings.find(({ isSevere }) => isSevere) ?? findings[0];
  const isLeftOut = gravest?.isSevere ?? false;
  return {
    grade: isLeftOut ? 'left-out' : gravest ? 'usable' : 'good',
    reasonCodes: findings.map(({ code }) => code),
    reason: findings.map(({ reason }) => reason).join(separator),
    hint: gravest ? hints[gravest.code] : '',
    actions: actionsOf(gravest, isLeftOut, choices),
  };
}

function actionsOf(gravest: Finding | undefined, isLeftOut: boolean, { hasFace, hasChoice }: Choices): VerdictAction[] {
  if (!gravest || !hasFace) return [];
  const overrule = gravest.code === 'near-duplicate' ? 'keep-this-one' : isLeftOut ? 'use-anyway' : 'leave-out';
  return hasChoice ? ['choose-face', overrule] : [overrule];
}

/** A verdict without some findings and with others behind what is left. One that is still waited for stays. */
export function changeVerdict(
  verdict: Verdict, change: { readonly without: readonly VerdictReasonCode[]; readonly more: readonly Finding[] },
  choices: Choices,
): Verdict {
  if (verdict.grade === 'waiting') return verdict;
  const kept = findingsOf(verdict).filter(({ code }) => !change.without.includes(code));
  return verdictOf([...kept, ...change.more], choices);
}

/**
 * The findings of a verdict. How grave each is was not kept: where the photo is left out, the one that its hint speaks
 * of counts as grave.
 */
function findingsOf({ grade, reasonCodes, reason, hint }: Verdict): Finding[] {
  const reasons = reason.split(separator);
  const codes = reasonCodes as VerdictReasonCode[];
  const gravest = grade === 'left-out' ? codes.findIndex((code) => hints[code] === hint) : -1;
  return codes.map((code, i) => ({ code, reason: reasons[i] ?? '', isSevere: i === gravest }));
}

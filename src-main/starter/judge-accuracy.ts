// How right the judge is about renders that it was not taught on: the measure that figures of portraits are shares of.

import type { RgbPicture } from '../photos/pixels.ts';
import { rgbPicture } from '../photos/pixels.ts';
import { type FollowedKind, followedKinds, isFollowed, promptCases } from './judge-cases.ts';
import type { Judge, Judged } from './judge.ts';
import type { JudgeSet } from './judge-pictures.ts';
import { type LabelName, labelNames, labelValues } from './labels.ts';
import { renderPortrait } from './portrait-renderer.ts';
import { verification, type Verification } from './verification.ts';

export interface JudgeAccuracy {
  /** Of renders of prompts' own cases: the share of each kind that it names right, which bounds what it can find. */
  readonly followed: Readonly<Record<FollowedKind, number>>;
  /** Of renders of all sorts, among the values that they show. */
  readonly labels: Readonly<Record<LabelName, number>>;
  /** Of people in two pictures each, photos alone. */
  readonly people: Verification;
  /** Mean distance of the points, as a share of the picture's edge. */
  readonly pointError: number;
}

const pictureAt = ({ pixels, resolutionPx }: JudgeSet, index: number): RgbPicture => {
  const bytes = resolutionPx ** 2 * 3;
  return rgbPicture(resolutionPx, resolutionPx, pixels.subarray(index * bytes, (index + 1) * bytes));
};

function namedRight(set: JudgeSet, judged: readonly Judged[]): Record<LabelName, number> {
  return Object.fromEntries(labelNames.map((name, kind) => {
    const shown = judged.flatMap(({ labels }, i) => {
      const value = set.labels[i]![kind]!;
      return value < 0 ? [] : [labelValues[name][value] === labels[name]];
    });
    return [name, rounded(shown.filter(Boolean).length / Math.max(1, shown.length))];
  })) as Record<LabelName, number>;
}

const rounded = (value: number): number => Math.round(value * 10_000) / 10_000;

function pointErrorOf(set: JudgeSet, judged: readonly Judged[]): number {
  const errors = judged.flatMap(({ points }, i) => points.map(({ x, y }, k) => {
    const wanted = set.points[i]![k]!;
    return Math.hypot(x - wanted.x / set.resolutionPx, y - wanted.y / set.resolutionPx);
  }));
  return rounded(errors.reduce((sum, error) => sum + error, 0) / errors.length);
}

/** The judge on renders of the bench's own prompts, `each` of a kind. */
async function followedRight(judge: Judge, each: number): Promise<Record<FollowedKind, number>> {
  const shares = {} as Record<FollowedKind, number>;
  for (const kind of followedKinds) {
    const cases = promptCases(kind, each, 'measure');
    const pictures: RgbPicture[] = [];
    for (const { seed, attributes } of cases) {
      const { rgb, width } = await renderPortrait(seed, { attributes });
      pictures.push(rgbPicture(width, width, rgb));
    }
    const judged = await judge.judge(pictures);
    shares[kind] = rounded(judged.filter(({ labels }, i) => isFollowed(cases[i]!, labels)).length / cases.length);
  }
  return shares;
}

/** `set`: people whom the judge has not met; every second of them in photos alone. */
export async function judgeAccuracy(judge: Judge, set: JudgeSet, casesOfEach: number): Promise<JudgeAccuracy> {
  const judged = await judge.judge(Array.from({ length: set.people * set.pictures }, (_, i) => pictureAt(set, i)));
  const inPhotos = Array.from({ length: Math.ceil(set.people / 2) }, (_, i) => (
    judged.slice(2 * i * set.pictures, (2 * i + 1) * set.pictures).map(({ embedding }) => embedding)));
  return {
    followed: await followedRight(judge, casesOfEach), labels: namedRight(set, judged),
    people: verification(inPhotos.slice(0, 100)), pointError: pointErrorOf(set, judged),
  };
}

// What a picture without a face looks like, where that can be told for certain: a page of text, nothing but black, or
// one colour. Of anything else it is only said that no face was found.

import type { Verdict } from '../contract/faces.ts';
import { type RgbPicture, resampleRegion } from '../photos/pixels.ts';
import { type Finding, verdictOf } from './verdict.ts';

const edgePx = 512;

interface GreyPicture {
  readonly width: number;
  readonly height: number;
  /** Luma, 0..255. */
  readonly grey: Float32Array;
  /** Mean difference of a pixel's largest and smallest channel. */
  readonly colourfulness: number;
}

function greyOf(picture: RgbPicture): GreyPicture {
  const scale = Math.min(1, edgePx / Math.max(picture.width, picture.height));
  const [width, height] = [picture.width, picture.height].map((edge) => Math.max(1, Math.round(edge * scale)));
  const whole = { left: 0, top: 0, width: picture.width, height: picture.height };
  const pixels = resampleRegion(picture, whole, width!, height!, 'reflect');
  const grey = new Float32Array(width! * height!);
  let spread = 0;
  for (let i = 0; i < grey.length; i++) {
    const [r, g, b] = [pixels[i * 3]!, pixels[i * 3 + 1]!, pixels[i * 3 + 2]!];
    grey[i] = 0.299 * r + 0.587 * g + 0.114 * b;
    spread += Math.max(r, g, b) - Math.min(r, g, b);
  }
  return { width: width!, height: height!, grey, colourfulness: spread / grey.length };
}

// Letters are thin: reduced they are grey, and still well darker than the paper.
const inkBelowPaper = 40;
const page = { paperShare: 0.55, leastInk: 0.02, mostInk: 0.4, colourfulness: 20, lines: 6 } as const;

/** Lines of text: rows without ink between rows with ink, many times from top to bottom. */
function linesOfText({ width, height, grey }: GreyPicture, paper: number): number {
  let lines = 0;
  let isInk = false;
  for (let y = 0; y < height; y++) {
    let ink = 0;
    for (let x = 0; x < width; x++) ink += Number(grey[y * width + x]! < paper - inkBelowPaper);
    const share = ink / width;
    // between the two nothing changes, so that one ragged row is no line of its own
    if (!isInk && share > 0.08) { isInk = true; lines += 1; } else if (isInk && share < 0.03) isInk = false;
  }
  return lines;
}

function isPageOfText(picture: GreyPicture): boolean {
  const { grey, colourfulness } = picture;
  const paper = [...grey].sort((a, b) => a - b)[Math.floor(grey.length * 0.8)]!;
  const share = (counts: (value: number) => boolean): number => grey.filter(counts).length / grey.length;
  const ink = share((value) => value < paper - inkBelowPaper);
  return paper > 150 && colourfulness < page.colourfulness && ink >= page.leastInk && ink <= page.mostInk
    && share((value) => Math.abs(value - paper) < 12) >= page.paperShare && linesOfText(picture, paper) >= page.lines;
}

function looksLike(picture: RgbPicture): Finding | undefined {
  const small = greyOf(picture);
  const sorted = [...small.grey].sort((a, b) => a - b);
  const [low, high] = [0.02, 0.98].map((share) => sorted[Math.floor((sorted.length - 1) * share)]!) as [number, number];
  if (high < 20) return { code: 'black-picture', reason: 'it is almost black', isSevere: false };
  if (high - low < 12) return { code: 'plain-picture', reason: 'it is all of one colour', isSevere: false };
  if (!isPageOfText(small)) return undefined;
  return { code: 'text-page', reason: 'it looks like a page of text', isSevere: false };
}

/** The verdict on a picture in which no face was found. */
export function judgeFaceless(picture: RgbPicture): Verdict {
  const found = looksLike(picture);
  const noFace: Finding = { code: 'no-face', reason: 'no face was found', isSevere: true };
  return verdictOf([noFace, ...(found ? [found] : [])], { hasFace: false, hasChoice: false });
}

// The procedural portrait renderer: a seed gives one labelled picture of a head and shoulders.
// Drawn with exact coverage, back to front, and finished in its picture style.
// Framing is as face crops are cut: the face box lies about 50 % x, 47 % y.

import type { FacePoints } from '../faces/face.ts';
import type { PortraitAttributes } from './attributes.ts';
import { captionOf } from './captions.ts';
import { drawEarrings, drawGlasses, drawHeadphones } from './drawing/accessories.ts';
import { drawBackdrop } from './drawing/backdrop.ts';
import { drawBeard, drawMoustache } from './drawing/beard.ts';
import { Canvas, type Matrix, type Path } from './drawing/canvas.ts';
import { drawClothes, drawClothesBehind } from './drawing/clothes.ts';
import { drawBrow, drawEye } from './drawing/eyes.ts';
import { type Figure, newFigure } from './drawing/figure.ts';
import { drawBackHair, drawFrontHair } from './drawing/hair.ts';
import { drawShoulderHair } from './drawing/hair-extras.ts';
import { drawHat } from './drawing/hats.ts';
import { drawEars, drawHead, drawNeck, drawSkinMarks, headPath, shadeNeck } from './drawing/head.ts';
import { drawMouth, drawNose } from './drawing/mouth-nose.ts';
import { drawNeckwear } from './drawing/neckwear.ts';
import { placement } from './drawing/pose.ts';
import { finishPicture } from './finishing/finish.ts';
import { drawIdentity } from './identity.ts';
import { type PortraitLabels, portraitLabels } from './labels.ts';
import { portraitPoints } from './portrait-points.ts';
import { drawScene } from './scene.ts';
import { seededRandom } from './seeded-random.ts';

export interface RenderedPortrait {
  /** Interleaved, height x width x 3. */
  readonly rgb: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly caption: string;
  /** What words can say of the picture, exactly. */
  readonly labels: PortraitLabels;
  readonly attributes: PortraitAttributes;
  /** In pixels, centres at .5. */
  readonly points: FacePoints;
}

export interface RenderOptions {
  readonly resolutionPx?: number;
  /** Attributes that are given instead of drawn. */
  readonly attributes?: Partial<PortraitAttributes>;
  /** Replaces 'a man' in the caption: 'sks man'. */
  readonly subject?: string;
}

/** A path in head coordinates as it lies in those of the body. */
function inBody(path: Path, { head, body }: { head: Matrix; body: Matrix }): Path {
  const scale = body[0];
  return path.map((polygon) => polygon.map(([x, y]) => [
    (head[0] * x + head[2] * y + head[4] - body[4]) / scale, (head[1] * x + head[3] * y + head[5] - body[5]) / scale,
  ] as const));
}

function drawBehind(figure: Figure, places: { head: Matrix; body: Matrix }): void {
  const { canvas } = figure;
  canvas.matrix = places.head;
  drawBackHair(figure);
  canvas.matrix = places.body;
  drawClothesBehind(figure);
  const neck = drawNeck(figure);
  shadeNeck(figure, neck, inBody(headPath(figure), places));
  drawClothes(figure);
  drawNeckwear(figure);
  canvas.matrix = places.head;
  drawShoulderHair(figure);
}

function drawFront(figure: Figure): void {
  drawEars(figure);
  const head = drawHead(figure);
  drawSkinMarks(figure, head);
  drawBeard(figure, head);
  drawNose(figure, head);
  drawMouth(figure, head);
  drawMoustache(figure);
  for (const side of [-1, 1] as const) drawEye(figure, side, head);
  for (const side of [-1, 1] as const) drawBrow(figure, side);
  drawFrontHair(figure, head);
  drawEarrings(figure);
  drawHat(figure, head);
  drawGlasses(figure, head);
  drawHeadphones(figure);
}

/** The drawing of these attributes, not yet finished: interleaved RGB, 0..255. */
function drawn(attributes: PortraitAttributes, seed: number, edgePx: number): Float32Array {
  const canvas = new Canvas(edgePx);
  const figure = newFigure(attributes, canvas, seededRandom(seed, 2));
  drawBackdrop(figure);
  const places = placement(attributes, edgePx);
  drawBehind(figure, places);
  canvas.matrix = places.head;
  drawFront(figure);
  return canvas.pixels;
}

/** What a seed shows, before it is drawn. */
export function portraitAttributes(seed: number, given: Partial<PortraitAttributes> = {}): PortraitAttributes {
  const random = seededRandom(seed, 1);
  const identity = { ...drawIdentity(random), ...given };
  return { ...identity, ...drawScene(random, identity), ...given };
}

/** Renders the portrait of a seed; the same seed and options give the same bytes. */
export async function renderPortrait(seed: number, options: RenderOptions = {}): Promise<RenderedPortrait> {
  const resolutionPx = options.resolutionPx ?? 128;
  const attributes = portraitAttributes(seed, options.attributes);
  const rgb = finishPicture(drawn(attributes, seed, resolutionPx), resolutionPx, attributes, seededRandom(seed, 3));
  return {
    rgb, width: resolutionPx, height: resolutionPx, attributes, labels: portraitLabels(attributes),
    caption: captionOf(attributes, seededRandom(seed, 4), options.subject),
    points: portraitPoints(attributes, resolutionPx),
  };
}

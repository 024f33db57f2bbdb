// The procedural portrait renderer: a seed gives one labelled picture of a head and shoulders.
// Drawn as SVG in units of 1/256 of the height, rasterised by librsvg (through sharp), finished on pixels.
// Framing is aligned: the face box (brow to chin, 45 % of the height) lies at 50 % x, 47 % y, as face crops are cut.

import sharp from 'sharp';
import { drawGlasses, drawHat } from './accessories.ts';
import { drawIdentity, drawScene, type PortraitAttributes } from './attributes.ts';
import { drawBackground } from './background.ts';
import { captionOf } from './captions.ts';
import { drawCastShadow, drawClothes } from './clothes.ts';
import { blurFilters, type Drawing, newDrawing } from './drawing.ts';
import { drawFace } from './face.ts';
import { drawBackHair, drawBeard, drawFrontHair } from './hair.ts';
import { applyPictureStyle } from './picture-styles.ts';
import { seededRandom } from './seeded-random.ts';

export interface RenderedPortrait {
  /** Interleaved, height x width x 3. */
  readonly rgb: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly caption: string;
  readonly attributes: PortraitAttributes;
}

export interface RenderOptions {
  readonly resolutionPx?: number;
  /** Attributes that are given instead of drawn. */
  readonly attributes?: Partial<PortraitAttributes>;
  /** Replaces 'a man' in the caption: 'sks man'. */
  readonly subject?: string;
}

/** Of the face box, in units of 1/256 of the picture. */
export const faceCentre = { x: 128, y: 120 } as const;
/** The head rolls about this place below the face's centre. */
export const rollPivotY = 60;

function portraitSvg(drawing: Drawing, resolutionPx: number): string {
  const { attributes: a } = drawing;
  const x = (faceCentre.x + a.shiftX).toFixed(2);
  const y = (faceCentre.y + a.shiftY).toFixed(2);
  const place = `translate(${x} ${y}) scale(${a.size.toFixed(4)})`;
  // the body stays upright while the head rolls
  const head = `rotate(${a.rollDegrees.toFixed(2)} 0 ${rollPivotY})`;
  const frame = `width="${resolutionPx}" height="${resolutionPx}" viewBox="0 0 256 256"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${frame}>` +
    `<defs>${blurFilters}</defs>${drawBackground(drawing)}<g transform="${place}">${drawCastShadow(drawing)}` +
    `<g transform="${head}">${drawBackHair(drawing)}</g>${drawClothes(drawing)}` +
    `<g transform="${head}">${drawFace(drawing, drawBeard(drawing))}` +
    `${drawFrontHair(drawing)}${drawHat(drawing)}${drawGlasses(drawing)}</g></g></svg>`;
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
  const drawing = newDrawing(attributes, seededRandom(seed, 2));
  const svg = portraitSvg(drawing, resolutionPx);
  const { data } = await sharp(Buffer.from(svg)).removeAlpha().toColourspace('srgb').raw().toBuffer(
    { resolveWithObject: true });
  const rgb = new Uint8Array(data);
  applyPictureStyle(rgb, resolutionPx, resolutionPx, attributes, seededRandom(seed, 3));
  const caption = captionOf(attributes, seededRandom(seed, 4), options.subject);
  return { rgb, width: resolutionPx, height: resolutionPx, caption, attributes };
}

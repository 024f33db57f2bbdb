// The sample picture of each style that comes with Likeness: one fixed person, who is drawn by numbers and nobody's
// likeness, in the clothes, the mood and the kind of picture that the style's words for the built-in model say, in a
// scene of the style. Pictures of that kind are what the built-in model learned from; it draws them less sharply.

import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { type PortraitStyle, loadStyles } from '../../src-main/generation/styles.ts';
import {
  type ClothesKind, type GlassesKind, type HatKind, type PictureStyle, type PortraitAttributes, clothesKinds, hatKinds,
} from '../../src-main/starter/attributes.ts';
import { type ClothesColour, clothesColours } from '../../src-main/starter/colours.ts';
import { renderPortrait } from '../../src-main/starter/portrait-renderer.ts';
import { subjectIdentity } from '../../src-main/starter/subject.ts';
import type { Pixels } from './style-finishes.ts';
import { type StyleScene, styleScenes } from './style-scenes.ts';

export interface StylePictureOptions {
  readonly subjectSeed: number;
  /** resources/styles, or a folder like it. */
  readonly styles: string;
  /** Only these; all when empty. */
  readonly only?: readonly string[];
}

const [drawnPx, shownPx, quality] = [512, 192, 66] as const;

/** Writes pictures/<style>.webp beside the styles, and returns a line for each. */
export async function drawStylePictures(
  { subjectSeed, styles: folder, only = [] }: StylePictureOptions,
): Promise<string[]> {
  const out = path.join(folder, 'pictures');
  await mkdir(out, { recursive: true });
  const styles = await loadStyles(folder);
  for (const file of await readdir(out)) {
    if (!styles.some(({ id }) => file === `${id}.webp`)) await rm(path.join(out, file));
  }
  const lines: string[] = [];
  for (const style of styles.filter(({ id }) => only.length === 0 || only.includes(id))) {
    const { rgb, edgePx } = await picture(style, subjectSeed);
    const webp = await sharp(rgb, { raw: { width: edgePx, height: edgePx, channels: 3 } })
      .resize(shownPx, shownPx).webp({ quality, effort: 6, smartSubsample: true }).toBuffer();
    await writeFile(path.join(out, `${style.id}.webp`), webp);
    lines.push(`${style.id}  ${webp.length} bytes`);
  }
  return lines;
}

async function picture({ id, starter }: PortraitStyle, subjectSeed: number): Promise<Pixels> {
  const scene = styleScenes[id];
  if (!scene) throw new Error(`The style "${id}" has no scene yet: add one to style-scenes.ts.`);
  const said = attributesOf(starter.prompt, subjectSeed);
  const attributes = { ...said, style: scene.kind ?? said.style! };
  let pixels: Pixels = {
    rgb: attributes.style === 'pencil' ? await rendered(attributes, 'white') : await composed(attributes, scene),
    edgePx: drawnPx,
  };
  for (const finish of scene.finish ?? []) pixels = await finish(pixels);
  return pixels;
}

/** The person in front of the scene: drawn on white and on black, which tells how much of each pixel is theirs. */
async function composed(
  attributes: Partial<PortraitAttributes>, { behind, over = '' }: StyleScene,
): Promise<Uint8Array> {
  const [onWhite, onBlack] = await Promise.all([rendered(attributes, 'white'), rendered(attributes, 'black')]);
  const [back, front] = await Promise.all([drawn(behind), drawn(over)]);
  return onBlack.map((value, i) => {
    const k = Math.floor(i / 3);
    const room = Math.max(0, Math.min(1, (onWhite[i]! - value) / 255));
    const person = value + back[4 * k + (i % 3)]! * room;
    const cover = front[4 * k + 3]! / 255;
    return Math.round(person * (1 - cover) + front[4 * k + (i % 3)]! * cover);
  });
}

async function rendered(given: Partial<PortraitAttributes>, ground: 'white' | 'black'): Promise<Uint8Array> {
  const level = ground === 'white' ? 255 : 0;
  const attributes = {
    ...given,
    backgroundKind: 'plain' as const, backgroundColour: ground, background: [level, level, level] as const,
  };
  return (await renderPortrait(1, { resolutionPx: drawnPx, attributes })).rgb;
}

/** An SVG of 256 units as RGBA. */
async function drawn(content: string): Promise<Uint8Array> {
  const frame = `width="${drawnPx}" height="${drawnPx}" viewBox="0 0 256 256"`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${frame}>${content}</svg>`;
  return new Uint8Array(await sharp(Buffer.from(svg)).ensureAlpha().raw().toBuffer());
}

/** Who is shown, and what the prompt says of clothes, mood and kind of picture. */
export function attributesOf(prompt: string, subjectSeed: number): Partial<PortraitAttributes> {
  const hat = coloured(prompt, hatKinds.filter((kind) => kind !== 'none')) as Worn<HatKind> | undefined;
  const clothes = coloured(prompt, clothesKinds) as Worn<ClothesKind> | undefined;
  return {
    ...subjectIdentity(subjectSeed), style: kindOf(prompt), glasses: glassesOf(prompt),
    hat: hat?.kind ?? 'none', hatColour: hat?.colour ?? 'black',
    clothes: clothes?.kind ?? 'sweater', clothesColour: clothes?.colour ?? 'grey',
    clothesPattern: 'plain', neckwear: 'none', earrings: 'none', headphones: false, lightSide: -0.5, lightStrength: 0.8,
    temperature: 'neutral', isBacklit: false, yawDegrees: -5, pitchDegrees: 0, rollDegrees: 0, size: 1, shiftX: 0,
      shiftY: 0,
    gaze: 0, expression: /big smile/.test(prompt) ? 'laugh' : /smiling|happy/.test(prompt) ? 'smile' : 'neutral',
    intensity: 0.85,
  };
}

interface Worn<Kind> {
  readonly kind: Kind;
  readonly colour: ClothesColour | undefined;
}

function coloured(prompt: string, kinds: readonly string[]): Worn<string> | undefined {
  const found = new RegExp(`(?:(${Object.keys(clothesColours).join('|')}) )?\\b(${kinds.join('|')})\\b`).exec(prompt);
  return found ? { kind: found[2]!, colour: found[1] as ClothesColour | undefined } : undefined;
}

function glassesOf(prompt: string): GlassesKind {
  return (['sunglasses', 'round glasses', 'glasses'] as const).find((kind) => prompt.includes(kind)) ?? 'none';
}

function kindOf(prompt: string): PictureStyle {
  if (/^illustration/.test(prompt)) return 'illustration';
  if (/^(cartoon|drawing)/.test(prompt)) return 'cartoon';
  // old photographs get their tone from the scene
  return /^(pencil|sketch)/.test(prompt) ? 'pencil' : 'photo';
}

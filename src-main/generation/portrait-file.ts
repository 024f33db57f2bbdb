// A portrait as a PNG: the pixels, A1111's `parameters` text, and the label that says a machine made it (IPTC digital
// source type, in XMP). No EXIF, no names of people, no paths of this machine. Either the whole file is there or none.

import { readFile } from 'node:fs/promises';
import sharp from 'sharp';

import { writeFileAtomically } from '../checkpoint/atomic-file.ts';
import { samplers, type SamplerName } from '../diffusion/samplers.ts';
import { decodeReduced, encodePng, readPictureHeader } from '../photos/decode.ts';
import type { RgbPicture } from '../photos/pixels.ts';
import { makingPairs, type PortraitMaking } from './making-text.ts';
import { formatParameters, parseParameters, type ParametersText, type ReadParameters } from './parameters-text.ts';
import { addPngTexts, readPngTexts, xmpKeyword } from './png-chunks.ts';

export interface PortraitSettings
  extends Omit<ParametersText, 'samplerTitle' | 'scheduleType' | 'widthPx' | 'heightPx' | 'more'> {
  readonly sampler: SamplerName;
  /** Image to image from a real photo: then the label says composite. */
  readonly startsFromPhoto?: boolean;
  /** Faces, passes and tiles; how the picture came to be as it is. */
  readonly making?: PortraitMaking;
}

/** IPTC's words: made wholly by a trained model, or such pictures beside real ones (a contact sheet with photos). */
const sourceTypes = ['trainedAlgorithmicMedia', 'compositeWithTrainedAlgorithmicMedia'] as const;
export type DigitalSourceType = (typeof sourceTypes)[number];

const digitalSourceTypes = 'http://cv.iptc.org/newscodes/digitalsourcetype/';

/** China's label for what a machine made (GB 45438-2025): who answers for it, and a number of this picture's. */
export interface AigcLabel {
  readonly producer: string;
  readonly produceId: string;
}

export const parametersKeyword = 'parameters';

/** Longer edge of the small picture that stands for a portrait in the gallery. */
export const tileEdgePx = 384;

/** A portrait as PNG bytes, labelled and with its settings. */
export async function encodePortrait(
  picture: RgbPicture, { startsFromPhoto = false, making = {}, ...settings }: PortraitSettings,
): Promise<Uint8Array> {
  const { title, scheduleType } = samplers[settings.sampler];
  const { startStrength = making.upscale?.strength } = settings;
  const text = formatParameters({
    // as A1111 does, the size is that which was drawn before it was made larger
    widthPx: picture.width, heightPx: picture.height, ...making.upscale?.drawn,
    ...settings, samplerTitle: title, scheduleType, more: makingPairs(making),
    ...(startStrength === undefined ? {} : { startStrength }),
  });
  const label = startsFromPhoto ? 'compositeWithTrainedAlgorithmicMedia' : 'trainedAlgorithmicMedia';
  return addPngTexts(await encodePng(picture), [
    { keyword: parametersKeyword, text }, { keyword: xmpKeyword, text: labelXmp(label) },
  ]);
}

/** Writes a portrait. Refuses with a UserError when the disk is full or the folder cannot be written to. */
export async function writePortrait(file: string, picture: RgbPicture, settings: PortraitSettings): Promise<void> {
  await writePngFile(file, await encodePortrait(picture, settings));
}

/** Puts PNG bytes in place as a whole. */
export async function writePngFile(file: string, png: Uint8Array): Promise<void> {
  await writeFileAtomically(file, async (handle) => { await handle.writeFile(png); });
}

/** Settings inside a PNG (bytes or a file's path), as A1111 and its kin write them; undefined when it has none. */
export async function readParameters(png: Uint8Array | string): Promise<ReadParameters | undefined> {
  const texts = readPngTexts(typeof png === 'string' ? await readFile(png) : png);
  const found = texts?.find(({ keyword }) => keyword === parametersKeyword);
  return found && parseParameters(found.text);
}

/** A small WebP of a portrait for the gallery, labelled as it is; null where the portrait is small enough itself. */
export async function tileOf(png: Uint8Array): Promise<Uint8Array | null> {
  const { width, height } = await readPictureHeader(png, 'portrait');
  const scale = tileEdgePx / Math.max(width, height);
  if (scale >= 1) return null;
  const [tileWidth, tileHeight] = [width, height].map((edge) => Math.max(1, Math.round(edge * scale)));
  const small = await decodeReduced(png, 'portrait', { width: tileWidth!, height: tileHeight! });
  return await sharp(small.data, { raw: { width: small.width, height: small.height, channels: 3 } })
    .withXmp(labelXmp(sourceTypeOf(png) ?? 'trainedAlgorithmicMedia')).webp({ quality: 82 }).toBuffer();
}

/** What a portrait's own label says; undefined where it has none. */
export function sourceTypeOf(png: Uint8Array): DigitalSourceType | undefined {
  const xmp = readPngTexts(png)?.find(({ keyword }) => keyword === xmpKeyword)?.text ?? '';
  return sourceTypes.find((type) => xmp.includes(`${digitalSourceTypes}${type}<`));
}

/** The label as an XMP packet: nothing but the source type, and China's own label where it is wanted. */
export function labelXmp(sourceType: DigitalSourceType, aigc: AigcLabel | null = null): string {
  return [
    '<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>',
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">',
    ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
    '  <rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">',
    `   <Iptc4xmpExt:DigitalSourceType>${digitalSourceTypes}${sourceType}</Iptc4xmpExt:DigitalSourceType>`,
    '  </rdf:Description>',
    ...(aigc ? [
      '  <rdf:Description rdf:about="" xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/">',
      `   <TC260:AIGC>${aigcText(aigc)}</TC260:AIGC>`,
      '  </rdf:Description>',
    ] : []),
    ' </rdf:RDF>',
    '</x:xmpmeta>',
    '<?xpacket end="r"?>',
  ].join('\n');
}

/** Its seven fields as JSON inside XML; 1 says that a machine made it. Nobody has passed it on yet. */
function aigcText({ producer, produceId }: AigcLabel): string {
  const fields = {
    Label: '1', ContentProducer: producer, ProduceID: produceId, ReservedCode1: '', ContentPropagator: '',
    PropagateID: '', ReservedCode2: '',
  };
  return JSON.stringify(fields).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

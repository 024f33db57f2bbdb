// Row 'vae': how much of a picture the autoencoder gives back, of fresh renders in every style and of a real face crop.

import { readFile } from 'node:fs/promises';
import { cropVariants, trainingRegion } from '../../src-main/dataset/framing.ts';
import { openFaceAnalyzer } from '../../src-main/faces/face-analyzer.ts';
import type { ContactSheetRow } from '../../src-main/generation/contact-sheet.ts';
import { decodePhoto } from '../../src-main/photos/decode.ts';
import { type RgbPicture, resampleRegion, toPicture } from '../../src-main/photos/pixels.ts';
import { pictureStyles } from '../../src-main/starter/attributes.ts';
import { psnr } from '../../src-main/starter/contact-sheet.ts';
import { renderPortrait } from '../../src-main/starter/portrait-renderer.ts';
import { mean, pictureOf, type StarterBench, throughVae } from './starter-bench.ts';
import { type Figure, type RowResult, rounded } from './starter-rows.ts';

const firstSeed = 8_000_000;
const firstMixedSeed = 8_050_000;
const shown = 4;

interface Passed {
  readonly before: RgbPicture;
  readonly after: RgbPicture;
  readonly decibels: number;
}

async function passed(bench: StarterBench, before: RgbPicture): Promise<Passed> {
  const after = await throughVae(bench, before);
  return { before, after, decibels: psnr(before.data, after.data) };
}

/** The crop that would be learned of the largest face. */
export async function faceCrop(file: string, edgePx: number, threads: number): Promise<RgbPicture> {
  const photo = await decodePhoto(await readFile(file), file);
  const analyzer = await openFaceAnalyzer({ threads });
  const [face] = await analyzer.analyze(photo);
  await analyzer.release();
  if (!face) throw new Error(`There is no face in ${file}.`);
  const region = trainingRegion(face.points, cropVariants(1)[0]!, photo);
  return toPicture(edgePx, edgePx, resampleRegion(photo, region, edgePx, edgePx));
}

const sheetRow = (title: string, pairs: readonly Passed[]): ContactSheetRow => ({
  title, tiles: pairs.flatMap(({ before, after, decibels }) => [
    { picture: before, label: '' }, { picture: after, label: `${decibels.toFixed(1)} dB` },
  ]),
});

export async function measureVae(bench: StarterBench): Promise<RowResult> {
  const { options, pack } = bench;
  const edgePx = pack.generationDefaults.widthPx;
  const sheet: ContactSheetRow[] = [];
  const styles: Record<string, number> = {};
  for (const [kind, style] of pictureStyles.entries()) {
    const pairs: Passed[] = [];
    for (let i = 0; i < options.renders; i++) {
      const seed = firstSeed + kind * 1000 + i;
      const rendered = await renderPortrait(seed, { attributes: { style }, resolutionPx: edgePx });
      pairs.push(await passed(bench, pictureOf(rendered)));
    }
    const decibels = pairs.map((pair) => pair.decibels);
    styles[style] = rounded(mean(decibels));
    sheet.push(sheetRow(`${style}, ${styles[style].toFixed(1)} dB`, pairs.slice(0, shown)));
  }
  const mixed: number[] = [];
  for (let i = 0; i < 4 * options.renders; i++) {
    const rendered = await renderPortrait(firstMixedSeed + i, { resolutionPx: edgePx });
    mixed.push((await passed(bench, pictureOf(rendered))).decibels);
  }
  const figures: Figure[] = [
    {
      what: 'fresh renders through the VAE', value: rounded(mean(mixed)), unit: 'dB', goal: { is: '≥', value: 27 },
      note: `in the renderer's mix of styles; as many of each: ${mean(Object.values(styles)).toFixed(1)} dB`,
    },
  ];
  if (options.photo) {
    const pair = await passed(bench, await faceCrop(options.photo, edgePx, options.threads));
    figures.push({
      what: 'face crop of a photo', value: rounded(pair.decibels), unit: 'dB', goal: { is: '≥', value: 24 },
    });
    sheet.push(sheetRow('a photo', [pair]));
  }
  return { figures, sheet, columns: 2 * shown, details: { styles, mixed: mixed.map(rounded) }, hasPhotos: true };
}

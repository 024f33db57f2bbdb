// Portraits in a library without an engine: real PNG files with their settings and label inside, and the rows of a
// finished batch beside them.

import { randomBytes } from 'node:crypto';
import type { JobId, PortraitId, StyleId, SubjectId } from '../../src-main/contract/ids.ts';
import { encodePortrait } from '../../src-main/generation/portrait-file.ts';
import type { Library } from '../../src-main/library/library.ts';
import { type RgbPicture, rgbPicture } from '../../src-main/photos/pixels.ts';

export interface KeptPortrait {
  readonly prompt?: string;
  readonly styleId?: string | null;
  readonly cosine?: number | null;
  readonly widthPx?: number;
  readonly heightPx?: number;
  readonly startsFromPhoto?: boolean;
  readonly second?: SubjectId;
}

const freshId = <Id extends string>() => randomBytes(16).toString('hex') as Id;

/** A smooth picture that is another for each seed. */
export function pictureOf(seed: number, widthPx: number, heightPx: number): RgbPicture {
  return rgbPicture(widthPx, heightPx, Uint8Array.from({ length: widthPx * heightPx * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % widthPx, Math.floor(i / 3 / widthPx)];
    return [60 + (150 * x) / widthPx, 40 + (180 * y) / heightPx, (seed * 67) % 256][i % 3]!;
  }));
}

/** Keeps one portrait an entry, with seeds 1, 2, 3 …; returns their ids in order. */
export async function keepPortraits(
  library: Library, subjectId: SubjectId, all: readonly KeptPortrait[],
): Promise<PortraitId[]> {
  const jobId = freshId<JobId>();
  library.jobs.insert({
    id: jobId, kind: 'create', subjectId, title: 'Portraits', parameters: '{}', createdAtMs: Date.now(),
  }, all.map((_, itemIndex) => ({ itemIndex, seed: itemIndex + 1, parameters: '{}' })));
  library.jobs.setState(jobId, 'done', { endedAtMs: Date.now() });
  const ids: PortraitId[] = [];
  for (const [index, one] of all.entries()) ids.push(await keepOne(library, subjectId, jobId, index, one));
  return ids;
}

async function keepOne(
  library: Library, subjectId: SubjectId, jobId: JobId, itemIndex: number, one: KeptPortrait,
): Promise<PortraitId> {
  const { prompt = 'photo of ohwx woman', widthPx = 96, heightPx = 128, cosine = null, second } = one;
  const [seed, id] = [itemIndex + 1, freshId<PortraitId>()];
  const png = await encodePortrait(pictureOf(seed, widthPx, heightPx), {
    prompt, negativePrompt: 'hat', samplingSteps: 20, sampler: 'euler', guidanceScale: 5, seed, modelName: 'starter',
    version: 'Likeness 0.1.0', startsFromPhoto: one.startsFromPhoto ?? false,
  });
  const unmeasured = { cosine: null, distance: null, latentDistance: null };
  await library.exclusively(async () => library.portraits.insert({
    id, subjectId, jobId, itemIndex, adapterId: null, packId: 'starter' as never,
    styleId: (one.styleId ?? null) as StyleId | null, prompt, negativePrompt: 'hat', seed, widthPx, heightPx,
    samplingSteps: 20, sampler: 'euler', guidanceScale: 5, adapterStrength: 0, likeness: { ...unmeasured, cosine },
    instantly: null, second: second ? { subjectId: second, adapterId: null, likeness: unmeasured } : null,
    facePoints: null, isFaceRedrawn: false, settings: {}, createdAtMs: Date.UTC(2026, 10, 26, 12) + itemIndex * 1000,
    fileSha256: await library.keepFile(png, 'image/png'), beforeSha256: null,
  }));
  return id;
}

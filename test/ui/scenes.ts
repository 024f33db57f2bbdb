// The scenes that the page is looked at in: empty, full, at work, with long names, with everything gone wrong.

import { UserError } from '../../src-main/contract/errors.ts';
import type { Verdict } from '../../src-main/contract/faces.ts';
import type { Look, LossPoint, Photo, Portrait, Snapshot } from '../../src-main/contract/nouns.ts';
import type { Job } from '../../src-main/contract/work.ts';
import {
  adapterId, engine, job, jobId, look, pack, photo, portrait, previewId, snapshot, verdict,
} from '../renderer/nouns.ts';
import { shippedStyles } from './shipped-styles.ts';
import { manySubjects, type Scene } from './stage.ts';

const now = Date.UTC(2026, 10, 20, 12, 0, 0);

function judged(grade: Verdict['grade'], code = ''): Pick<Photo, 'verdict' | 'isUsed'> {
  return { verdict: verdict(grade, code), isUsed: grade === 'good' || grade === 'usable' };
}

export const manyPhotos: Photo[] = [
  photo(1), photo(2, { widthPx: 600, heightPx: 900, faceBox: { x: 0.3, y: 0.1, width: 0.4, height: 0.3 } }), photo(3),
  photo(4, { ...judged('usable', 'turned'), widthPx: 1600, heightPx: 700 }),
  photo(5, judged('usable', 'several-faces')),
  photo(6, { ...judged('left-out', 'no-face'), faceBox: null, faceCount: 0, likeness: null }),
  photo(7, judged('left-out', 'blurred')), photo(8, { userChoice: 'leave-out', isUsed: false }),
  photo(9, { ...judged('left-out', 'small-face'), userChoice: 'use', isUsed: true }),
  photo(10, judged('waiting')), photo(11, { likeness: 0.12 }),
  photo(12, { fileName: 'IMG_20260814_holiday_by_the_sea_with_everyone_before_lunch_edited-final(2)-copy.jpeg' }),
];

export const manyPortraits: Portrait[] = Array.from({ length: 60 }, (_, index) => portrait(index + 1, {
  jobId: jobId(index < 52 ? 8 : 9), adapterId: index % 10 === 9 ? null : adapterId(1), createdAtMs: now + index * 1000,
  seed: 1000 + index, prompt: 'ohwx woman, portrait photo, soft window light, grey background',
  negativePrompt: 'sketch, drawing',
  likeness: { cosine: index % 7 === 6 ? null : 0.35 + (index % 9) * 0.04, distance: 0.7, latentDistance: 0.5 },
}));

export const falling: LossPoint[] = Array.from({ length: 140 }, (_, index) => ({
  step: index + 1, loss: 0.04 + 0.12 * Math.exp(-index / 40) + 0.03 * Math.abs(Math.sin(index * 1.7)),
}));

/** Likeness rises, is best before the end, and falls again; the loss aside turns at the same place. */
export const kept: Snapshot[] = [20, 40, 60, 80, 100, 120, 140].map((step, index) => snapshot(step, {
  loss: 0.04 + 0.12 * Math.exp(-step / 40), validationLoss: 0.07 + 0.09 * Math.exp(-step / 30) + 0.00009 * step,
  likeness: [0.08, 0.21, 0.35, 0.44, 0.53, 0.58, 0.56][index]!, facesFound: index === 0 ? 3 : 4, isBest: step === 120,
  previewIds: [0, 1, 2, 3].map((seed) => previewId(step * 10 + seed)), createdAtMs: now + step * 2600,
}));
const ended = kept.map((each) => ({ ...each, jobId: jobId(6), createdAtMs: each.createdAtMs - 900_000 }));

const teaching = job('teach', 7, {
  createdAtMs: now, trainingSteps: 300, resumeStep: 140,
  progress: { phase: 'teaching', step: 140, steps: 300, loss: 0.05, etaSeconds: 372 },
});
const doneTeaching = job('teach', 6, {
  state: 'done', createdAtMs: now - 900_000, endedAtMs: now - 500_000, adapterId: adapterId(1), trainingSteps: 140,
});
const drawing = job('create', 9, {
  createdAtMs: now + 1, itemsDone: 8, items: 12,
  progress: { phase: 'drawing', step: 8, steps: 12, loss: null, etaSeconds: 20 },
});
const drawn = job('create', 8, {
  state: 'done', createdAtMs: now - 400_000, endedAtMs: now - 100_000, itemsDone: 52, items: 52,
});
const failed: Job = job('create', 5, {
  state: 'failed', createdAtMs: now - 990_000, endedAtMs: now - 980_000,
  error: {
    code: 'engine.stopped', what: 'The engine stopped while it was drawing.', safe: 'Finished portraits are kept.',
    todo: 'Try again; portraits that are done are not drawn again.', parameters: {},
  },
});

/** What tells a second batch that waits from the first. */
export const another: Partial<Job> = { id: jobId(21), items: 24, createdAtMs: now + 2 };

export const emptyScene = (): Scene => ({ styles: shippedStyles });

const settings = pack().trainingDefaults!;

/** One look a method, the LoRA with a word of its own, and one of an earlier version that has no curve. */
export const manyLooks: Look[] = [
  look(1, {
    likeness: 0.55, createdAtMs: now, coverPortraitId: manyPortraits[0]!.id, curve: kept, bestStep: 120,
    trainingSteps: 140, photoCount: 9, settings: settings.lora, sizeBytes: 3_412_000,
    exportFormats: ['kohya', 'a1111', 'comfyui', 'diffusers', 'checkpoint'],
  }),
  look(3, {
    name: 'Ada 2', method: 'dreambooth', createdAtMs: now - 1, coverPortraitId: manyPortraits[4]!.id, rank: 0,
    curve: kept.map((each) => ({ ...each, likeness: each.likeness! + 0.09 })), bestStep: 120, trainingSteps: 400,
    photoCount: 9, settings: settings.dreambooth, sizeBytes: 20_812_000,
    exportFormats: ['checkpoint', 'a1111', 'comfyui'],
  }),
  look(4, {
    name: 'Ada 3', method: 'textual-inversion', createdAtMs: now - 2, coverPortraitId: manyPortraits[8]!.id, rank: 0,
    vectorCount: 4, curve: kept.map((each) => ({ ...each, likeness: each.likeness! * 0.6 })), bestStep: 120,
    trainingSteps: 500, photoCount: 9, settings: settings['textual-inversion'], sizeBytes: 12_400,
    exportFormats: ['embedding', 'a1111', 'comfyui', 'diffusers'],
  }),
  look(2, { name: 'Ada 4', createdAtMs: now - 3, vectorCount: 2, exportFormats: ['kohya', 'diffusers', 'embedding'] }),
];

export const fullScene = (): Scene => ({
  subjects: manySubjects, photos: [...manyPhotos], styles: shippedStyles, portraits: manyPortraits, losses: falling,
  looks: manyLooks, jobs: [drawn, doneTeaching, failed], snapshots: [...kept, ...ended],
});

export const teachingScene = (): Scene => ({
  ...fullScene(), jobs: [teaching, { ...drawing, state: 'waiting' }, drawn, failed],
});

/** Before the first snapshot: pictures of other people are being drawn. */
export const preparingScene = (): Scene => ({
  ...fullScene(), losses: [], snapshots: [],
  jobs: [{
    ...teaching, method: 'dreambooth', resumeStep: null,
    progress: { phase: 'drawing-class', step: 31, steps: 200, loss: null, etaSeconds: 400 },
  }],
});

export const pausedScene = (): Scene => ({
  ...fullScene(),
  jobs: [{ ...teaching, state: 'paused', progress: null }, { ...drawing, state: 'paused' }, drawn, failed],
});

export const finishingScene = (): Scene => ({
  ...fullScene(), jobs: [{ ...teaching, request: 'finish' }, drawn, failed],
});

export const drawingScene = (): Scene => ({ ...fullScene(), jobs: [drawing, drawn, doneTeaching, failed] });

const longNamed = manySubjects[2]!;

export const longScene = (): Scene => ({
  ...fullScene(),
  subjects: [longNamed],
  photos: manyPhotos.map((each) => ({ ...each, subjectId: longNamed.id, fileName: each.fileName.repeat(3) })),
  looks: [look(1, { subjectId: longNamed.id, name: `${longNamed.name} – quick likeness, second try`, curve: kept })],
  portraits: [], jobs: [{ ...teaching, subjectId: longNamed.id }],
  engine: {
    ...engine(), deviceName: 'Intel(R) Xeon(R) Platinum 8488C CPU @ 2.40GHz with many cores',
    fallbackReason: 'WebGPU was asked for, but no adapter answered: the driver of this graphics card is too old.',
  },
});

export const failingScene = (): Scene => {
  const text = { safe: 'Everything that was saved before is kept.', todo: 'Free some space, then try again.' };
  const full = new UserError('disk.full', { what: 'The disk is full.', ...text });
  return {
    ...fullScene(),
    jobs: [failed, { ...failed, ...job('teach', 4), state: 'failed', error: failed.error, endedAtMs: now }],
    refusals: { 'looks.teach': full, 'looks.export': full, 'photos.import': full, 'portraits.create': full },
  };
};

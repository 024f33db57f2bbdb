// Portraits without teaching and of two people: which parts of the picture are whose, what stands in the way, what is
// asked for; and the licences and networks behind it.

import { describe, expect, test } from 'vitest';
import type { CompanionView } from '../../src-main/contract/companions.ts';
import { regionMaskSchema } from '../../src-main/contract/faces.ts';
import { defaultStudioSettings } from '../../src-main/contract/settings.ts';
import { Create } from '../../src-renderer/state/create.svelte.ts';
import { defaultOf } from '../../src-renderer/state/create-fields.ts';
import { lackOf } from '../../src-renderer/state/models.svelte.ts';
import {
  areaOf, dividerEnds, maskPath, middleOf, paintMask, shareOf, splitMask,
} from '../../src-renderer/state/region-mask.ts';
import { SecondPlan } from '../../src-renderer/state/second-plan.svelte.ts';
import { Workspace } from '../../src-renderer/state/workspace.svelte.ts';
import { en } from '../../src-renderer/strings/en.ts';
import { instantMissing } from '../../src-renderer/strings/model-words.ts';
import { instantRows } from '../../src-renderer/strings/portrait-rows.ts';
import { zhHans } from '../../src-renderer/strings/zh-hans.ts';
import { adapterId, look, pack, portrait, subject, subjectId } from './nouns.ts';
import { settle, testStudio } from './test-client.ts';

const halves = { position: 0.5, tiltDegrees: 0, isSwapped: false };
const ready = { isReady: true, missing: [], isResearchOnly: false, canBeFast: true };
const instantPack = { ...pack(), instantly: ready, instantDefaults: { imageStrength: 0.7, guidanceScale: 5 } };

describe('the parts of two people', () => {
  test('a divider gives the right half to the second, and the left when they change sides', () => {
    const mask = splitMask(halves);
    expect(regionMaskSchema.safeParse(mask).success).toBe(true);
    expect([mask.values[0], mask.values[31], shareOf(mask)]).toEqual([0, 1, 0.5]);
    expect(areaOf(mask, true)).toEqual({ x: 0.5, y: 0, width: 0.5, height: 1 });
    expect([middleOf(mask, false), middleOf(mask, true)]).toEqual([{ x: 0.25, y: 0.5 }, { x: 0.75, y: 0.5 }]);
    expect(areaOf(splitMask({ ...halves, isSwapped: true }), true).x).toBe(0);
  });

  test('tilted clockwise it leaves the upper right corner less', () => {
    const { values } = splitMask({ ...halves, tiltDegrees: 30 });
    const inRow = (row: number): number => values.slice(row * 32, row * 32 + 32).filter((value) => value >= 0.5).length;
    expect(inRow(0)).toBeLessThan(inRow(31));
    const { top, bottom } = dividerEnds({ ...halves, tiltDegrees: 30 });
    expect(32 - inRow(0)).toBeCloseTo(top * 32, -0.5);
    expect(top + bottom).toBeCloseTo(1, 9);
  });

  test('a brush takes a round place, for either of them', () => {
    const painted = paintMask(splitMask(halves), { x: 0.1, y: 0.5 }, 0.1, 1);
    expect(shareOf(painted)).toBeGreaterThan(0.5);
    expect(painted.values[0]).toBe(0);
    expect(painted.values[16 * 32 + 3]).toBe(1);
    expect(shareOf(paintMask(painted, { x: 0.1, y: 0.5 }, 0.11, 0))).toBe(0.5);
  });

  test('a mask is drawn as one rectangle a run', () => {
    expect(maskPath({ columns: 4, rows: 2, values: [0, 1, 1, 0, 1, 0, 0, 1] })).toBe(
      'M1 0h2v1h-2zM0 1h1v1h-1zM3 1h1v1h-1z',
    );
  });

  test('changing sides keeps what was painted, and nobody may be painted away', () => {
    const plan = new SecondPlan(testStudio().client);
    plan.paint({ x: 0.1, y: 0.5 }, 0.1, true);
    const before = plan.mask.values;
    plan.swap();
    expect(plan.mask.values).toEqual(before.map((value) => 1 - value));
    plan.paint({ x: 0.5, y: 0.5 }, 2, false);
    expect(plan.isCrowded).toBe(true);
    plan.resetMask();
    expect([plan.isCrowded, plan.isPainted]).toEqual([false, false]);
    plan.divide({ position: 3, tiltDegrees: -400 });
    expect(plan.divider).toMatchObject({ position: 0.9, tiltDegrees: -60 });
  });
});

describe('what Create asks for', () => {
  test('an instant portrait: pose, strengths, no look, and the first model that can', async () => {
    const studio = testStudio();
    const create = new Create(studio.client);
    create.how = 'instantly';
    create.prompt = '{subject} at sea';
    create.typed.imageStrength = 1.1;
    create.wantsFast = true;
    create.facePass = 'auto';
    create.pose.usePreset('right');
    const plain = pack();
    expect(create.packFor(null, [plain, { ...instantPack, id: 'able' as never }])?.id).toBe('able');
    await create.start(subjectId(), null, instantPack);
    expect(studio.calls[0]?.request).toMatchObject({
      adapterId: null, instantly: { pose: { kind: 'points', points: [{}, {}, {}, {}, {}] } }, second: null,
      settings: { imageStrength: 1.1, fast: true, facePass: 'auto' },
    });
    expect(studio.calls[0]?.request['settings']).not.toHaveProperty('adapterStrength');
  });

  test('strengths of the face are no setting of a portrait with a look', async () => {
    const create = new Create(testStudio().client);
    create.typed.imageStrength = 1.1;
    create.typed.upscale = 2;
    expect(create.settings(instantPack)).toEqual({ upscale: 2 });
    create.how = 'instantly';
    expect(create.settings({ ...instantPack, instantly: { ...ready, canBeFast: false } })).toEqual({
      imageStrength: 1.1, upscale: 2,
    });
  });

  test('defaults are those of the manner: fast before instant or the look’s method before the model’s own', () => {
    const fast = { ...instantPack, fastDefaults: { samplingSteps: 6 } };
    const manner = { isInstant: true, isFast: true };
    expect([
      defaultOf('samplingSteps', fast, manner), defaultOf('guidanceScale', fast, manner),
      defaultOf('samplingSteps', fast, { isInstant: false, isFast: false }), defaultOf('imageEnd', undefined, manner),
    ]).toEqual([6, 5, 20, 1]);
    const taught = { ...instantPack, lookDefaults: { lora: { guidanceScale: 2 } } };
    const ofLook = { isInstant: false, isFast: false, method: 'lora' } as const;
    expect(defaultOf('guidanceScale', taught, ofLook)).toBe(2);
    expect(defaultOf('guidanceScale', taught, { ...ofLook, isInstant: true })).toBe(5);
    expect(defaultOf('samplingSteps', taught, ofLook)).toBe(20);
  });

  test('what stands in the way is told in the order in which it can be mended', () => {
    const create = new Create(testStudio().client);
    expect(create.obstacle(null, undefined, true)).toBe('no-model');
    create.how = 'instantly';
    expect(create.obstacle(null, pack(), true)).toBe('not-instant');
    expect(create.obstacle(null, instantPack, false)).toBe('no-consent');
    expect(create.obstacle(null, instantPack, true)).toBe('nothing-to-draw');
    create.prompt = 'x';
    expect(create.obstacle(null, instantPack, true)).toBeNull();
    create.typed.identityNetEnd = 2;
    expect(create.obstacle(null, instantPack, true)).toBe('wrong-numbers');
  });

  test('two people need a look each, or none when it is instant', async () => {
    const studio = testStudio({ 'looks.list': () => [look(5), look(6, { method: 'dreambooth' })] });
    const create = new Create(studio.client);
    create.prompt = '{subject} and {subject2}';
    await create.second.choose(subjectId(2));
    expect(create.second.looksFor(instantPack.id).map(({ id }) => id)).toEqual([adapterId(5)]);
    expect(create.obstacle(null, instantPack, true)).toBe('look-needed');
    expect(create.obstacle(look(), instantPack, true)).toBe('second-look-needed');
    create.second.adapterId = adapterId(5);
    expect(create.obstacle(look(), instantPack, true)).toBeNull();
    create.how = 'instantly';
    await create.start(subjectId(), null, instantPack);
    expect(studio.calls.at(-1)?.request).toMatchObject({
      second: { subjectId: subjectId(2), adapterId: adapterId(5), pose: { kind: 'reference' }, mask: { columns: 32 } },
    });
    create.changeSubject();
    expect(create.second.request()).toBeNull();
  });

  test('the second person’s place goes behind the first’s', () => {
    const create = new Create(testStudio().client);
    create.prompt = 'a walk of {subject} in rain';
    create.insertSecond();
    create.insertSecond();
    expect(create.prompt).toBe('a walk of {subject} and {subject2} in rain');
    create.prompt = 'rain';
    create.insertSecond();
    expect(create.prompt).toBe('{subject} and {subject2}, rain');
  });
});

test('a face without a look is drawn instantly where a model can, until the user says how', () => {
  const create = new Create(testStudio().client);
  create.suggest([], [pack()]);
  expect(create.how).toBe('look');
  create.suggest([], [instantPack]);
  expect([create.how, create.adapterId]).toEqual(['instantly', null]);
  create.chooseHow('look', []);
  create.suggest([], [instantPack]);
  expect(create.how).toBe('look');
  create.suggest([look(3)], [instantPack]);
  expect(create.adapterId).toBe(adapterId(3));
  create.chooseHow('instantly', [look(3)]);
  create.suggest([look(3)], [instantPack]);
  expect([create.how, create.adapterId]).toEqual(['instantly', null]);
});

test('settings of an instant portrait of two are taken over, the second person too', async () => {
  const studio = testStudio({ 'subjects.list': () => [subject(1), subject(2)] });
  const workspace = new Workspace(studio.client);
  workspace.start();
  await settle();
  workspace.useSettings(portrait(5, {
    adapterId: null, instantly: { pose: { kind: 'none' } }, settings: { imageStrength: 0.9, facePass: 'always' },
    second: { subjectId: subjectId(2), adapterId: null, likeness: portrait().likeness },
  }));
  await settle();
  const { create } = workspace;
  expect([create.how, create.pose.kind, create.typed.imageStrength, create.facePass]).toEqual([
    'instantly', 'none', 0.9, 'always',
  ]);
  expect([create.second.subjectId, create.second.photos.length]).toEqual([subjectId(2), 2]);
});

test('drawing does not start while instant portraits are not ready', async () => {
  const studio = testStudio();
  const workspace = new Workspace(studio.client);
  workspace.start();
  await settle();
  workspace.useLook(null);
  workspace.create.prompt = 'x';
  await workspace.startCreating();
  expect([workspace.view.page, workspace.create.how]).toEqual(['create', 'instantly']);
  expect(studio.calls.map(({ command }) => command)).not.toContain('portraits.create');
});

const companion = (changes: Partial<CompanionView>): CompanionView => ({
  kind: 'identity-net', name: 'InstantID IdentityNet', state: 'missing', isPublished: false, note: '', fileName: '',
  sizeBytes: 2_502_000_000, source: 'InstantX', license: 'InstantID weights: for research only',
  licenseId: 'instantid-weights', isLicenseAccepted: false, isCommercialUseAllowed: false, neededFor: ['instantly'],
  ...changes,
});

test('what is missing is told in the studio’s sentences, in Chinese by part', () => {
  const sdxl = {
    ...pack(), isBuiltIn: false, architecture: 'sdxl' as const,
    instantly: { ...ready, isReady: false, missing: ['InstantID: 4.2 GB, for research only.'] },
  };
  const needed = [companion({}), companion({ kind: 'image-adapter', state: 'ready', isLicenseAccepted: true })];
  expect(needed.map(lackOf)).toEqual(['missing', null]);
  expect(instantMissing(sdxl, needed, en)).toEqual(['InstantID: 4.2 GB, for research only.']);
  expect(instantMissing(sdxl, needed, zhHans)).toEqual(['InstantID IdentityNet：2.5 GB，仅限研究。']);
  expect(instantMissing(sdxl, [companion({ state: 'ready' })], zhHans)).toEqual([
    'InstantID IdentityNet：尚未接受许可，仅限研究。',
  ]);
});

test('a licence that is accepted is told, and what depends on it is read anew', async () => {
  const studio = testStudio({ 'companions.list': () => [companion({ state: 'ready' })] });
  const workspace = new Workspace(studio.client);
  workspace.start();
  await settle();
  expect(workspace.models.companions.map(lackOf)).toEqual(['license']);
  studio.handlers['companions.list'] = () => [companion({ state: 'ready', isLicenseAccepted: true })];
  studio.handlers['studio.state'] = () => ({
    version: '1', engine: workspace.studio.engine, packs: [instantPack], styles: [],
    settings: { ...defaultStudioSettings, acceptedLicenses: ['instantid-weights'] },
  });
  await workspace.models.accept('instantid-weights', true);
  expect(workspace.models.companions.map(lackOf)).toEqual([null]);
  expect([workspace.studio.settings.acceptedLicenses, workspace.studio.packs[0]?.instantly?.isReady]).toEqual([
    ['instantid-weights'], true,
  ]);
});

test('details of a portrait name what an instant one has, and nothing that it has not', () => {
  const rows = instantRows(portrait(1, {
    instantly: { pose: { kind: 'points', points: [] as never } }, isFaceRedrawn: true,
    settings: { imageStrength: 0.8, identityNetStrength: 0.6, upscale: 2 },
  }), en);
  expect(rows.map(([, value]) => value)).toEqual(['yes', 'placed by hand', '0.80', '0.60', 'yes', '2 times']);
  expect(instantRows(portrait(1), en)).toEqual([]);
});

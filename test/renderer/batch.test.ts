// What a batch is planned from: weights and choices in a prompt, sizes, several looks, photos that give the face, the
// picture to start from; what is asked of the studio, and what of a portrait comes back with its settings.

import { describe, expect, test } from 'vitest';
import type { PackId } from '../../src-main/contract/ids.ts';
import { BatchPlan, planAfterMs } from '../../src-renderer/state/batch-plan.svelte.ts';
import { batchSum } from '../../src-renderer/state/batch-sum.ts';
import { startFrom } from '../../src-renderer/state/create-acts.ts';
import { Create } from '../../src-renderer/state/create.svelte.ts';
import { createRequest } from '../../src-renderer/state/create-request.ts';
import { hasChoices, promptsOf, weigh, weightedParts } from '../../src-renderer/state/prompt-text.ts';
import { splitMask } from '../../src-renderer/state/region-mask.ts';
import { drawnSize, isAllowedEdge, shapeNames, shapesOf, sizeOf } from '../../src-renderer/state/sizes.ts';
import { Workspace } from '../../src-renderer/state/workspace.svelte.ts';
import { en } from '../../src-renderer/strings/en.ts';
import { adapterId, look, pack, photo, photoId, portrait, portraitId, subject, subjectId } from './nouns.ts';
import { handClock, refusal, settle, testStudio } from './test-client.ts';

const planned = { items: 8, prompts: ['a', 'b'], etaSeconds: 24, cutOff: [] };

/** Marks a selection as '[…]' and a cursor as '|' in a text. */
function marked(text: string): { text: string; start: number; end: number } {
  const [start, end] = [text.indexOf('⟦'), text.indexOf('⟧') - 1];
  return { text: text.replace(/[⟦⟧]/g, ''), start, end };
}

describe('weights in a prompt', () => {
  test('the selection gets brackets and a number, which go up, down, and away at one', () => {
    const more = weigh(marked('a ⟦soft light⟧, grey'), 0.1);
    expect(more).toEqual(marked('a (⟦soft light⟧:1.1), grey'));
    const most = weigh(weigh(more, 0.1), 0.1);
    expect(most.text).toBe('a (soft light:1.3), grey');
    expect(weigh(weigh(weigh(most, -0.1), -0.1), -0.1)).toEqual(marked('a ⟦soft light⟧, grey'));
    expect(weigh(marked('a ⟦soft light⟧, grey'), -0.1).text).toBe('a (soft light:0.9), grey');
  });

  test('with nothing selected it is the word at the cursor, with Chinese and hyphens; spaces stay outside', () => {
    expect(weigh({ text: 'well-lit room', start: 3, end: 3 }, 0.1).text).toBe('(well-lit:1.1) room');
    expect(weigh({ text: '红色围巾，大海', start: 4, end: 4 }, 0.1).text).toBe('(红色围巾:1.1)，大海');
    expect(weigh(marked('a⟦ soft ⟧b'), 0.1).text).toBe('a (soft:1.1) b');
    expect(weigh({ text: 'a, , b', start: 3, end: 3 }, 0.1).text).toBe('a, , b');
  });

  test('it stays within what is useful, and brackets that are written as such are left alone', () => {
    expect(weigh(marked('(⟦x⟧:2)'), 0.1).text).toBe('(x:2)');
    expect(weigh(marked('(⟦x⟧:0.1)'), -0.1).text).toBe('(x:0.1)');
    expect(weightedParts('\\(x:1.2\\) (y: .5)').map(({ inner, weight }) => [inner, weight])).toEqual([['y', 0.5]]);
    expect(weigh({ text: '(a (b:1.2) c:1.5)', start: 4, end: 4 }, 0.1).text).toBe('(a (b:1.3) c:1.5)');
  });

  test('choices are told from places and from brackets that are written as such', () => {
    const texts = ['{red|blue}', '{a {b|c}|d}', '{subject} at sea', '\\{a|b}', 'a | b', '{subject} in {red|blue}'];
    expect(texts.map(hasChoices)).toEqual([true, true, false, false, false, true]);
  });

  test('lines are prompts of their own only where that is wanted', () => {
    expect(promptsOf(' a\n\n b ', true)).toEqual(['a', 'b']);
    expect(promptsOf(' a\n b ', false)).toEqual(['a\n b']);
    expect(promptsOf(' \n ', false)).toEqual([]);
  });
});

describe('sizes', () => {
  test('shapes have at most the area of the model, in steps that its networks take', () => {
    expect(sizeOf('portrait', 1024)).toEqual({ widthPx: 896, heightPx: 1152 });
    expect(sizeOf('wide', 1024)).toEqual({ widthPx: 1344, heightPx: 768 });
    for (const edge of [512, 768, 1024]) for (const { name, size: { widthPx, heightPx } } of shapesOf(edge)) {
      expect(widthPx * heightPx, `${name} ${edge}`).toBeLessThanOrEqual(edge ** 2);
      expect([widthPx, heightPx].map((px) => px % 64)).toEqual([0, 0]);
    }
    expect(shapesOf(1024)).toHaveLength(shapeNames.length);
  });

  test('a model of small pictures keeps its short edge, and has each size once', () => {
    expect(shapesOf(128).map(({ name, size }) => [name, size.widthPx, size.heightPx])).toEqual([
      ['square', 128, 128], ['portrait', 128, 192], ['landscape', 192, 128], ['wide', 256, 128],
    ]);
  });

  test('an edge by hand is one that the studio takes', () => {
    expect([null, 0, 64, 100, 104, 2048, 2112].map(isAllowedEdge))
      .toEqual([false, false, true, false, false, true, false]);
  });

  test('a portrait that was enlarged was drawn smaller', () => {
    expect(drawnSize(portrait(1, { widthPx: 512, heightPx: 256, settings: { upscale: 2 } })))
      .toEqual({ widthPx: 256, heightPx: 128 });
  });
});

describe('what a batch asks for', () => {
  const other = look(2, { packId: 'sdxl' as PackId });

  test('several looks, sizes, lines and every choice, and how many that makes', () => {
    const create = new Create(testStudio().client);
    create.prompt = 'a {red|blue} scarf\nat sea';
    create.isByLine = true;
    create.everyChoice = true;
    create.toggleLook(look(1), [look(1), look(3)]);
    create.toggleLook(look(3), [look(1), look(3)]);
    create.toggleSize(sizeOf('square', 128));
    create.toggleSize(sizeOf('tall', 128));
    create.sampler = 'euler';
    expect(createRequest(create, subjectId(), look(1), pack())).toMatchObject({
      adapterId: adapterId(1), adapterIds: [adapterId(1), adapterId(3)], everyChoice: true, start: null,
      prompts: ['a {red|blue} scarf', 'at sea'], sizes: [{ widthPx: 128 }, { widthPx: 128, heightPx: 192 }],
      settings: { sampler: 'euler' },
    });
    expect([create.total, create.aspect(pack())]).toEqual([2 * 4 * 2 * 2, 1]);
    create.compareWithout = true;
    expect(create.total).toBe(64);
    expect(batchSum(create, en)).toBe('2 prompts × choices × 4 each × 2 sizes × 2 looks × with and without');
  });

  test('a look of another model takes the place of all, and the last one that goes leaves the plain model', () => {
    const create = new Create(testStudio().client);
    create.toggleLook(look(1), [look(1), other]);
    create.toggleLook(other, [look(1), other]);
    expect(create.adapterIds).toEqual([adapterId(2)]);
    create.toggleLook(other, [look(1), other]);
    expect([create.adapterId, createRequest(create, subjectId(), null, pack()).adapterIds]).toEqual([null, []]);
  });

  test('photos that give the face: all of them are no choice, and none of them no batch', () => {
    const create = new Create(testStudio().client);
    const used = [photoId(1), photoId(2)];
    const instant = { ...pack(), instantly: { isReady: true, missing: [], isResearchOnly: false, canBeFast: false } };
    create.how = 'instantly';
    create.prompt = 'x';
    create.toggleFacePhoto(photoId(1), used);
    expect(createRequest(create, subjectId(), null, instant).instantly).toMatchObject({ facePhotoIds: [photoId(2)] });
    create.toggleFacePhoto(photoId(2), used);
    expect(create.obstacle(null, instant, true)).toBe('no-face-photo');
    used.forEach((id) => create.toggleFacePhoto(id, used));
    expect([create.facePhotoIds, create.obstacle(null, instant, true)]).toEqual([null, null]);
  });

  test('a picture to start from goes along with how much may change', () => {
    const create = new Create(testStudio().client);
    create.begin.usePhoto(photoId(2));
    create.begin.strength = 0.3;
    expect(createRequest(create, subjectId(), null, pack()).start).toEqual({
      source: { photoId: photoId(2) }, strength: 0.3,
    });
    expect([create.begin.isFrom(photoId(2)), create.begin.isFrom(portraitId(2))]).toEqual([true, false]);
    create.changeSubject();
    expect(create.begin.request()).toBeNull();
  });
});

describe('the plan', () => {
  const request = (count: number) => ({
    ...createRequest(new Create(testStudio().client), subjectId(), null, pack()), count,
  });

  test('it is asked once the typing rests, and an answer to an earlier question is let go', async () => {
    const clock = handClock();
    const answers: ((value: unknown) => void)[] = [];
    const studio = testStudio({ 'portraits.plan': () => new Promise((resolve) => answers.push(resolve)) });
    const plan = new BatchPlan(studio.client, clock.schedule);
    plan.ask(request(1));
    plan.ask(request(2));
    clock.wind(planAfterMs);
    expect(studio.calls.map(({ request: { count } }) => count)).toEqual([2]);
    plan.ask(request(3));
    clock.wind(planAfterMs);
    answers[0]!({ ...planned, items: 2 });
    await settle();
    expect([plan.batch, plan.isFresh]).toEqual([null, false]);
    answers[1]!({ ...planned, items: 3 });
    await settle();
    expect([plan.batch?.items, plan.isFresh]).toEqual([3, true]);
    plan.ask(request(3));
    clock.wind(planAfterMs);
    expect(studio.calls).toHaveLength(2);
    plan.ask(null);
    expect([plan.batch, plan.isFresh]).toEqual([null, false]);
  });

  test('a refusal is kept as what it says, and goes with the next answer', async () => {
    const clock = handClock();
    const studio = testStudio({ 'portraits.plan': () => { throw refusal('portraits.no-prompt'); } });
    const plan = new BatchPlan(studio.client, clock.schedule);
    plan.ask(request(1));
    clock.wind(planAfterMs);
    await settle();
    expect([plan.error?.code, plan.batch]).toEqual(['portraits.no-prompt', null]);
    studio.handlers['portraits.plan'] = () => planned;
    plan.ask(request(2));
    clock.wind(planAfterMs);
    await settle();
    expect([plan.error, plan.batch?.cutOff]).toEqual([null, []]);
  });
});

describe('settings of a portrait are taken over', () => {
  async function opened(studio = testStudio()): Promise<Workspace> {
    const workspace = new Workspace(studio.client, { schedule: handClock().schedule });
    workspace.start();
    await settle();
    return workspace;
  }
  const mask = splitMask({ position: 0.3, tiltDegrees: 10, isSwapped: false });
  const recipe = {
    start: { source: { portraitId: portraitId(3) }, strength: 0.4 },
    second: { subjectId: subjectId(2), adapterId: null, mask, pose: { kind: 'photo', photoId: photoId(1) } },
  };

  test('place and pose of the second person, the start picture, size, sampler and the photos of the face', async () => {
    const workspace = await opened(testStudio({
      'subjects.list': () => [subject(1), subject(2)], 'portraits.recipe': () => recipe,
      'photos.list': () => [photo(1), photo(2)],
    }));
    workspace.useSettings(portrait(5, {
      adapterId: null, widthPx: 256, heightPx: 384, settings: { upscale: 2, sampler: 'unipc', clipSkip: 1 },
      instantly: { pose: { kind: 'none' }, facePhotoIds: [photoId(2), photoId(9)] },
      second: { subjectId: subjectId(2), adapterId: null, likeness: portrait().likeness },
    }));
    await settle();
    const { create } = workspace;
    expect(create.second.request()).toMatchObject({ mask, pose: { kind: 'photo', photoId: photoId(1) } });
    expect(create.begin.request()).toEqual(recipe.start);
    expect(create.sizes).toEqual([{ widthPx: 128, heightPx: 192 }]);
    expect([create.sampler, create.typed.clipSkip, create.facePhotoIds]).toEqual(['unipc', 1, [photoId(2)]]);
  });

  test('without a job that remembers, nobody and nothing of an earlier plan stays', async () => {
    const workspace = await opened(testStudio({ 'portraits.recipe': () => ({ start: null, second: null }) }));
    workspace.create.begin.usePhoto(photoId(1));
    workspace.create.toggleSize(sizeOf('wide', 128));
    workspace.useSettings(portrait(5));
    await settle();
    expect([workspace.create.begin.request(), workspace.create.second.request(), workspace.create.sizes])
      .toEqual([null, null, []]);
  });

  test('a portrait is drawn from: image to image', async () => {
    const workspace = await opened();
    startFrom(workspace, portrait(4));
    expect([workspace.view.page, workspace.create.begin.isFrom(portraitId(4))]).toEqual(['create', true]);
  });
});

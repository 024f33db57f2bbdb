// `likeness batch plan.json`: what is wrong in a plan and where, what it comes to, and that it is drawn once, also when
// it is interrupted on the way.

import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UserError } from '../../src-main/contract/errors.ts';
import type { SubjectId } from '../../src-main/contract/ids.ts';
import { readBatchPlan } from '../../src-main/host/batch-plan.ts';
import { batchesOf } from '../../src-main/host/batch-requests.ts';
import { runBatch } from '../../src-main/host/run-batch.ts';
import { readParameters } from '../../src-main/generation/portrait-file.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';
import { openRealStudio } from '../studio/real-studio.ts';
import { writeTinyResources } from '../studio/tiny-pack.ts';
import { addLook } from '../studio/two-looks.ts';

const silent = { show: () => undefined, note: () => undefined, end: () => undefined };

let folder: string;
let studio: Studio;

async function open(): Promise<void> {
  studio = await openRealStudio(join(folder, 'library'), { resourcesFolder: join(folder, 'resources') });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-plan-'));
  await mkdir(join(folder, 'resources'));
  await writeTinyResources(join(folder, 'resources'));
  await open();
  await studio.run('settings.set', { provider: 'cpu' });
  const [pack] = studio.packs.list();
  const add = async (name: string, ...looks: string[]): Promise<SubjectId> => {
    const { id: subjectId } = await studio.run('subjects.create', { name, hasConsent: true, classWord: 'woman' });
    for (const [index, look] of looks.entries()) {
      await addLook(studio.library, studio.library.folder, pack!, {
        subjectId, name: look, seed: index + 1 + 10 * name.length,
      });
    }
    return subjectId;
  };
  await add('Ada', 'Ada', 'Ada 2');
  await add('Bodil', 'Bodil');
  await add('Cy');
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

async function planFile(content: unknown): Promise<string> {
  const file = join(folder, 'plan.json');
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  return file;
}

async function refusal(content: unknown): Promise<UserError> {
  const error: unknown = await (async () => batchesOf(studio, await readBatchPlan(await planFile(content))))()
    .then(() => undefined, (thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw new Error(`No UserError but ${String(error)}`);
  return error;
}

test.each([
  ['{\n "subjects": ["Ada"\n "count": 3\n}', 'batch.plan-no-json', 'line 3, column 2'],
  ['{ "subjects": ["Ada"]', 'batch.plan-no-json', 'line 1, column 22'],
  ['', 'batch.plan-no-json', 'line 1, column 1'],
  ['[]', 'batch.plan-wrong', 'line 1, column 1'],
  ['{\n  "subjects": []\n}', 'batch.plan-wrong', 'line 2, column 15 (subjects)'],
  ['{ "subjects": ["Ada"],\n "style": [] }', 'batch.plan-wrong', 'line 2, column 2 (style): there is no such field'],
  ['{ "subjects": [{ "name": "Ada", "look": 1 }] }', 'batch.plan-wrong', 'column 33 (subjects[0].look)'],
  ['{ "subjects": ["Ada"], "sizes": ["64x64", "64"] }', 'batch.plan-wrong', '(sizes[1]): write a size as "512x768"'],
  ['{ "subjects": ["Ada"], "sizes": ["64x65"] }', 'batch.plan-wrong', '(sizes[0].height)'],
  ['{ "subjects": ["Ada"], "settings": { "steps": 3 } }', 'batch.plan-wrong', '(settings.steps)'],
  ['{ "subjects": ["Ada"], "seeds": [1], "count": 2 }', 'batch.plan-wrong', '(count): give either seeds'],
  ['{ "subjects": ["Ada"], "names": "../{seed}" }', 'batch.plan-wrong', '(names): names stay inside'],
  ['{ "subjects": ["Ada",\n "Zoe"] }', 'subjects.unknown', 'line 2, column 2 (subjects[1].name): There is no subject'],
  ['{ "subjects": ["Ada"],\n "looks": ["newest", "Zoe"] }', 'looks.unknown', 'line 2, column 22 (looks[1])'],
  ['{ "subjects": ["Cy"] }', 'looks.unknown', '(subjects[0].name)'],
  ['{ "subjects": ["Ada"], "styles": ["casual", "x"] }', 'styles.unknown', '(styles[1])'],
  ['{ "subjects": ["Ada"], "pack": "big" }', 'packs.unknown', '(pack)'],
  ['{ "subjects": ["Ada"], "sizes": ["72x64"] }', 'generation.size', '(subjects[0])'],
  ['{ "subjects": ["Ada"], "count": 900, "prompts": ["{a|b}{c|d}{e|f}{g|h}"], "everyChoice": true }',
    'portraits.too-many', '(subjects[0])'],
])('%s', async (content, code, words) => {
  // the mistakes that the library finds come only once the model is known
  const error = await refusal(code.startsWith('batch.') ? content : content.replace('{', '{ "pack": "tiny",'));
  expect(error.code).toBe(code);
  expect(error.text.what).toContain(words);
});

test('every mistake of a plan is named at once, and a plan that is not there is said to be missing', async () => {
  const { text } = await refusal({ subjects: [{ nam: 'Ada' }], count: 0, seed: -1, everyChoice: 'yes' });
  for (const place of ['subjects[0].name', 'subjects[0].nam', 'count', 'seed', 'everyChoice']) {
    expect(text.what).toContain(`(${place})`);
  }
  await expect(readBatchPlan(join(folder, 'none.json'))).rejects.toMatchObject({ code: 'batch.plan-unreadable' });
});

test('what a subject says of itself stands for it, and the rest is everybody\'s', async () => {
  const read = await readBatchPlan(await planFile({
    pack: 'tiny',
    subjects: ['Ada', { name: 'Bodil', looks: [null, 'Bodil'], count: 1, settings: { samplingSteps: 1 } }],
    looks: ['Ada 2'], prompts: ['{subject} in {red|blue}'], styles: ['casual'], negative: 'hat', seeds: [4, 9],
    sizes: ['64x64', { width: 64, height: 128 }], everyChoice: true, settings: { samplingSteps: 2, guidanceScale: 1 },
  }));
  const [ada, bodil] = await batchesOf(studio, read);
  expect(ada).toMatchObject({ planned: { items: 12 }, request: { seeds: [4, 9], settings: { samplingSteps: 2 } } });
  expect(ada!.looks.map((look) => look?.name)).toEqual(['Ada 2']);
  expect(bodil).toMatchObject({
    planned: { items: 12 }, request: { seed: 1, count: 1, settings: { samplingSteps: 1, guidanceScale: 1 } },
  });
  expect(bodil!.request.seeds).toBeUndefined();
  expect(bodil!.looks.map((look) => look?.name)).toEqual([undefined, 'Bodil']);
});

test('a plan is drawn once, goes on where it was interrupted, and its portraits are named as it says', async () => {
  const file = await planFile({
    pack: 'tiny', subjects: ['Ada', 'Bodil'], prompts: ['{subject}, a {red|blue} hat'], everyChoice: true,
    seeds: [8, 3], settings: { samplingSteps: 1, guidanceScale: 1 }, names: '{subject}/{look}-{prompt}-{seed}.png',
  });
  const output = { folder: join(folder, 'out'), names: (await readBatchPlan(file)).plan.names };
  const begin = async () => runBatch(studio, await batchesOf(studio, await readBatchPlan(file)), output, silent);
  // the window closes after the first portrait
  const interrupted = new Promise<void>((resolve) => {
    const end = studio.subscribe((event) => {
      if (event.type !== 'portrait-added') return;
      end();
      resolve(studio.close());
    });
  });
  void begin().catch(() => undefined);
  await interrupted;
  await open();
  const drawn = await begin();
  const jobs = (await studio.run('jobs.list', {})).filter(({ kind }) => kind === 'create');
  expect(jobs.map(({ itemsDone, items }) => [itemsDone, items])).toEqual([[4, 4], [4, 4]]);
  expect(drawn.map(({ portraits }) => portraits.length)).toEqual([4, 4]);
  const files = await readdir(output.folder, { recursive: true });
  expect(files.filter((name) => name.endsWith('.png')).sort()).toEqual([
    'Ada/Ada 2-1-3.png', 'Ada/Ada 2-1-8.png', 'Ada/Ada 2-2-3.png', 'Ada/Ada 2-2-8.png',
    'Bodil/Bodil-1-3.png', 'Bodil/Bodil-1-8.png', 'Bodil/Bodil-2-3.png', 'Bodil/Bodil-2-8.png',
    'contact-sheet-Ada.png', 'contact-sheet-Bodil.png',
  ].map((name) => join(...name.split('/'))));
  expect(files).not.toContain('.likeness-batch.json');
  const said = await readParameters(await readFile(join(output.folder, 'Ada', 'Ada 2-2-8.png')));
  expect(said!.prompt).toContain('ohwx woman, a blue hat');
  expect(said!.settings.get('Seed')).toBe('8');
});

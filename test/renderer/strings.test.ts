// Both languages say everything, and say it in the same shape; numbers read as people write them; no colour is
// written outside the tokens.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { en } from '../../src-renderer/strings/en.ts';
import { formatBytes, formatDuration, formatLoss, formatSetting } from '../../src-renderer/strings/format.ts';
import { saidText } from '../../src-renderer/strings/said.ts';
import { errorText, verdictLine } from '../../src-renderer/strings/words.ts';
import { zhHans } from '../../src-renderer/strings/zh-hans.ts';
import { printedKeys, shortcuts } from '../../src-renderer/state/shortcuts.ts';
import { photo, verdict } from './nouns.ts';

/** Sections where one language knows ids that another leaves to the studio's own words. */
const openSections = [
  'errors', 'packNames', 'packDescriptions',
  'reasons', 'hints', 'sentences', 'companionNames', 'licenses', 'engineNames', 'engineReasons',
  'names', 'descriptions', 'purposes', 'licenseNames', 'licenseSummaries', 'said',
];

function leaves(value: unknown, path = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null) return new Map([[path, value]]);
  const inner = Object.entries(value).filter(([key]) => !openSections.includes(key));
  return new Map(inner.flatMap(([key, each]) => [...leaves(each, path ? `${path}.${key}` : key)]));
}

test('both languages have the same keys, each with something to say', () => {
  const [english, chinese] = [leaves(en), leaves(zhHans)];
  expect(english.size).toBeGreaterThan(200);
  expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  for (const [key, value] of [...english, ...chinese]) {
    if (typeof value === 'string') expect(value.trim(), key).not.toBe('');
    if (typeof value === 'string') expect(value, key).not.toMatch(/[!！]/);
  }
});

test('Chinese is in Chinese', () => {
  const english = leaves(en);
  const same = [...leaves(zhHans)].filter(([key, value]) => typeof value === 'string' && english.get(key) === value);
  expect(same.map(([key]) => key).sort()).toEqual([
    'batch.helpEscapeExample', 'batch.helpPlaceExample', 'batch.times',
    'export.folders.a1111.lora', 'export.folders.a1111.model', 'export.folders.a1111.word',
    'export.folders.comfyui.lora', 'export.folders.comfyui.model', 'export.folders.comfyui.word',
    'gallery.formats.jpeg.label', 'gallery.formats.png.label', 'gallery.formats.webp.label',
    'instantly.fastTerm', 'instantly.term', 'likeness.engines.antelopev2', 'memory.parts.control-net',
    'memory.parts.identity-net', 'memory.parts.unet', 'memory.parts.vae', 'models.addCommand',
    'models.families.sd15', 'models.families.sd2', 'models.families.sdxl',
    'ownModels.addCommand', 'ownModels.found.lora', 'ownModels.found.vae', 'ownModels.kinds.comfyui', 'run.none',
    'teach.methods.dreambooth.term', 'teach.methods.lora.term', 'teach.methods.textual-inversion.term',
    'teach.prior.term', 'teach.warm.term', 'teach.word.term',
  ]);
});

test('every note of a job has its Chinese, and so has how an engine ended', () => {
  const folders = ['compute', 'studio'].map((name) => join(import.meta.dirname, '../../src-main', name));
  const sources = folders.flatMap((folder) => (
    readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8')))).join('\n');
  const written = [
    ...sources.matchAll(/\bnote\((?:job\.id, )?(['`])(.+?)\1[,)]/g),
    ...sources.matchAll(/: (')(\w.+ into the memory\.)'/g),
  ];
  const notes = written.map(([, , note]) => (
    note!.replace(/\$\{photos.+?\)\}/g, '3 photos').replace(/\$\{.+?\}/g, '3')));
  expect(notes.length).toBeGreaterThan(9);
  expect(notes.filter((note) => !/\p{Script=Han}/u.test(saidText(note, zhHans)))).toEqual([]);

  const ends = [
    'killed by SIGKILL', 'exit code 1', 'it could not be started: ENOENT', 'no reason given',
    'it did not answer and computed nothing for 30 minutes',
  ];
  for (const reason of ends) {
    const said = errorText({ code: 'engine.stopped', what: '', safe: '', todo: '', parameters: { reason } }, zhHans);
    expect(said.what, reason).toMatch(/（.*\p{Script=Han}.*）/u);
  }
});

test('durations get coarser as they grow', () => {
  const durations = [0.2, 40, 360, 7500].map((seconds) => formatDuration(seconds, en));
  expect(durations).toEqual(['1 s', '40 s', '6 min', '2 h 5 min']);
});

test('sizes, losses and settings stay short', () => {
  expect([12, 1536, 20_000_000].map(formatBytes)).toEqual(['12 B', '1.5 kB', '20.0 MB']);
  expect([0.12345, 0.00002].map(formatLoss)).toEqual(['0.1235', '2.0e-5']);
  expect([0.0001, 0.001, 300].map(formatSetting)).toEqual(['1e-4', '0.001', '300']);
});

test('a reason that the page does not know is told in the studio’s words', () => {
  const winking = { ...verdict('left-out', 'winking'), reason: 'one eye is shut' };
  expect(verdictLine(photo(1, { verdict: winking, isUsed: false }), en)).toBe('Left out: one eye is shut');
});

test('every style of the studio has a Chinese name', () => {
  const folder = join(import.meta.dirname, '../../resources/styles');
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  expect(files.length).toBeGreaterThan(40);
  for (const name of files) {
    const text = readFileSync(join(folder, name), 'utf8');
    const style = JSON.parse(text) as Record<'name' | 'group', { 'zh-Hans': string }>;
    for (const each of [style.name, style.group]) expect(each['zh-Hans'], name).toMatch(/[\u4e00-\u9fff]/);
  }
});

test('errors that reach the page are told in Chinese: what happened, what is safe, what to do', () => {
  const folders = ['photos', 'studio', 'jobs', 'library', 'training', 'generation', 'contract', 'compute', 'app',
    'packs', 'checkpoint', 'checkpoint/torch', 'adapter', 'networks', 'text'];
  const root = join(import.meta.dirname, '../../src-main');
  const sources = folders.flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name)));
  const text = sources.filter((name) => name.endsWith('.ts')).map((name) => readFileSync(name, 'utf8')).join();
  const codes = new Set([...text.matchAll(/new UserError\(\s*'([a-z.-]+)'/g)].map(([, code]) => code!));
  // one of two: condition ? 'a.b' : 'a.c'
  for (const [, one, other] of text.matchAll(/\? '([a-z]+\.[a-z-]+)' : '([a-z]+\.[a-z-]+)'/g)) codes.add(one!).add(other!);
  for (const [, code] of text.matchAll(/downloadError\('([a-z-]+)'/g)) codes.add(`download.${code!}`);
  // these are of the command line and of the studio's start, before there is a page
  for (const code of ['photos.folder-missing', 'photos.folder-empty']) codes.delete(code);
  expect(codes.size).toBeGreaterThan(15);
  const parameters = {
    file: 'me.jpg', kind: 'TIFF', width: 1, height: 1, found: 1, trainingStep: 1, multiplePx: 8, count: 1, most: 1,
    snapshotStep: 1, rank: 1, layer: 'x', largest: 1, name: 'me.jpg', step: 1, look: 'Ada', wanted: 1,
    place: 'D', reason: 'EIO', needed: '1', available: '2', free: '1', widthPx: 1, heightPx: 1, factor: 2,
    largestEdgePx: 4,
    adapter: 'SDXL', checkpoint: 'SDXL', its: 'SDXL', model: 'SDXL', host: 'h', status: 404, to: 'x', dtype: 'I4',
    other: 'b.bin', folder: 'f', id: 'x', major: 13, library: 'x.so', packageName: 'p', processId: 1,
    tokens: 4, rows: 2,
  };
  for (const code of codes) {
    const { what, safe, todo } = errorText({ code, what: '', safe: '', todo: '', parameters }, zhHans);
    for (const sentence of [what, safe, todo]) expect(sentence, code).toMatch(/[\u4e00-\u9fff].*。$/);
    expect(what + safe + todo, code).not.toContain('undefined');
  }
});

test('every shortcut has a name in both languages, and keys as the keyboard prints them', () => {
  for (const { label } of shortcuts) expect([en.shortcuts[label], zhHans.shortcuts[label]]).not.toContain(undefined);
  expect(printedKeys(['Ctrl+z', ' ', '?'], true)).toEqual(['⌘Z', 'Space', '?']);
  expect(printedKeys(['Ctrl+z'], false)).toEqual(['Ctrl Z']);
});

test('colours are written in the tokens and nowhere else', () => {
  const folder = join(import.meta.dirname, '../../src-renderer');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(svelte|css)$/.test(name));
  expect(files.length).toBeGreaterThan(30);
  for (const name of files.filter((each) => !each.endsWith('tokens.css'))) {
    const rules = /\.css$/.test(name) ? readFileSync(join(folder, name), 'utf8')
      : (/<style>[^]*<\/style>/.exec(readFileSync(join(folder, name), 'utf8'))?.[0] ?? '');
    expect(rules.match(/#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch)a?\(/gi) ?? [], name).toEqual([]);
  }
});

test('what is found of CUDA’s libraries is told in Chinese', () => {
  const sources = ['cuda-libraries', 'cuda-service', 'cuda-trial'].map((name) => (
    readFileSync(join(import.meta.dirname, `../../src-main/studio/${name}.ts`), 'utf8')));
  const notes = [
    'CUDA was tried and computes right.',
    'NVIDIA’s driver ended the trial (SIGSEGV). Start the machine again, install the newest driver, and try again.',
    'CUDA does not work here: it fails. Install the newest driver from your distribution or NVIDIA, and try again.',
    'NVIDIA’s driver is too old for this CUDA. Install a newer driver, start the machine again, and try again.',
    'NVIDIA’s driver finds no card that can compute. Check that the card is seen by nvidia-smi, and try again.',
    'This card is older than ONNX Runtime’s CUDA provider is made for. WebGPU does the work meanwhile.',
    'Other programs have taken the card’s memory. Close them, and try again.',
    'Some of what was fetched has been changed or removed.',
  ];
  const partOf = (note: string): string => note.split(/ \(|: /)[0]!;
  for (const note of notes) {
    expect(sources.join(), note).toContain(partOf(note));
    expect(saidText(note, zhHans), note).toMatch(/[\u4e00-\u9fff].*。$/);
  }
});

// Teaching from a terminal: every method, Ctrl+C and how to go on, files in every form.

import { type ChildProcess, spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { trainingSettingsOf, addTrainingOptions } from '../../src-main/host/training-options.ts';
import { Command } from 'commander';
import { writeTinyPack } from '../studio/tiny-pack.ts';

const root = join(import.meta.dirname, '..', '..');
const quick = [
  '--pack', 'pack', '--provider', 'cpu', '--training-steps', '3', '--batch-size', '1', '--warmup-steps', '0',
  '--gradient-accumulation-steps', '1', '--snapshot-every', '2', '--preview-count', '1',
];
const small = ['--count', '1', '--sampling-steps', '1', '--width', '64', '--height', '64'];
let folder: string;

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs the program like a shell does: in a process group of its own, which Ctrl+C reaches as a whole. */
function likeness(words: readonly string[], onErrors?: (errors: string, child: ChildProcess) => void): Promise<Ended> {
  const program = join(root, 'src-main', 'host', 'cli.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...words], {
    cwd: folder, env: { ...process.env, XDG_DATA_HOME: join(folder, 'data') }, stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
    onErrors?.(errors, child);
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output, errors })));
}

function documentOf({ code, output, errors }: Ended): Record<string, never> {
  expect(code, errors).toBe(0);
  return JSON.parse(output) as Record<string, never>;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-terminal-'));
  await writeTinyPack(join(folder, 'pack'));
  await mkdir(join(folder, 'Ada'));
  await copyFile(join(root, 'test', 'photos', 'astronaut.png'), join(folder, 'Ada', 'one.png'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('every setting has an option, and a rank brings its alpha', () => {
  const parse = (...words: string[]) => {
    const command = addTrainingOptions(new Command().exitOverride().configureOutput({ writeErr: () => undefined }));
    return trainingSettingsOf(command.parse(words, { from: 'user' }).opts());
  };
  expect(parse('--rank', '4', '--buckets', '--prior', 'images', '--new-word', 'zqx')).toEqual(
    { rank: 4, loraAlpha: 4, useBuckets: true, prior: 'images', newWord: 'zqx' });
  expect(parse('--rank', '4', '--lora-alpha', '1', '--training-seed', '9')).toEqual({ rank: 4, loraAlpha: 1, seed: 9 });
  expect(parse()).toEqual({});
  for (const wrong of [['--rank', '0'], ['--new-word', 'two words'], ['--prior', 'x'], ['--caption-dropout', '2']]) {
    expect(() => parse(...wrong), wrong.join(' ')).toThrow();
  }
});

test.each([
  ['dreambooth', ['--prior', 'prediction'], 'ada.safetensors'],
  ['textual-inversion', ['--vectors', '2'], 'ohwxface.safetensors'],
] as const)('portraits --method %s', async (method, more, file) => {
  const out = `out-${method}`;
  const report = documentOf(await likeness([
    'portraits', '--photos', 'Ada', '--method', method, ...more, ...quick, ...small, '--out', out, '--json']));
  expect(report).toMatchObject({
    training: { method, trainingSteps: 3, snapshots: [{ step: 2 }, { step: 3 }] }, look: { precision: 'float16' },
  });
  expect((await readdir(join(folder, out))).sort()).toEqual(
    [file, 'contact-sheet.png', 'seed-1-with-look.png', 'seed-1-without.png'].sort());
});

test('Ctrl+C pauses and says how to go on; the run goes on, and can be finished', async () => {
  let isAsked = false;
  const words = ['train', '--photos', 'Ada', ...quick, '--rank', '2', '--preview-count', '0', '--json'];
  const stopped = await likeness(
    words.map((word, index) => (words[index - 1] === '--training-steps' ? '4000' : word)),
    (errors, child) => {
      if (isAsked || !/Teaching.*\d\/4000/.test(errors)) return;
      isAsked = true;
      // the whole group, as a terminal does it
      process.kill(process.platform === 'win32' ? child.pid! : -child.pid!, 'SIGINT');
    });
  expect(stopped.code, stopped.errors).toBe(130);
  const { error } = JSON.parse(stopped.output) as { error: { todo: string; parameters: { job: string } } };
  expect(error).toMatchObject({ code: 'jobs.paused' });
  expect(error.todo).toContain(`likeness train --resume ${error.parameters.job}`);
  expect(stopped.errors).toContain('Pausing after this step');
  const nobody = await likeness(['train', '--resume', 'f'.repeat(32), '--json']);
  expect(JSON.parse(nobody.output)).toMatchObject({ error: { code: 'jobs.unknown' } });
  const finished = documentOf(await likeness(['train', '--resume', error.parameters.job, '--finish', '--json']));
  expect(finished).toMatchObject({ job: error.parameters.job, look: { name: 'Ada', method: 'lora' } });
});

test('export writes the forms of a look, and drawing takes them by their file', async () => {
  const exported = async (...words: string[]) => documentOf(
    await likeness(['export', '--subject', 'Ada', ...words, '--json']));
  expect(await exported('--format', 'diffusers', '--precision', 'float32', '--out', 'd.safetensors')).toMatchObject(
    { format: 'diffusers', precision: 'float32', look: 'Ada' });
  await exported('--format', 'checkpoint', '--out', 'whole.safetensors');
  expect((await readFile(join(folder, 'whole.safetensors'))).byteLength).toBeGreaterThan(100_000);
  const wrong = await likeness(['export', '--subject', 'Ada', '--format', 'embedding', '--json']);
  expect(JSON.parse(wrong.output)).toMatchObject({ error: { code: 'looks.format' } });
  for (const adapter of ['d.safetensors', 'out-textual-inversion/ohwxface.safetensors']) {
    documentOf(await likeness([
      'generate', '--adapter', adapter, '--pack', 'pack', '--provider', 'cpu', ...small, '--out', 'drawn', '--json']));
  }
});

test('a plan of memory counts the look that is drawn with', async () => {
  const weightsOf = async (...words: string[]) => {
    const planned = await likeness(['plan', '--pack', 'pack', '--provider', 'cpu', '--rank', '2', ...words, '--json']);
    const document = documentOf(planned) as unknown as {
      look: string | null; portraits: { parts: { name: string; weightBytes: number }[] };
    };
    const { look, portraits: { parts } } = document;
    return { look, bytes: parts.find(({ name }) => name === 'unet')!.weightBytes };
  };
  const [alone, withLook] = [await weightsOf(), await weightsOf('--subject', 'Ada')];
  expect([alone.look, withLook.look]).toEqual([null, 'Ada']);
  expect(withLook.bytes).toBeGreaterThan(alone.bytes);
});

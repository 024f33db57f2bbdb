// Pictures of a class: drawn once for a model, drawn anew when its weights are others, on a real library with an engine
// that only writes down its name.

import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { NewCreateRequest } from '../../src-main/contract/engine-create.ts';
import type { PackId } from '../../src-main/contract/ids.ts';
import { type Library, openLibrary } from '../../src-main/library/library.ts';
import { generationDefaultsFor } from '../../src-main/packs/default-settings.ts';
import type { ShelvedPack } from '../../src-main/packs/pack-shelf.ts';
import { classImages } from '../../src-main/studio/class-images.ts';
import type { StudioContext } from '../../src-main/studio/context.ts';
import { writeTinyPack } from './tiny-pack.ts';

let folder: string;
let library: Library;
let pack: ShelvedPack;
let drawn: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-class-'));
  library = await openLibrary(join(folder, 'library'));
  pack = {
    id: 'starter' as PackId, name: 'Sketch', checkpointPath: await writeTinyPack(join(folder, 'pack')), vaeFile: null,
    isBuiltIn: true, generationDefaults: generationDefaultsFor(64),
  } as ShelvedPack;
  drawn = [];
});
afterEach(async () => {
  library.close();
  await rm(folder, { recursive: true, force: true });
});

/** Every picture is the seed and how many were drawn before. */
const engine = {
  async run(request: NewCreateRequest, _: AbortSignal, { onItem }: { onItem(item: object): Promise<void> }) {
    for (const { key } of request.items) {
      const file = join(request.outputFolder, `${key}.png`);
      await writeFile(file, `${key} of ${drawn.push(key)}`);
      await onItem({ kind: 'portrait', key, file });
    }
  },
};

async function pictures(changes: Partial<ShelvedPack> = {}): Promise<string[]> {
  const context = { library, engine, version: '1.0.0' } as unknown as StudioContext;
  const wanted = { pack: { ...pack, ...changes }, classWord: 'woman', edgePx: 64, count: 2 } as const;
  const files = await classImages(context, wanted, new AbortController().signal, () => undefined);
  return await Promise.all(files.map((file) => readFile(file, 'utf8')));
}

/** An update brings other weights of the same size in the same place. */
async function updateUnet(): Promise<void> {
  const file = join(pack.checkpointPath, 'unet', 'diffusion_pytorch_model.safetensors');
  const { size } = await stat(file);
  const handle = await open(file, 'r+');
  await handle.write(Buffer.from([1, 2]), 0, 2, size - 2);
  await handle.close();
}

test('they are drawn once, and by weights that an update brought anew; the old ones go with their files', async () => {
  expect(await pictures()).toEqual(['1 of 1', '2 of 2']);
  expect(await pictures()).toEqual(['1 of 1', '2 of 2']);
  await library.sweep();
  const before = library.traces.fileBytes();
  await updateUnet();
  expect(await pictures()).toEqual(['1 of 3', '2 of 4']);
  expect(drawn).toEqual(['1', '2', '1', '2']);
  expect(library.traces.fileBytes()).toBe(before);
  expect(await library.checkFiles()).toMatchObject({ checked: 2, missing: [], damaged: [] });
});

test('those of another model stay where one is updated', async () => {
  const other = { id: 'other' as PackId, checkpointPath: await writeTinyPack(join(folder, 'other')) };
  await pictures(other);
  await updateUnet();
  await pictures();
  expect(await pictures(other)).toEqual(['1 of 1', '2 of 2']);
});

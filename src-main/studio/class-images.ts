// Pictures of a class that keep it as it was while a face is learned (prior preservation, Ruiz et al. 2023): drawn by
// the base model alone, once for each model, class and size, and kept for every subject. More are only added; where the
// model's weights are others than those that drew them, all are drawn anew.

import type { PackId } from '../contract/ids.ts';
import type { ClassWord } from '../contract/nouns.ts';
import type { Progress } from '../contract/work.ts';
import { classCaption } from '../dataset/captions.ts';
import type { ClassImageKey } from '../library/class-images.ts';
import type { ShelvedPack } from '../packs/pack-shelf.ts';
import { weightsMark } from '../packs/weights-mark.ts';
import type { StudioContext } from './context.ts';
import { readResult, withWorkFolder } from './engine-work.ts';

export interface WantedClassImages {
  readonly pack: ShelvedPack;
  readonly classWord: ClassWord;
  readonly edgePx: number;
  readonly count: number;
}

/** The files of as many pictures of the class as wanted, after drawing those that are missing. */
export async function classImages(
  context: StudioContext, wanted: WantedClassImages, signal: AbortSignal, onProgress: (progress: Progress) => void,
): Promise<string[]> {
  const { library } = context;
  const { pack, classWord, edgePx, count } = wanted;
  const mark = await weightsMark(pack, library.companions, signal);
  const key: ClassImageKey = { packId: pack.id satisfies PackId, weightsMark: mark, classWord, edgePx };
  await removeOthers(context, key);
  const missing = await missingSeeds(context, key, count);
  if (missing.length > 0) await draw(context, wanted, key, missing, signal, onProgress);
  return library.classImages.list(key).filter(({ seed }) => seed <= count).map(({ fileSha256 }) => (
    library.pathOf(fileSha256)));
}

/** Pictures by the weights that this model had before: nothing asks for them again. */
async function removeOthers({ library }: StudioContext, key: ClassImageKey): Promise<void> {
  await library.exclusively(async () => {
    if (library.classImages.removeOthers(key) > 0) await library.freeing(() => library.sweep());
  });
}

/** Seeds from 1 whose picture was never drawn, or is not in the store any more. */
async function missingSeeds({ library }: StudioContext, key: ClassImageKey, count: number): Promise<number[]> {
  const known = new Set<number>();
  for (const { seed, fileSha256 } of library.classImages.list(key)) {
    if (await library.hasFile(fileSha256)) known.add(seed);
  }
  return Array.from({ length: count }, (_, index) => index + 1).filter((seed) => !known.has(seed));
}

async function draw(
  context: StudioContext, { pack, classWord, edgePx }: WantedClassImages, key: ClassImageKey,
  seeds: readonly number[], signal: AbortSignal, onProgress: (progress: Progress) => void,
): Promise<void> {
  const { library, engine, version } = context;
  const settings = { ...pack.generationDefaults, widthPx: edgePx, heightPx: edgePx };
  await withWorkFolder(library.folder, (folder) => engine.run({
    kind: 'create', start: null, checkpointPath: pack.checkpointPath, vaeFile: pack.vaeFile,
    provider: library.settings.get().provider,
    modelName: pack.name, version, adapter: null, references: [], outputFolder: folder, settings,
    items: seeds.map((seed) => ({
      key: String(seed), prompt: classCaption(classWord), negativePrompt: '', seed, adapterStrength: 0,
    })),
  }, signal, {
    onProgress: ({ phase, ...progress }) => onProgress({
      ...progress, phase: phase === 'drawing' ? 'drawing-class' : phase,
    }),
    onItem: async (item) => {
      if (item.kind !== 'portrait') return;
      const bytes = await readResult(folder, item.file);
      await library.exclusively(async () => {
        library.classImages.insert(key, Number(item.key), await library.keepFile(bytes, 'image/png'));
      });
    },
  }));
}

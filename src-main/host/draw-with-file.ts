// Draws with a LoRA or an embedding from anywhere: nothing of it is kept but the portraits in the chosen folder.

import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { detectFileKind } from '../checkpoint/architecture.ts';
import { writeFileAtomically } from '../checkpoint/atomic-file.ts';
import { readSafetensorsHeader } from '../checkpoint/safetensors.ts';
import type { Method } from '../contract/settings.ts';
import { drawingSettings } from '../packs/default-settings.ts';
import { findStyle, stylesFor } from '../packs/styles.ts';
import type { Studio } from '../studio/open-studio.ts';
import { embeddingWords, withWords } from '../studio/embedding-words.ts';
import { readyAddOns } from '../studio/found-models.ts';
import { withWorkFolder } from '../studio/engine-work.ts';
import { chosenBySeed, everyChoice } from '../text/wildcards.ts';
import { addOnsOf, packOf } from './add-ons.ts';
import type { GenerateOptions } from './commands/generate.ts';
import type { Outcome } from './commands/run-command.ts';
import { usualDenoisingStrength } from './options.ts';
import { givenSettings } from './people.ts';
import { portraitsAre, progressDisplay } from './terminal.ts';

/** Draws every prompt and style on every seed. Throws what the adapter's reader says of a file that does not fit. */
export async function drawWithFile(studio: Studio, options: GenerateOptions): Promise<Outcome> {
  const pack = await packOf(studio, options);
  const addOns = readyAddOns(studio, pack, await addOnsOf(studio, options));
  const method = await methodOf(options.adapter!);
  const settings = drawingSettings(pack, givenSettings(options), { isInstant: false, method });
  const words = embeddingWords(addOns);
  const prompts = (await promptsOf(studio, options, pack.isBuiltIn)).map((each) => withWords(each, words));
  const items = itemsOf(prompts, options, settings.adapterStrength);
  const out = path.resolve(options.out ?? 'portraits');
  const portraits: { file: string; seed: number; prompt: string }[] = [];
  const display = progressDisplay(process.stderr);
  await withWorkFolder(studio.library.folder, (folder) => studio.engine.run({
    kind: 'create', checkpointPath: pack.checkpointPath, provider: options.provider, modelName: pack.name,
    version: studio.version, vaeFile: pack.vaeFile, addOns,
    adapter: { method, file: path.resolve(options.adapter!), word: '' },
    items, settings, references: [], start: startOf(options),
    fastAdapterFile: studio.companions.instantIdFor(pack).fastAdapterFile, outputFolder: folder,
  }, new AbortController().signal, {
    onProgress: display.show,
    onNote: display.note,
    onItem: async (item) => {
      if (item.kind !== 'portrait') return;
      const { prompt, seed } = items.find(({ key }) => key === item.key)!;
      const file = path.join(out, `${item.key}.png`);
      await mkdir(out, { recursive: true });
      const bytes = await readFile(item.file);
      await writeFileAtomically(file, async (handle) => { await handle.writeFile(bytes); });
      portraits.push({ file, seed, prompt });
    },
  }));
  display.end();
  return { document: { portraits, folder: out }, text: `${portraitsAre(portraits.length)} in ${out}` };
}

/** Every prompt with one of its choices, or all, on every seed. */
function itemsOf(
  prompts: readonly { readonly prompt: string; readonly negativePrompt: string }[],
  { everyChoice: hasAll = false, count, seed: first }: GenerateOptions, adapterStrength: number,
) {
  const templates = prompts.flatMap(({ prompt, negativePrompt }) => (
    (hasAll ? everyChoice(prompt) : [prompt]).map((text) => ({ prompt: text, negativePrompt }))));
  return templates.flatMap(({ prompt, negativePrompt }, template) => Array.from({ length: count }, (_, index) => {
    const seed = first + index;
    return {
      prompt: chosenBySeed(prompt, seed), negativePrompt: chosenBySeed(negativePrompt, seed, 1), seed, adapterStrength,
      key: `${templates.length > 1 ? `${template + 1}-` : ''}seed-${seed}`,
    };
  }));
}

function startOf({ image, denoisingStrength: strength = usualDenoisingStrength }: GenerateOptions) {
  return image === undefined ? null : { file: path.resolve(image), strength, isPhoto: true };
}

/** A LoRA or an embedding; what is neither is refused by the LoRA's reader, which says what it is. */
async function methodOf(file: string): Promise<Method> {
  if (!file.toLowerCase().endsWith('.safetensors')) return 'textual-inversion';
  const { tensors } = await readSafetensorsHeader(path.resolve(file));
  return detectFileKind(tensors) === 'textual-inversion' ? 'textual-inversion' : 'lora';
}

async function promptsOf(
  studio: Studio, { prompt, style, negative }: GenerateOptions, isBuiltIn: boolean,
): Promise<{ prompt: string; negativePrompt: string }[]> {
  const own = prompt.map((text) => ({ prompt: text, negativePrompt: negative }));
  const styles = stylesFor(studio.styles, { isBuiltIn });
  const styled = style.map((id) => findStyle(styles, id)).map((found) => ({
    prompt: found.prompt.replaceAll('{subject}', 'person'),
    negativePrompt: [found.negativePrompt, negative].filter(Boolean).join(', '),
  }));
  const all = [...own, ...styled];
  return all.length > 0 ? all : [{ prompt: 'photo of a person', negativePrompt: negative }];
}

// How other programs lay out their models: which folders below the named one are worth a look, and which are not.

import { readFile, readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import type { ModelFolderKind } from '../library/model-folders.ts';

export interface ModelLayout {
  readonly kind: Exclude<ModelFolderKind, 'file'>;
  /** Absolute; each is looked through with everything below it. */
  readonly roots: readonly string[];
}

/** Where ComfyUI, A1111 and Forge keep what Likeness can use, below models/ or where their settings say. */
const wantedNames = new Set([
  'checkpoints', 'loras', 'embeddings', 'vae', 'diffusion_models', 'unet', 'instantid', 'insightface', 'controlnet',
  'stable-diffusion', 'lora', 'lycoris', 'antelopev2',
]);

/** Tells the layout by what lies in the folder. Throws what readdir throws of the folder itself. */
export async function layoutOf(folder: string): Promise<ModelLayout> {
  const entries = await readdir(folder);
  const names = new Set(entries.map((name) => name.toLowerCase()));
  if (entries.some((name) => name.startsWith('models--'))) return { kind: 'hugging-face', roots: [folder] };
  if (names.has('hub') && (await namesIn(path.join(folder, 'hub'))).some((name) => name.startsWith('models--'))) {
    return { kind: 'hugging-face', roots: [path.join(folder, 'hub')] };
  }
  const models = entries.find((name) => name.toLowerCase() === 'models');
  const base = models === undefined ? folder : path.join(folder, models);
  const inBase = models === undefined ? entries : await namesIn(base);
  const has = (name: string): boolean => inBase.some((one) => one.toLowerCase() === name);
  const kind = has('stable-diffusion') ? 'a1111' : has('checkpoints') ? 'comfyui' : 'folder';
  if (kind === 'folder') return { kind, roots: [folder] };
  const isWanted = (name: string): boolean => wantedNames.has(name.toLowerCase());
  const beside = entries.filter((name) => name.toLowerCase() === 'embeddings');
  return { kind, roots: [
    ...inBase.filter(isWanted).map((name) => path.join(base, name)),
    ...(models === undefined ? [] : beside.map((name) => path.join(folder, name))),
    ...await extraPaths(folder),
  ] };
}

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}

const maxYamlBytes = 100_000;

/**
 * The folders that ComfyUI's extra_model_paths.yaml names. Of YAML it understands what that file is made of: a section
 * with `base_path` and one folder a line, or several under `|`.
 */
async function extraPaths(folder: string): Promise<string[]> {
  const file = path.join(folder, 'extra_model_paths.yaml');
  const isSmall = await stat(file).then(({ size }) => size <= maxYamlBytes, () => false);
  const lines = isSmall ? (await readFile(file, 'utf8').catch(() => '')).split(/\r?\n/) : [];
  const found: string[] = [];
  let [base, key] = [folder, ''];
  for (const line of lines.map((each) => each.replace(/(?:^|\s)#.*$/, ''))) {
    if (/^\S/.test(line)) [base, key] = [folder, ''];
    const [, name, value] = /^\s+([\w-]+):\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined) key = name;
    const place = (value ?? line.trim()).replace(/^["']|["']$/g, '');
    if (place === '' || place === '|') continue;
    if (key === 'base_path') base = path.resolve(folder, place.replace(/^~(?=[/\\])/, homedir()));
    else if (wantedNames.has(key.toLowerCase())) found.push(path.resolve(base, place));
  }
  return [...new Set(found)];
}

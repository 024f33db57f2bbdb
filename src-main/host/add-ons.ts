// LoRAs, embeddings and a VAE of the user's own on the command line: by path, or by the name of what was found.

import path from 'node:path';
import type { Command } from 'commander';
import type { AddOn } from '../contract/add-ons.ts';
import type { FoundModel } from '../contract/models.ts';
import { notAVaeFor, notAnAddOn } from '../packs/model-errors.ts';
import { foundIdOf } from '../packs/model-facts.ts';
import { type ShelvedPack, findPack } from '../packs/pack-shelf.ts';
import type { Studio } from '../studio/open-studio.ts';
import { collect } from './options.ts';

export interface AddOnOptions {
  readonly lora?: readonly string[];
  readonly embedding?: readonly string[];
  readonly vae?: string;
}

export function addAddOnOptions(command: Command): Command {
  return command
    .option('--lora <path[:strength]>', 'a LoRA beside the look, by its path or by the name of one that was found '
      + '(likeness models found); from -2 to 2, 1 when left out (repeatable)', collect, [])
    .option('--embedding <path[:strength]>', 'an embedding; its word goes to the end of prompts that do not have it, '
      + 'and into the negative prompt where its name says so (repeatable)', collect, [])
    .option('--vae <path>', 'a VAE for this model in the place of its own, from now on');
}

/** 'detail.safetensors:0.6' as a place and a strength; the colon of a Windows drive is none. */
export function placeAndStrength(text: string): { place: string; strength: number } {
  const [, place, strength] = /^(.+):(-?\d+(?:\.\d+)?)$/.exec(text) ?? [];
  const number = Number(strength);
  const isStrength = place !== undefined && Math.abs(number) <= 2;
  return isStrength ? { place, strength: number } : { place: text, strength: 1 };
}

/** Add-ons as portraits.create takes them. Throws models.place-missing, models.not-usable, models.not-an-add-on. */
export async function addOnsOf(
  studio: Studio, { lora = [], embedding = [] }: AddOnOptions, folder = '.',
): Promise<AddOn[]> {
  const addOns: AddOn[] = [];
  for (const [kind, texts] of [['lora', lora], ['embedding', embedding]] as const) {
    for (const text of texts) {
      const { place, strength } = placeAndStrength(text);
      const found = await foundAt(studio, kind, path.resolve(folder, place), place);
      addOns.push({ foundId: found.id, strength });
    }
  }
  return addOns;
}

/** What was found under this name, else what lies at the path, which is remembered. */
async function foundAt(studio: Studio, kind: FoundModel['kind'], place: string, name: string): Promise<FoundModel> {
  const all = studio.modelFolders.found().filter((one) => one.kind === kind && one.state === 'ready');
  const named = all.find((one) => one.id === foundIdOf(place))
    ?? all.find((one) => one.name === name || one.fileName === name);
  if (named) return named;
  await studio.modelFolders.add(place);
  const added = studio.modelFolders.found().find(({ id }) => id === foundIdOf(place));
  if (added?.kind !== kind) throw kind === 'vae' ? notAVaeFor(path.basename(place)) : notAnAddOn(path.basename(place));
  return added;
}

/** The base model of --pack with the VAE of --vae. Throws what findPack throws, and models.not-a-vae. */
export async function packOf(
  studio: Studio, { pack: named, vae }: AddOnOptions & { readonly pack: string }, folder = '.',
): Promise<ShelvedPack> {
  if (vae === undefined) return await findPack(studio.packs, named);
  const found = await foundAt(studio, 'vae', path.resolve(folder, vae), vae);
  if (!studio.packs.list().some(({ id }) => id === named)) await studio.modelFolders.add(named);
  const pack = await findPack(studio.packs, named);
  await studio.run('models.setVae', { packId: pack.id, foundId: found.id });
  return studio.packs.get(pack.id);
}

// The scales of LoRAs whose files hold no alpha: PEFT's adapter_config.json beside a raw adapter, and the
// lora_adapter_metadata that diffusers writes into its files' metadata. rank_pattern and alpha_pattern give single
// layers their own.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';

import type { AdaptedNetwork } from './lora-layers.ts';
import { brokenLora, unsupportedForm } from './lora-errors.ts';

const pattern = z.record(z.string(), z.number()).nullish();

const settingsFile = z.object({
  r: z.number().positive(),
  lora_alpha: z.number(),
  use_rslora: z.boolean().nullish(),
  use_dora: z.boolean().nullish(),
  rank_pattern: pattern,
  alpha_pattern: pattern,
});

type Settings = z.infer<typeof settingsFile>;

/** The settings by network; a raw PEFT adapter has one for whatever network it is of. */
export type PeftSettings = Partial<Record<AdaptedNetwork | 'any', Settings>>;

const prefixes: readonly (readonly [string, AdaptedNetwork])[] = [
  ['unet.', 'unet'], ['text_encoder.', 'textEncoder'], ['text_encoder_2.', 'textEncoder2'],
];

/** Reads the settings that belong to a file; empty where there are none, so that alpha is the rank. */
export async function readPeftSettings(
  file: string, names: readonly string[], metadata: ReadonlyMap<string, string>,
): Promise<PeftSettings> {
  const header = metadata.get('lora_adapter_metadata');
  if (header !== undefined) return settingsOfHeader(file, header);
  if (!names.some((name) => name.startsWith('base_model.model.'))) return {};
  const stem = path.join(path.dirname(file), path.basename(file, path.extname(file)));
  for (const candidate of [`${stem}.adapter_config.json`, path.join(path.dirname(file), 'adapter_config.json')]) {
    const text = await readFile(candidate, 'utf8').catch(() => undefined);
    if (text !== undefined) return { any: parseSettings(file, path.basename(candidate), parseJson(text)) };
  }
  return {};
}

/** A flat object with keys like 'unet.r' and 'text_encoder.lora_alpha'. */
function settingsOfHeader(file: string, text: string): PeftSettings {
  const where = 'lora_adapter_metadata';
  const json = parseJson(text);
  if (json === null || typeof json !== 'object') throw brokenLora(file, where, 'its settings cannot be read');
  const settings: PeftSettings = {};
  for (const [prefix, network] of prefixes) {
    const own = Object.entries(json).filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), value as unknown] as const);
    if (own.length > 0) settings[network] = parseSettings(file, where, Object.fromEntries(own));
  }
  return settings;
}

function parseSettings(file: string, where: string, json: unknown): Settings {
  const parsed = settingsFile.safeParse(json);
  if (!parsed.success) throw brokenLora(file, where, 'its settings cannot be read');
  if (parsed.data.use_dora) throw unsupportedForm(file, 'use_dora');
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * The loraAlpha that the settings give a layer of this rank; undefined where they say nothing of its network.
 * Refuses settings that name another rank than the layer's matrices have, because PEFT divides by the one it is told.
 */
export function peftAlpha(
  settings: PeftSettings, file: string, network: AdaptedNetwork, modulePath: string, rank: number,
): number | undefined {
  const own = settings[network] ?? settings.any;
  if (!own) return undefined;
  const saidRank = lookUp(file, own.rank_pattern, modulePath) ?? own.r;
  if (saidRank !== rank) throw brokenLora(file, modulePath, `its settings say rank ${saidRank}, its matrices ${rank}`);
  const alpha = lookUp(file, own.alpha_pattern, modulePath) ?? own.lora_alpha;
  // Kalajdzievski 2023: alpha / sqrt(r) in place of alpha / r
  return own.use_rslora ? alpha * Math.sqrt(rank) : alpha;
}

/**
 * PEFT takes the keys as regular expressions that the end of a module's path must match. Those it writes itself are
 * plain paths, perhaps anchored; anything else a stranger could write is refused rather than run.
 */
function lookUp(file: string, patterns: Settings['rank_pattern'], modulePath: string): number | undefined {
  for (const [key, value] of Object.entries(patterns ?? {})) {
    const isWhole = key.startsWith('^');
    const plain = key.replace(/^\^/, '').replace(/\$$/, '').replaceAll('\\.', '.');
    if (!/^[\w.-]+$/.test(plain)) throw brokenLora(file, key.slice(0, 100), 'its settings cannot be read');
    if (modulePath === plain || (!isWhole && modulePath.endsWith(`.${plain}`))) return value;
  }
  return undefined;
}

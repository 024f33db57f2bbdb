// What a batch would be, before anything is drawn: how many portraits, of what prompts, for how long, and which words
// would have no effect.

import type { AdapterId } from '../contract/ids.ts';
import type { CommandResponse, ParsedRequest } from '../contract/studio.ts';
import { cutOffText } from '../text/cut-off.ts';
import { promptEncoder } from '../text/prompt-encoder.ts';
import type { BatchItem } from './batch-items.ts';
import type { Handlers, StudioContext } from './context.ts';
import { secondsFor } from './drawing-pace.ts';
import { batchOf } from './portraits.ts';

type Plan = CommandResponse<'portraits.plan'>;

/** Prompts that are shown, and texts that are named. */
const shown = 20;
/** Where none is given, so that a plan stays the same while a prompt is written. */
const planSeed = 1;

export function planCommands(context: StudioContext): Handlers<'portraits.plan'> {
  return { 'portraits.plan': (request) => planOf(context, request) };
}

/** Throws what portraits.create would throw. */
async function planOf(context: StudioContext, request: ParsedRequest<'portraits.plan'>): Promise<Plan> {
  const { items, parameters } = batchOf(context, { ...request, seed: request.seed ?? planSeed });
  const prompts = unique(items.map(({ prompt }) => prompt)).slice(0, shown);
  return {
    items: items.length, prompts, etaSeconds: secondsFor(context, parameters, items),
    cutOff: await cutOffIn(context, request, items),
  };
}

async function cutOffIn(
  context: StudioContext, { packId, second }: ParsedRequest<'portraits.plan'>, items: readonly BatchItem[],
): Promise<string[]> {
  const { architecture, checkpointPath } = context.packs.get(packId);
  const tokenizer = await context.tokenizer(checkpointPath);
  const found: string[] = [];
  for (const adapterId of unique(items.map((item) => item.adapterId ?? null))) {
    const learnedTokens = learnedWords(context, [adapterId, second?.adapterId ?? null]);
    const encoder = promptEncoder(tokenizer, { architecture, learnedTokens });
    const own = items.filter((item) => (item.adapterId ?? null) === adapterId);
    const texts = unique(own.flatMap(({ prompt, negativePrompt }) => [prompt, negativePrompt]));
    found.push(...texts.map((text) => cutOffText(encoder, text)).filter((text) => text !== ''));
  }
  return unique(found).slice(0, shown);
}

/** New words of these looks; of a word that two bring, the first counts. */
function learnedWords({ library }: StudioContext, adapterIds: readonly (AdapterId | null)[]) {
  const looks = adapterIds.flatMap((id) => (id === null ? [] : library.adapters.get(id) ?? []));
  const words = new Map(looks.filter(({ vectorCount }) => vectorCount > 0)
    .map(({ triggerWord, vectorCount }) => [triggerWord, vectorCount]));
  return [...words].map(([word, vectors]) => ({ word, vectors }));
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

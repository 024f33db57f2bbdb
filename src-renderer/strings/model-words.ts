// What networks, their licences and what they lack are called in the page's language.

import type { CompanionView } from '../../src-main/contract/companions.ts';
import type { FaceEngine } from '../../src-main/contract/faces.ts';
import type { Pack } from '../../src-main/contract/nouns.ts';
import { lackOf } from '../state/models.svelte.ts';
import type { Words } from './en.ts';
import { formatBytes } from './format.ts';

/** Name of a network; the studio's own where this language has none. */
export function companionName({ kind, name }: CompanionView, words: Words): string {
  return words.models.companionNames[kind] ?? name;
}

/** A licence in one line; the studio's own where this language has none. */
export function licenseText({ licenseId, license }: { licenseId: string; license: string }, words: Words): string {
  return words.models.licenses[licenseId] ?? words.models.licenses[license] ?? license;
}

/** What a licence allows, without what it is for. */
export function licenseLimit(one: { licenseId: string; license: string }, words: Words): string {
  return licenseText(one, words).replace(/^[^:：]+[:：]\s*/, '');
}

export function engineName({ id, name }: Pick<FaceEngine, 'id' | 'name'>, words: Words): string {
  return words.models.engineNames[id] ?? name;
}

/** Why it cannot be used; '' when it can. */
export function engineReason({ id, reason }: FaceEngine, words: Words): string {
  return reason === '' ? '' : (words.models.engineReasons[id] ?? reason);
}

/**
 * What a model lacks for instant portraits, a sentence a part: the studio's own sentences, or in a language that has
 * names for the parts made of these.
 */
export function instantMissing(pack: Pack, needed: readonly CompanionView[], words: Words): string[] {
  const lacking = needed.filter((one) => lackOf(one) !== null);
  const hasNames = lacking.length > 0 && lacking.every(({ kind }) => words.models.companionNames[kind] !== undefined);
  if (!hasNames) return (pack.instantly?.missing ?? []).map((said) => words.instantly.sentences[said] ?? said);
  return lacking.map((one) => {
    const lack = lackOf(one)!;
    const what = lack === 'missing' ? formatBytes(one.sizeBytes) : words.models.partStates[lack];
    return words.instantly.missingPart(companionName(one, words), what, licenseLimit(one, words));
  });
}

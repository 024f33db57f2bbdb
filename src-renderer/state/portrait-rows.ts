// Everything a portrait was drawn with, as label and value; and where portraits differ in it.

import type { Portrait } from '../../src-main/contract/nouns.ts';
import type { Words } from '../strings/en.ts';
import { formatMoment } from '../strings/format.ts';
import { instantRows } from '../strings/portrait-rows.ts';
import { packName } from '../strings/words.ts';
import type { Workspace } from './workspace.svelte.ts';

export type Row = readonly [label: string, value: string];

/** Name of the look that a portrait was drawn with, or what it was drawn with in its place. */
export function lookNameOf({ gallery, looks, words }: Workspace, { adapterId, instantly }: Portrait): string {
  if (adapterId === null) return instantly ? words.portraits.noLook : words.portraits.withoutLook;
  const name = looks.find(adapterId)?.name ?? gallery.facets?.looks.find(({ id }) => id === adapterId)?.name;
  return name || words.portraits.removedLook;
}

/** One row a setting, in the page's language. */
export function portraitRows(workspace: Workspace, portrait: Portrait): Row[] {
  const { studio, subjects, view, words, language } = workspace;
  const style = studio.styles.find(({ id }) => id === portrait.styleId);
  const pack = studio.packs.find(({ id }) => id === portrait.packId);
  const { variation, origin } = portrait;
  const person = view.page === 'all-portraits' && subjects.list.find(({ id }) => id === portrait.subjectId);
  return [
    ...(person ? [[words.gallery.person, person.name] as Row] : []),
    ...(portrait.styleId ? [[words.portraits.style, style ? style.name : portrait.styleId] as Row] : []),
    [words.portraits.look, lookNameOf(workspace, portrait)],
    ...(portrait.adapterId ? [[words.portraits.strength, portrait.adapterStrength.toFixed(2)] as Row] : []),
    ...instantRows(portrait, words),
    ...(portrait.addOns?.length ? [[words.addOns.row, addOnsOf(portrait, words)] as Row] : []),
    [words.portraits.seed, String(portrait.seed)],
    ...(variation ? [[words.gallery.variation, words.gallery.variationOf(variation.seed, variation.strength)] as Row]
      : []),
    ...(origin ? [[words.gallery.origin, words.gallery.origins[origin.how]] as Row] : []),
    [words.portraits.model, pack ? packName(pack, words) : portrait.packId],
    [words.portraits.sampler, portrait.sampler],
    [words.portraits.samplingSteps, String(portrait.samplingSteps)],
    [words.portraits.guidance, String(portrait.guidanceScale)],
    ...(portrait.settings.attentionGuidanceScale
      ? [[words.portraits.attention, String(portrait.settings.attentionGuidanceScale)] as Row] : []),
    [words.portraits.size, `${portrait.widthPx} × ${portrait.heightPx}`],
    [words.portraits.made, formatMoment(portrait.createdAtMs, language)],
  ];
}

function addOnsOf({ addOns = [] }: Portrait, words: Words): string {
  return addOns.map(({ name, strength }) => words.addOns.rowOf(name, strength.toFixed(2))).join(words.listSeparator);
}

/** Rows of several portraits: a label, a value each ('' where one has none), and whether they differ. */
export function comparedRows(
  workspace: Workspace, portraits: readonly Portrait[],
): { label: string; values: string[]; isDifferent: boolean }[] {
  const { words } = workspace;
  const all = portraits.map((portrait) => new Map<string, string>([
    [words.portraits.prompt, portrait.prompt], [words.portraits.negative, portrait.negativePrompt],
    ...portraitRows(workspace, portrait),
  ]));
  const labels = [...new Set(all.flatMap((rows) => [...rows.keys()]))]
    .filter((label) => label !== words.portraits.made);
  return labels.map((label) => {
    const values = all.map((rows) => rows.get(label) ?? '');
    return { label, values, isDifferent: new Set(values).size > 1 };
  });
}

// Row 'prompts': whether portraits show what was asked for, one kind at a time, as a share of what the judge itself
// names right on renders of such prompts.

import type { ContactSheetRow } from '../../src-main/generation/contact-sheet.ts';
import {
  type FollowedKind, followedKinds, isFollowed, type PromptCase, promptCases,
} from '../../src-main/starter/judge-cases.ts';
import type { Judged } from '../../src-main/starter/judge.ts';
import type { RgbPicture } from '../../src-main/photos/pixels.ts';
import { drawOne, type StarterBench } from './starter-bench.ts';
import { type Figure, type RowResult, rounded, shareOf } from './starter-rows.ts';

const goal = { is: '≥', value: 0.9 } as const;
const shown = 12;

const names: Readonly<Record<FollowedKind, string>> = {
  style: 'style', hairColour: 'hair colour', facialHair: 'beard', glasses: 'glasses', hat: 'hat', clothes: 'clothes',
  clothesColour: 'colour of the clothes', background: 'background',
};

/** How often each value that was asked for came out, and as what else. */
function confusions(cases: readonly PromptCase[], judged: readonly Judged[]): Record<string, Record<string, number>> {
  const table: Record<string, Record<string, number>> = {};
  cases.forEach(({ kind, wanted }, i) => {
    const row = table[wanted] ??= {};
    const named = judged[i]!.labels[kind];
    row[named] = (row[named] ?? 0) + 1;
  });
  return table;
}

function sheetRow(
  title: string, cases: readonly PromptCase[], judged: readonly Judged[], pictures: readonly RgbPicture[],
): ContactSheetRow {
  return {
    title, tiles: cases.slice(0, shown).map((one, i) => ({
      picture: pictures[i]!, label: one.wanted,
      more: isFollowed(one, judged[i]!.labels) ? '' : `not: ${judged[i]!.labels[one.kind]}`,
    })),
  };
}

export async function measurePrompts(bench: StarterBench): Promise<RowResult> {
  const { options, accuracy, judge } = bench;
  const figures: Figure[] = [];
  const sheet: ContactSheetRow[] = [];
  const details: Record<string, unknown> = {};
  for (const kind of followedKinds) {
    const cases = promptCases(kind, options.prompts, 'bench');
    const pictures: RgbPicture[] = [];
    for (const { prompt, seed } of cases) pictures.push(await drawOne(bench, prompt, seed));
    const judged = await judge.judge(pictures);
    const right = judged.filter(({ labels }, i) => isFollowed(cases[i]!, labels)).length / cases.length;
    const own = accuracy.followed[kind];
    const value = shareOf(right, own);
    const note = `${right.toFixed(3)} seen by a judge that sees ${own.toFixed(3)} of renders`;
    figures.push({ what: `${names[kind]} as asked`, value, unit: '', goal, note });
    sheet.push(sheetRow(`${names[kind]}: ${value.toFixed(2)}`, cases, judged, pictures));
    details[kind] = { seen: rounded(right), judge: own, named: confusions(cases, judged) };
  }
  return { figures, sheet, columns: shown, tileEdgePx: 96, details };
}

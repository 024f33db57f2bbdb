// Several add-ons on one loaded network, of which each person uses some: the form of all is built into the graphs once,
// and the others have strength 0. Words that looks bring are known in both people's prompts.

import type { AdapterForm, AdapterInput } from '../networks/adapter-input.ts';
import { combineAdapters } from '../networks/combined-adapters.ts';
import type { LearnedToken } from '../text/learned-words.ts';
import type { AdapterToApply } from './adapter-input.ts';

export interface AppliedAdapters {
  /** Undefined where nothing of them is used. */
  readonly numbers?: AdapterInput;
  /** In the order of the new rows. */
  readonly learnedTokens: readonly LearnedToken[];
}

export interface JoinedAdapters {
  /** Undefined without any. */
  readonly form?: AdapterForm;
  /**
   * `own` at its strength beside what is always on; of `other`, the words alone. Either may be left out, or belong to
   * another network.
   */
  with(own: AdapterToApply | undefined, strength: number, other?: AdapterToApply): AppliedAdapters;
}

/** What everybody uses at one strength: the LCM-LoRA, LoRAs and embeddings of the user's own. */
export interface AlwaysOn {
  readonly adapter: AdapterToApply;
  readonly strength: number;
}

export function joinAdapters(looks: readonly AdapterToApply[], always: readonly AlwaysOn[]): JoinedAdapters {
  const strengths = new Map(always.map(({ adapter, strength }) => [adapter, strength]));
  const all = [...looks, ...strengths.keys()];
  const [only] = all;
  if (!only) return { with: () => ({ learnedTokens: [] }) };
  if (all.length === 1) return alone(only, strengths.get(only));
  const { form } = combine(all, () => 1);
  const kept = new Map<string, AdapterInput>();
  return {
    form,
    with(own, strength, other) {
      const strengthOf = (adapter: AdapterToApply): number => (
        strengths.get(adapter) ?? (adapter === own ? strength : 0));
      const words = [own, other, ...strengths.keys()]
        .filter((each) => each !== undefined && all.includes(each)) as AdapterToApply[];
      const key = JSON.stringify([all.map(strengthOf), words.map((each) => all.indexOf(each))]);
      const numbers = kept.get(key) ?? withRows(combine(all, strengthOf).numbers, form, wordsKept(words));
      kept.set(key, numbers);
      return { numbers, learnedTokens: wordsKept(words).flatMap(({ tokens }) => tokens.map(({ token }) => token)) };
    },
  };
}

/** One add-on is fed as it is, nothing scaled beforehand. */
function alone(only: AdapterToApply, always: number | undefined): JoinedAdapters {
  return {
    form: only.form,
    with(own, strength) {
      if (always !== undefined) {
        return { numbers: { ...only.numbers, strength: always }, learnedTokens: only.learnedTokens };
      }
      if (own !== only) return { learnedTokens: [] };
      return { numbers: { ...only.numbers, strength }, learnedTokens: only.learnedTokens };
    },
  };
}

function combine(all: readonly AdapterToApply[], strengthOf: (adapter: AdapterToApply) => number) {
  return combineAdapters(all.map((adapter) => (
    { form: adapter.form, numbers: { ...adapter.numbers, strength: strengthOf(adapter) } })));
}

/** The words of an add-on that are not yet taken, and where each begins among its rows. */
interface KeptWords {
  readonly adapter: AdapterToApply;
  readonly tokens: readonly { readonly token: LearnedToken; readonly firstRow: number }[];
}

/** Of a word that two looks bring, the first one counts. */
function wordsKept(adapters: readonly AdapterToApply[]): KeptWords[] {
  const taken = new Set<string>();
  return adapters.map((adapter) => {
    let firstRow = 0;
    const placed = adapter.learnedTokens.map((token) => {
      const place = { token, firstRow };
      firstRow += token.vectors;
      return place;
    });
    const tokens = placed.filter(({ token }) => !taken.has(token.word));
    tokens.forEach(({ token }) => taken.add(token.word));
    return { adapter, tokens };
  });
}

/** The rows of the kept words first, in their order; what is left of the form's rows is zeros that no prompt names. */
function withRows(numbers: AdapterInput, { newTokens = 0 }: AdapterForm, words: readonly KeptWords[]): AdapterInput {
  if (newTokens === 0) return numbers;
  const newRows = numbers.newRows!.map((all, encoder) => {
    const width = all.length / newTokens;
    const rows = new Float32Array(all.length);
    let at = 0;
    for (const { adapter, tokens } of words) {
      for (const { token, firstRow } of tokens) {
        const own = adapter.numbers.newRows![encoder]!;
        rows.set(own.subarray(firstRow * width, (firstRow + token.vectors) * width), at);
        at += token.vectors * width;
      }
    }
    return rows;
  });
  return { ...numbers, newRows };
}

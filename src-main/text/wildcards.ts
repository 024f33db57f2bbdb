// Choices in a prompt: 'a {red|blue {hat|cap}}' is one prompt of several. Braces without a bar, as in '{subject}', are
// no choice, and a brace or a bar behind a backslash is an ordinary letter; both are handed on as they are.

import { uniformNumbers } from '../diffusion/seeded-noise.ts';

/** Text, and places where one of several templates stands. */
type Template = readonly (string | Choice)[];

interface Choice {
  /** In the order of the opening braces, from 0. */
  readonly number: number;
  readonly options: readonly Template[];
}

/** An opening brace with its closing one and the bars between, those of inner braces left out. */
interface Braces {
  readonly number: number;
  readonly close: number;
  readonly bars: readonly number[];
}

// far from the streams of a portrait's noise, which count from 0
const firstStream = 2 ** 40;

/**
 * The prompt with one option of each choice, by the seed alone: the same on every machine, whatever else is in the
 * batch. `text` 1 chooses apart from 0, for a negative prompt beside its prompt.
 */
export function chosenBySeed(prompt: string, seed: number, text: 0 | 1 = 0): string {
  return seedsChoice(prompt, text)(seed);
}

/** The same for many seeds: the prompt is taken apart once. */
export function seedsChoice(prompt: string, text: 0 | 1 = 0): (seed: number) => string {
  const braces = choicesIn(prompt);
  if (braces.size === 0) return () => prompt;
  const template = templateOf(prompt, braces);
  return (seed) => {
    const numbers = uniformNumbers(seed, firstStream + text, braces.size);
    return written(template, ({ number, options }) => Math.floor(numbers[number]! * options.length));
  };
}

/** How many prompts everyChoice() gives. */
export function choiceCount(prompt: string): number {
  return countOf(templateOf(prompt, choicesIn(prompt)));
}

/** The prompt with every option of every choice, the last choice changing first. */
export function everyChoice(prompt: string): string[] {
  return allOf(templateOf(prompt, choicesIn(prompt)));
}

/** Whether anything in it is chosen. */
export function hasChoices(prompt: string): boolean {
  return choicesIn(prompt).size > 0;
}

/** '\{', '\|' and '\}' as the letters that they stand for, for a reader that knows no choices. */
export function withoutBraceEscapes(prompt: string): string {
  return prompt.replace(/\\(.)/gsu, (both, letter: string) => ('{|}'.includes(letter) ? letter : both));
}

/** Opening braces of choices by their place. */
function choicesIn(prompt: string): ReadonlyMap<number, Braces> {
  const open: { at: number; bars: number[] }[] = [];
  const found: { at: number; close: number; bars: number[] }[] = [];
  for (let i = 0; i < prompt.length; i++) {
    const letter = prompt[i];
    if (letter === '\\') i++;
    else if (letter === '{') open.push({ at: i, bars: [] });
    else if (letter === '|') open.at(-1)?.bars.push(i);
    else if (letter === '}') {
      const last = open.pop();
      if (last && last.bars.length > 0) found.push({ ...last, close: i });
    }
  }
  found.sort((a, b) => a.at - b.at);
  return new Map(found.map(({ at, close, bars }, number) => [at, { number, close, bars }]));
}

function templateOf(prompt: string, braces: ReadonlyMap<number, Braces>, from = 0, to = prompt.length): Template {
  const parts: (string | Choice)[] = [];
  let start = from;
  for (let i = from; i < to; i++) {
    const choice = braces.get(i);
    if (!choice) continue;
    const ends = [...choice.bars, choice.close];
    const begins = [i, ...choice.bars].map((place) => place + 1);
    const options = begins.map((begin, k) => templateOf(prompt, braces, begin, ends[k]));
    parts.push(prompt.slice(start, i), { number: choice.number, options });
    start = choice.close + 1;
    i = choice.close;
  }
  return [...parts, prompt.slice(start, to)];
}

function written(template: Template, choose: (choice: Choice) => number): string {
  return template.map((part) => (
    typeof part === 'string' ? part : written(part.options[choose(part)]!, choose))).join('');
}

function countOf(template: Template): number {
  return template.reduce((product, part) => (
    typeof part === 'string' ? product : product * part.options.reduce((sum, option) => sum + countOf(option), 0)), 1);
}

function allOf(template: Template): string[] {
  return template.reduce<string[]>((before, part) => {
    const next = typeof part === 'string' ? [part] : part.options.flatMap(allOf);
    return before.flatMap((text) => next.map((more) => text + more));
  }, ['']);
}

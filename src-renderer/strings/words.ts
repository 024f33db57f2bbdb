// The languages of the page, and what a reason or an error is called in them.

import type { UserErrorText } from '../../src-main/contract/errors.ts';
import type { Likeness, Verdict } from '../../src-main/contract/faces.ts';
import type { EngineState, ErrorData, Look, Pack, Photo, Subject } from '../../src-main/contract/nouns.ts';
import type { Job } from '../../src-main/contract/work.ts';
import { levelOf, levelOfCosine } from '../state/likeness.ts';
import { en, type Words } from './en.ts';
import { formatLikeness } from './format.ts';
import { saidText } from './said.ts';
import { zhHans } from './zh-hans.ts';

export type Language = 'en' | 'zh-Hans';

export const languages: Readonly<Record<Language, Words>> = { en, 'zh-Hans': zhHans };

/** Why a photo is only usable or left out; the studio's own line for a reason that this language does not know. */
export function verdictReason(verdict: Verdict, words: Words): string {
  const known = verdict.reasonCodes.map((code) => words.verdict.reasons[code]);
  const isKnown = known.length > 0 && known.every((text) => text !== undefined);
  return isKnown ? known.join(words.listSeparator) : verdict.reason;
}

/** What to do about a verdict; the studio's own sentence where this language does not know it. */
export function verdictHint(verdict: Verdict, words: Words): string {
  return words.verdict.hints[verdict.hint] ?? verdict.hint;
}

/** What happened, what is safe, what to do; the studio's own text for an error that this language does not know. */
export function errorText(error: ErrorData, words: Words): UserErrorText {
  return words.errors[error.code]?.(error.parameters) ?? { what: error.what, safe: error.safe, todo: error.todo };
}

/** A photo's verdict and the user's choice above it, in one line. */
export function verdictLine(photo: Photo, words: Words): string {
  const { verdict, userChoice } = photo;
  if (userChoice === 'use' && photo.isUsed) return words.photos.usedAnyway;
  if (userChoice === 'leave-out') return words.photos.leftOutByYou;
  const reason = verdictReason(verdict, words);
  if (verdict.grade === 'usable' && reason) return words.photos.usableBecause(reason);
  if (verdict.grade === 'left-out' && reason) return words.photos.leftOutBecause(reason);
  return words.photos.grades[verdict.grade];
}

/** What a job is called; the studio's own title when its subject is not known to the page. */
export function jobTitle(job: Job, subjectName: string | undefined, words: Words): string {
  return subjectName === undefined ? job.title : words.queue.jobTitle[job.kind](subjectName, job.items);
}

/** What a look is in the field's words: 'LoRA, rank 16', 'Textual Inversion, 4 vectors'. */
export function lookTerm(look: Look, words: Words): string {
  return [
    words.teach.methods[look.method].term,
    look.rank > 0 ? words.looks.rank(look.rank) : '',
    look.vectorCount > 0
      ? (look.method === 'lora' ? words.looks.withWord : words.looks.vectors(look.vectorCount))
      : '',
  ].filter(Boolean).join(words.listSeparator);
}

/** How alike the subject's own photos are to each other, in a sentence. */
export function likenessRangeText({ name, likenessRange: range }: Subject, words: Words): string {
  if (!range) return words.likeness.noRange(name);
  const [low, high, median] = [range.low, range.high, range.median].map(formatLikeness) as [string, string, string];
  return range.isOneMoment ? words.likeness.oneMoment(name, low, high) : words.likeness.range(name, low, high, median);
}

/** A portrait's likeness in a word or two and its number, for the edge of a picture. */
export function likenessCaption(likeness: Likeness, subject: Subject | null, words: Words): string {
  if (likeness.cosine === null) return words.portraits.noFace;
  const level = levelOf(likeness, subject?.likenessRange ?? null);
  const number = formatLikeness(likeness.cosine);
  if (!level) return words.portraits.likenessShort(number);
  return `${words.likeness.short(level, subject?.classWord ?? 'person')} ${number}`;
}

/** What a bare likeness means beside the subject's own photos; '' where it cannot be said. */
export function likenessMeaning(cosine: number | null, subject: Subject | null, words: Words): string {
  const level = levelOfCosine(cosine, subject?.likenessRange ?? null);
  return level && subject ? words.likeness.levels(level, subject.classWord) : '';
}

/** Name of a model; the studio's own where this language has none. */
export function packName(pack: Pack, words: Words): string {
  return words.packNames[pack.id] ?? pack.name;
}

/** A model in a list of choices: one whose file is not there says so. */
export function packOption(pack: Pack, words: Words): string {
  const name = packName(pack, words);
  return pack.state === 'ready' ? name : `${name} (${words.models.states[pack.state]})`;
}

/** What a model is for; the studio's own where this language has none. */
export function packDescription(pack: Pack, words: Words): string {
  return words.packDescriptions[pack.id] ?? saidText(pack.description, words);
}

/** Which device does the arithmetic, and in which number type where there is a choice. */
export function engineText({ provider, deviceName, precision }: EngineState, words: Words): string {
  if (provider === null) return words.status.engineOff;
  const device = deviceText(provider, deviceName, words);
  return provider === 'cpu' ? device : words.machine.withPrecision(device, words.machine.short[precision]);
}

/** A device as its driver names it; the processor by its cores where that is all that is told. */
export function deviceFact(device: string, words: Words): string {
  const cores = /^(\d+) cores?$/.exec(device);
  return cores ? words.status.cores(Number(cores[1])) : device;
}

/** Which device does the arithmetic, e.g. '2 processor cores' or 'Graphics card: …'. */
export function deviceText(
  provider: NonNullable<EngineState['provider']>, deviceName: string | null, words: Words,
): string {
  const cores = /^(\d+) processor cores?$/.exec(deviceName ?? '');
  if (cores) return words.status.cores(Number(cores[1]));
  if (/^GPU \(\w+\)$/.test(deviceName ?? '')) return words.settings.devices[provider];
  return deviceName ? `${words.status.provider[provider]}: ${deviceName}` : words.status.provider[provider];
}

// Numbers as people read them: durations, sizes, likeness, dates, in the page's language.

import type { Words } from './en.ts';

/** A duration in seconds as words, coarser the longer it is: 40 s, 6 min, 2 h 5 min. */
export function formatDuration(seconds: number, words: Words): string {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 90) return words.units.seconds(whole);
  const minutes = Math.round(whole / 60);
  if (minutes < 90) return words.units.minutes(minutes);
  return words.units.hours(Math.floor(minutes / 60), minutes % 60);
}

/** A size in bytes with a decimal unit, as file managers show it. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** A cosine with two decimals. */
export function formatLikeness(cosine: number): string {
  return cosine.toFixed(2);
}

/** A loss with four decimals, or in powers of ten where that would be all zeros. */
export function formatLoss(loss: number): string {
  return Math.abs(loss) >= 0.001 || loss === 0 ? loss.toFixed(4) : loss.toExponential(1);
}

/** A setting such as a learning rate: 0.0001 stays short. */
export function formatSetting(value: number): string {
  return Math.abs(value) < 0.001 && value !== 0 ? value.toExponential() : String(value);
}

/** Day and time of a moment in milliseconds since 1970. */
export function formatMoment(timeMs: number, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(timeMs);
}

/** The time of a moment, to the second: for a list of events of one run. */
export function formatTime(timeMs: number, language: string): string {
  return new Intl.DateTimeFormat(language, { timeStyle: 'medium', hourCycle: 'h23' }).format(timeMs);
}

/** The day of a moment in milliseconds since 1970. */
export function formatDay(timeMs: number, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium' }).format(timeMs);
}

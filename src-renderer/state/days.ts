// Days of the calendar where the user is, as date fields write them, and moments in milliseconds since 1970.

/** A moment's day as 'YYYY-MM-DD'; '' for null. */
export function dayOf(timeMs: number | null): string {
  if (timeMs === null) return '';
  const date = new Date(timeMs);
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((part, index) => String(part).padStart(index === 0 ? 4 : 2, '0')).join('-');
}

/** The first moment of a day; null for ''. */
export function startOfDay(day: string): number | null {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day)?.slice(1).map(Number);
  return parts ? new Date(parts[0]!, parts[1]! - 1, parts[2]).getTime() : null;
}

/** The moment at which a day is over; null for ''. */
export function endOfDay(day: string): number | null {
  const start = startOfDay(day);
  if (start === null) return null;
  const date = new Date(start);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime();
}

/** When the day began that was so many days ago. */
export function daysAgo(days: number, now = Date.now()): number {
  const date = new Date(now);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() - days).getTime();
}

/** A day in few letters; '' for null. */
export function dayText(timeMs: number | null, language: string): string {
  return timeMs === null ? '' : new Intl.DateTimeFormat(language, { month: 'short', day: 'numeric' }).format(timeMs);
}

// A number with its noun, in English.

/** '1 photo', '2 photos'. */
export function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

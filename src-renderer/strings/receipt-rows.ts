// The receipt of a deletion as rows of words and numbers, for the dialog and for the clipboard.

import type { ErasureReceipt } from '../../src-main/contract/keeping.ts';
import type { Words } from './en.ts';
import { formatBytes, formatMoment } from './format.ts';

const order: readonly (keyof ErasureReceipt)[] = [
  'photos', 'faces', 'crops', 'looks', 'snapshots', 'portraits', 'keptPortraits', 'jobs', 'backupsRewritten', 'files',
  'bytes', 'atMs',
];

/** Every number of a receipt with its name; kept portraits only where there are some. */
export function receiptRows(
  receipt: ErasureReceipt, words: Words, language: string,
): { label: string; text: string }[] {
  return order
    .filter((key) => key !== 'keptPortraits' || receipt.keptPortraits > 0)
    .map((key) => ({ label: words.erasure.rows[key], text: textOf(key, receipt[key], language) }));
}

function textOf(key: keyof ErasureReceipt, value: number, language: string): string {
  if (key === 'bytes') return formatBytes(value);
  return key === 'atMs' ? formatMoment(value, language) : String(value);
}

/** The receipt as plain text: a title, then a line for each number. */
export function receiptText(receipt: ErasureReceipt, words: Words, language: string): string {
  const lines = receiptRows(receipt, words, language).map(({ label, text }) => `${label}: ${text}`);
  return [words.erasure.receiptTitle, ...lines, ''].join('\n');
}

// What is told of a portrait that was drawn instantly, with its face drawn again, or enlarged: label and value.

import type { Portrait } from '../../src-main/contract/nouns.ts';
import type { Words } from './en.ts';

/** One row a setting, only those that the portrait has. */
export function instantRows({ instantly, isFaceRedrawn, settings }: Portrait, words: Words): [string, string][] {
  const own = words.portraitFaces;
  const rows: [string, string][] = [];
  if (instantly) {
    rows.push([own.instantly, own.yes], [own.pose, own.poses[instantly.pose.kind] ?? instantly.pose.kind]);
    if (settings.imageStrength !== undefined) rows.push([own.imageStrength, settings.imageStrength.toFixed(2)]);
    if (settings.identityNetStrength !== undefined && instantly.pose.kind !== 'none') {
      rows.push([own.identityNetStrength, settings.identityNetStrength.toFixed(2)]);
    }
  }
  if (settings.fast) rows.push([own.fast, own.yes]);
  if (isFaceRedrawn) rows.push([own.faceRedrawn, own.yes]);
  if ((settings.upscale ?? 1) > 1) rows.push([own.upscale, own.times(settings.upscale!)]);
  return rows;
}

// Saves a file of the studio through the browser's own download, which asks where or uses the downloads folder.

import type { PortraitId } from '../../src-main/contract/ids.ts';
import { mediaUrl } from '../../src-main/contract/studio.ts';

/** Saves what `address` gives; the studio names the file. */
export function saveFile(address: string, fileName: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = fileName;
  link.click();
}

/** Saves a portrait under a neutral name: no name of a person, no prompt. */
export function savePortrait(id: PortraitId): void {
  saveFile(mediaUrl('portrait', id), `portrait-${id.slice(0, 8)}.png`);
}

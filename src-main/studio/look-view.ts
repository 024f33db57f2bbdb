// Looks as the page sees them: the record of the library and what can be made of it for other programs.

import type { Look } from '../contract/nouns.ts';
import type { ExportFormat } from '../contract/settings.ts';
import type { AdapterRecord } from '../library/adapters.ts';

export function lookView(look: AdapterRecord): Look {
  return { ...look, exportFormats: [...exportFormatsOf(look)] };
}

/** What a look can be written as; the first is the usual form, which is how it is kept. */
export function exportFormatsOf(
  { method, vectorCount }: Pick<Look, 'method' | 'vectorCount'>,
): readonly ExportFormat[] {
  switch (method) {
    case 'lora': {
      const alone = ['kohya', 'a1111', 'comfyui', 'diffusers', 'checkpoint'] as const;
      return vectorCount > 0 ? [...alone, 'embedding'] : alone;
    }
    case 'dreambooth': return ['checkpoint', 'a1111', 'comfyui'];
    case 'textual-inversion': return ['embedding', 'a1111', 'comfyui', 'diffusers'];
  }
}

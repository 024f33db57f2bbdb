// Looks as the page sees them: the record of the library and what can be made of it for other programs.

import type { Look } from '../contract/nouns.ts';
import type { ExportFormat } from '../contract/settings.ts';
import type { AdapterRecord } from '../library/adapters.ts';
import type { StudioContext } from './context.ts';

export function lookView(context: Pick<StudioContext, 'packs'>, look: AdapterRecord): Look {
  return { ...look, exportFormats: [...exportFormatsOf(context, look)] };
}

/** What a look can be written as; the first is the usual form, which is how it is kept. */
export function exportFormatsOf(
  { packs }: Pick<StudioContext, 'packs'>, { method, vectorCount, packId }: AdapterRecord,
): readonly ExportFormat[] {
  switch (method) {
    case 'lora': {
      const alone = ['kohya', 'a1111', 'comfyui', 'diffusers', 'checkpoint'] as const;
      return vectorCount > 0 ? [...alone, 'embedding'] : alone;
    }
    case 'dreambooth': return ['checkpoint', 'a1111', 'comfyui'];
    case 'textual-inversion': {
      // of SDXL's two encoders diffusers wants two files; it reads the common one as well
      const isTwoFiles = packs.list().find(({ id }) => id === packId)?.architecture === 'sdxl';
      return isTwoFiles ? ['embedding', 'a1111', 'comfyui'] : ['embedding', 'a1111', 'comfyui', 'diffusers'];
    }
  }
}

// English strings of looks: their cards, comparing them, and writing one as a file for another program.

import type { ExportFormat, ExportPrecision } from '../../src-main/contract/settings.ts';
import { plural } from './plural.ts';

export const enLooks = {
  title: 'Looks',
  emptyTitle: 'No look yet',
  emptyText: 'A look is what the studio has learned of a face. Teach one from the photos.',
  rank: (rank: number) => `rank ${rank}`,
  vectors: (count: number) => plural(count, 'vector', 'vectors'),
  withWord: 'with a word',
  facts: (steps: number, photos: number) => `${plural(steps, 'step', 'steps')}, ${plural(photos, 'photo', 'photos')}`,
  use: 'Use',
  export: 'Export…',
  continue: 'Continue',
  continueHelp: 'Teach another look that goes on from this one',
  compare: 'Compare',
  remove: 'Delete',
  removed: (name: string) => `Deleted ${name}`,
  likenessAt: (step: number) => `likeness at step ${step}, its best`,
  likenessInPortraits: 'likeness, mean of its portraits',
  noLikeness: 'Likeness is measured with its first portraits.',
  noCover: 'No portrait yet',
  curve: (first: string, last: string) => `Likeness went from ${first} to ${last}`,
  count: (count: number) => plural(count, 'look', 'looks'),
  compareTitle: 'Compare looks',
  compareText: 'What differs is in bold.',
  table: {
    method: 'Method', model: 'Model', likeness: 'Likeness', step: 'Best step', photos: 'Photos', size: 'Size',
    made: 'Made',
  },
  unset: 'not used',
};

export const enExport = {
  title: (name: string) => `Export “${name}”`,
  format: 'For which program',
  formats: {
    kohya: 'LoRA file', diffusers: 'diffusers', a1111: 'A1111, Forge', comfyui: 'ComfyUI', checkpoint: 'Whole model',
    embedding: 'The word alone',
  } as Record<ExportFormat, string>,
  formatTexts: {
    kohya: 'The usual one. Nearly every program reads it.',
    diffusers: 'For Python scripts with the diffusers library.',
    a1111: 'Stable Diffusion web UI and its relatives.',
    comfyui: 'For its loader nodes.',
    checkpoint: 'One file that needs no other model beside it.',
    embedding: 'An embedding, a few kilobytes.',
  } as Record<ExportFormat, string>,
  precision: 'Precision',
  precisions: { float16: '16 bit', bfloat16: 'bfloat16', float32: '32 bit' } as Record<ExportPrecision, string>,
  precisionTexts: {
    float16: 'Half the size; no difference that is seen.',
    bfloat16: 'Half the size, for newer graphics cards.',
    float32: 'As it was learned, twice the size.',
  } as Record<ExportPrecision, string>,
  write: 'Write the file',
  preparing: 'Writing the file…',
  file: 'File name',
  size: 'Size',
  metadata: 'What the file says about itself',
  leftOut: 'Photos, captions, file names, folders and dates are not in it.',
  noMetadata: 'Nothing besides the weights.',
  save: 'Save the file',
  saveTo: 'Save to a folder…',
  savedTo: (place: string) => `Saved to ${place} and shown there.`,
  where: 'Where it goes',
  /** Folders of the two programs by what the file is. */
  folders: {
    comfyui: { lora: 'models/loras', model: 'models/checkpoints', word: 'models/embeddings' },
    a1111: { lora: 'models/Lora', model: 'models/Stable-diffusion', word: 'embeddings' },
  },
  folderIn: (program: string, folder: string) => `${program}: ${folder}`,
  anyFolder: 'Any folder that your script can read',
  notWritten: 'Shown once the file is written.',
  about: (size: string) => `about ${size}`,
  use: (word: string) => `Write “${word}” in the prompt to call it.`,
};

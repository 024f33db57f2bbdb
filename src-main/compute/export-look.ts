// A look in another form: with other programs' names, at another precision, or merged into its base model.

import path from 'node:path';
import { mergeLora } from '../adapter/merge-lora.ts';
import { readEmbedding } from '../adapter/read-embedding.ts';
import { readLora } from '../adapter/read-lora.ts';
import { writeEmbedding } from '../adapter/write-embedding.ts';
import { exportDiffusersLora, exportKohyaLora, type LoraDescription } from '../adapter/write-lora.ts';
import { type Checkpoint, openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import { readSafetensorsHeader } from '../checkpoint/safetensors.ts';
import { writeCheckpoint } from '../checkpoint/write-checkpoint.ts';
import type { ExportRequest, ExportResult } from '../contract/engine.ts';
import { UserError } from '../contract/errors.ts';
import { rowsInClipOrder } from '../text/clip-order.ts';
import { openClipTokenizer } from '../text/tokenizer.ts';
import type { EngineParts } from './engine-parts.ts';
import { clipTokenizerFolder, configsOf } from './loaded-pack.ts';
import { describeLook } from './look-description.ts';

/** Refuses with looks.format what a look of this method cannot become, and with what the readers and writers throw. */
export async function exportLook(
  request: ExportRequest, { resourcesFolder }: Pick<EngineParts, 'resourcesFolder'>,
): Promise<ExportResult> {
  const checkpoint = await openCheckpoint(
    request.checkpointPath, request.vaeFile === null ? {} : { vaeFile: request.vaeFile });
  const file = path.join(request.outputFolder, 'export.safetensors');
  const work = { request, checkpoint, resourcesFolder, file, description: describeLook(checkpoint, request) };
  switch (request.method) {
    case 'lora': await exportLora(work); break;
    case 'textual-inversion': await exportWord(work); break;
    case 'dreambooth': await exportWhole(work); break;
  }
  const { metadata } = await readSafetensorsHeader(file);
  return { kind: 'export', file, metadata: Object.fromEntries(metadata) };
}

interface ExportWork {
  readonly request: ExportRequest;
  readonly checkpoint: Checkpoint;
  readonly description: LoraDescription;
  readonly resourcesFolder: string;
  /** Where to. */
  readonly file: string;
}

async function exportLora(work: ExportWork): Promise<void> {
  const { request, checkpoint, description, file } = work;
  const { format, precision } = request;
  const { layers, embeddings } = await readLora(request.adapterFile, checkpoint);
  switch (format) {
    case 'kohya': case 'a1111': case 'comfyui':
      return await exportKohyaLora(file, layers, precision, { ...description, embeddings });
    case 'diffusers':
      return await exportDiffusersLora(file, layers, precision, description);
    case 'embedding':
      if (!embeddings[0]) throw notThisForm(request);
      await writeEmbedding(file, embeddings[0], 'a1111', description);
      return;
    case 'checkpoint': {
      const { unet, textEncoders } = mergeLora(checkpoint, layers, 1);
      return await writeCheckpoint(file, checkpoint, { ...await wholeFile(work), unet, textEncoders });
    }
  }
}

async function exportWord({ request, checkpoint, description, file }: ExportWork): Promise<void> {
  const { format, triggerWord } = request;
  const isTwoFiles = format === 'diffusers' && checkpoint.textEncoders.length > 1;
  if (format === 'kohya' || format === 'checkpoint' || isTwoFiles) throw notThisForm(request);
  const { rows } = await readEmbedding(request.adapterFile, checkpoint);
  const form = format === 'diffusers' ? 'diffusers' : 'a1111';
  await writeEmbedding(file, { word: triggerWord, rows }, form, description);
}

async function exportWhole(work: ExportWork): Promise<void> {
  const { request, checkpoint, file } = work;
  const { format } = request;
  if (format !== 'checkpoint' && format !== 'a1111' && format !== 'comfyui') throw notThisForm(request);
  const look = await openCheckpoint(request.adapterFile, { configs: configsOf(checkpoint) });
  await writeCheckpoint(file, look, await wholeFile(work));
}

async function wholeFile({ request, checkpoint, description, resourcesFolder }: ExportWork) {
  const { precision, title, triggerPhrase } = request;
  const tokenRows = await clipOrderOf(checkpoint, resourcesFolder);
  const { resolutionPx } = description;
  return { dtype: precision, title, triggerPhrase, resolutionPx, ...(tokenRows ? { tokenRows } : {}) };
}

/** A single file has no tokenizer, and programs read it with CLIP's. */
async function clipOrderOf({ tokenizerFolder }: Checkpoint, resourcesFolder: string) {
  if (tokenizerFolder === undefined) return undefined;
  return rowsInClipOrder(
    await openClipTokenizer(tokenizerFolder), await openClipTokenizer(clipTokenizerFolder(resourcesFolder)));
}

function notThisForm({ method, format }: ExportRequest): UserError {
  return new UserError('looks.format', {
    what: `A look taught by ${method} cannot be written as "${format}" for this model.`,
    safe: 'Nothing was written.',
    todo: 'Choose one of the forms that are offered for it.',
  }, { method, format });
}

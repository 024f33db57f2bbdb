// Looks on their way out of the library: the file as it is kept where that is what was asked for, else written anew by
// an engine of its own, so that it waits for nothing that is being taught. It is kept until the next start.

import type { ExportId } from '../contract/ids.ts';
import type { ExportFormat, ExportPrecision } from '../contract/settings.ts';
import type { CommandResponse, ParsedRequest } from '../contract/studio.ts';
import type { AdapterRecord } from '../library/adapters.ts';
import { newId } from '../library/library.ts';
import type { ShelvedPack } from '../packs/pack-shelf.ts';
import { rowsInClipOrder } from '../text/clip-order.ts';
import type { StudioContext } from './context.ts';
import { resultFile, withWorkFolder } from './engine-work.ts';
import { exportFormatsOf } from './look-view.ts';
import { present } from './missing.ts';

/** Makes the file, once for each form, and says what is in it. */
export async function prepareExport(
  context: StudioContext, { adapterId, format: asked, precision }: ParsedRequest<'looks.export'>,
): Promise<CommandResponse<'looks.export'>> {
  const { library } = context;
  const look = present(library.adapters.get(adapterId), 'look');
  const format = asked ?? exportFormatsOf(context, look)[0]!;
  const found = () => library.exportedFiles.findLook(adapterId, format, precision);
  if (!found()) await writeExport(context, look, format, precision);
  const file = present(found(), 'look');
  const { id: exportId, fileName, sizeBytes, metadata } = file;
  return { exportId, adapterId, format, precision, fileName, sizeBytes, metadata: { ...metadata } };
}

async function writeExport(
  context: StudioContext, look: AdapterRecord, format: ExportFormat, precision: ExportPrecision,
): Promise<void> {
  const { library, packs } = context;
  const row = { id: newId<ExportId>(), adapterId: look.id, format, precision, fileName: exportName(look, format) };
  const pack = packs.usable(look.packId);
  if (isKeptAs(look, format, precision) && !(await isReadDifferently(context, look, pack))) {
    library.exportedFiles.insertLook({ ...row, metadata: look.metadata, fileSha256: look.fileSha256 });
    return;
  }
  const subject = present(library.subjects.get(look.subjectId), 'subject');
  await withWorkFolder(library.folder, async (folder) => {
    const result = await context.runApart({
      kind: 'export', method: look.method, ...checkpointOf(pack),
      adapterFile: library.pathOf(look.fileSha256), format, precision, settings: look.settings,
      trainingSteps: look.bestStep, photoCount: look.photoCount, title: look.metadata['modelspec.title'] ?? '',
      triggerPhrase: `${look.triggerWord} ${subject.classWord}`, triggerWord: look.triggerWord, outputFolder: folder,
    });
    if (result.kind !== 'export') throw new Error('The engine answered an export with something else.');
    const file = resultFile(folder, result.file);
    await library.exclusively(async () => {
      const fileSha256 = await library.keepFileFrom(file, 'application/octet-stream');
      library.exportedFiles.insertLook({ ...row, metadata: result.metadata, fileSha256 });
    });
  });
}

function checkpointOf({ checkpointPath, vaeFile }: ShelvedPack): Pick<ShelvedPack, 'checkpointPath' | 'vaeFile'> {
  return { checkpointPath, vaeFile };
}

/** Whether the file in the store is already what was asked for. An embedding's few numbers are never rounded. */
function isKeptAs({ method }: AdapterRecord, format: ExportFormat, precision: ExportPrecision): boolean {
  switch (method) {
    case 'lora': return precision === 'float32' && (format === 'kohya' || format === 'a1111' || format === 'comfyui');
    case 'textual-inversion': return format !== 'diffusers' && format !== 'kohya' && format !== 'checkpoint';
    case 'dreambooth': return precision === 'float16';
  }
}

/**
 * A whole checkpoint as it is kept has the rows of its model's vocabulary; where that is not CLIP's, other programs
 * would read other words.
 */
async function isReadDifferently(
  { tokenizer }: StudioContext, { method }: AdapterRecord, { checkpointPath }: ShelvedPack,
): Promise<boolean> {
  return method === 'dreambooth'
    && rowsInClipOrder(await tokenizer(checkpointPath), await tokenizer()) !== undefined;
}

/** A file name that every system takes; a name written in signs that are left out becomes 'look'. */
export function exportName({ name, method, triggerWord }: AdapterRecord, format: ExportFormat): string {
  const plain = (text: string): string => text.normalize('NFKD').replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '').toLowerCase();
  // programs take the word of an embedding from the name of its file
  const isWord = method === 'textual-inversion' || format === 'embedding';
  return `${(isWord ? plain(triggerWord) : plain(name)) || 'look'}.safetensors`;
}

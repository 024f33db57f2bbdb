// Commands that bring portraits out of the library: as picture files, by a job, and as a contact sheet.

import type { ExportId, JobId } from '../contract/ids.ts';
import type { StudioSettings } from '../contract/settings.ts';
import type { CommandResponse, ParsedRequest } from '../contract/studio.ts';
import type { Job } from '../contract/work.ts';
import { pictureEndings } from '../generation/picture-file.ts';
import type { ExportItem, ExportParameters } from '../jobs/export-parameters.ts';
import { newId } from '../library/library.ts';
import type { PortraitRecord } from '../library/portraits.ts';
import { sheetOf } from './contact-sheets.ts';
import type { Handlers, StudioContext } from './context.ts';
import { dateWords, fileNames } from './file-names.ts';
import type { ProgressBoard } from './jobs.ts';
import { present } from './missing.ts';
import { styleNames } from './style-name.ts';

export function savingCommands(context: StudioContext, board: ProgressBoard): Handlers<
  'portraits.export' | 'portraits.contactSheet'> {
  return {
    'portraits.export': (request) => queueExport(context, board, request),
    'portraits.contactSheet': ({ portraitIds }) => prepareSheet(context, portraitsOf(context, portraitIds)),
  };
}

function portraitsOf({ library }: StudioContext, ids: readonly PortraitRecord['id'][]): PortraitRecord[] {
  return [...new Set(ids)].map((id) => present(library.portraits.get(id), 'portrait'));
}

function queueExport(
  context: StudioContext, board: ProgressBoard, request: ParsedRequest<'portraits.export'>,
): Job {
  const portraits = portraitsOf(context, request.portraitIds);
  const ending = pictureEndings[request.format];
  const styleOf = styleNames(context);
  const sources = portraits.map((portrait) => ({ portrait, style: styleOf(portrait) }));
  const names = fileNames(request.fileName, ending, sources);
  const parameters: ExportParameters = {
    format: request.format, quality: request.quality, longEdgePx: request.longEdgePx,
    withSettings: request.withSettings, ...labelsOf({ ...context.library.settings.get(), ...chosenLabel(request) }),
    fileName: portraits.length === 1 ? names[0]! : `portraits-${dateWords(Date.now())}.zip`,
  };
  const items = portraits.map(({ id }, itemIndex) => {
    const item: ExportItem = { portraitId: id, fileName: names[itemIndex]! };
    return { itemIndex, seed: 0, parameters: JSON.stringify(item) };
  });
  return board.view(context.queue.add({
    id: newId<JobId>(), kind: 'export', subjectId: portraits[0]!.subjectId, title: titleOf(portraits.length),
    parameters: JSON.stringify(parameters), createdAtMs: Date.now(),
  }, items));
}

/** What this request says about the visible label, where it says anything. */
function chosenLabel({ visibleLabel }: ParsedRequest<'portraits.export'>): { visibleLabel?: boolean } {
  return visibleLabel === undefined ? {} : { visibleLabel };
}

function titleOf(count: number): string {
  return count === 1 ? 'Save 1 portrait' : `Save ${count} portraits`;
}

/** The mark inside the file is always there; visible letters are the user's choice, China's own mark its language's. */
export function labelsOf(
  { language, visibleLabel }: StudioSettings,
): Pick<ExportParameters, 'visibleLabel' | 'hasAigcLabel'> {
  const isChinese = language === 'zh-Hans';
  return { visibleLabel: visibleLabel ? isChinese ? 'AI生成' : 'AI' : null, hasAigcLabel: isChinese };
}

async function prepareSheet(
  context: StudioContext, portraits: readonly PortraitRecord[],
): Promise<CommandResponse<'portraits.contactSheet'>> {
  const { library } = context;
  const png = await sheetOf(context, portraits);
  const exportId = newId<ExportId>();
  const fileName = 'contact-sheet.png';
  await library.exclusively(async () => {
    const fileSha256 = await library.keepFile(png, 'image/png');
    library.exportedFiles.insertPictures({ id: exportId, jobId: null, fileName, fileSha256 });
  });
  return { exportId, fileName, sizeBytes: png.byteLength };
}

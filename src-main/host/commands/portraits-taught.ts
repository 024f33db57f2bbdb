// `likeness portraits` by a method that teaches: a look from the photos, portraits with it, the look as a file.

import path from 'node:path';
import type { Method } from '../../contract/settings.ts';
import { heldOutPhotos, waitFor, writeExport } from '../steps.ts';
import { outputFolder, writeJob } from '../results.ts';
import { trainingSettingsOf } from '../training-options.ts';
import { waitOrPause } from '../wait-or-pause.ts';
import { type BegunWay, type PortraitsOptions, drawingRequest, reportOf, summaryOf } from './portraits-way.ts';
import type { Outcome } from './run-command.ts';

export async function portraitsTaught(way: BegunWay, options: PortraitsOptions, method: Method): Promise<Outcome> {
  const { studio, subject, pack, imported, display } = way;
  const heldOut = heldOutPhotos(imported.photos, options.holdOut);
  const queued = await studio.run('looks.teach', {
    subjectId: subject.id, packId: pack.id, method, settings: trainingSettingsOf(options),
    heldOutPhotoIds: heldOut.map((photo) => photo.id),
  });
  // a temporary library is gone with the command, so there a pause would keep nothing
  const teaching = options.library === undefined
    ? await waitFor(studio, queued, display) : await waitOrPause(studio, queued, display, options);
  const look = (await studio.run('looks.list', { subjectId: subject.id })).find(({ id }) => id === teaching.adapterId);
  if (!look) throw new Error('The look that was just taught is not in the library.');
  const drawing = await waitFor(studio, await studio.run('portraits.create', {
    ...await drawingRequest(way, options), adapterId: look.id,
    referencePhotoIds: heldOut.length > 0 ? heldOut.map((photo) => photo.id) : undefined,
  }), display);
  const out = outputFolder(subject, options.out);
  const written = await writeJob(studio, drawing, out);
  const prepared = await studio.run('looks.export', { adapterId: look.id });
  const file = await writeExport(studio, prepared.exportId, path.join(out, prepared.fileName));
  const { format, precision, sizeBytes, metadata } = prepared;
  const report = reportOf(way, written, heldOut, out);
  const document = {
    ...report,
    training: {
      method: look.method, rank: look.rank, vectorCount: look.vectorCount, trainingSteps: look.trainingSteps,
      bestStep: look.bestStep, photoCount: look.photoCount, finalLoss: look.finalLoss,
      losses: await studio.run('looks.lossHistory', { jobId: teaching.id }),
      snapshots: await studio.run('looks.snapshots', { jobId: teaching.id }),
    },
    look: { file, format, precision, sizeBytes, metadata },
    ...(look.method === 'lora' ? { lora: { file, sizeBytes, metadata } } : {}),
  };
  return { document, text: summaryOf(report, written, 'look') };
}

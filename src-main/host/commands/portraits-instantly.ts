// `likeness portraits --method instantid`: photos in, the face given to the model with each portrait, nothing taught.

import { instantlyOf, portraitSize } from '../people.ts';
import { outputFolder, writeJob } from '../results.ts';
import { heldOutPhotos, waitFor } from '../steps.ts';
import { type BegunWay, type PortraitsOptions, drawingRequest, reportOf, summaryOf } from './portraits-way.ts';
import type { Outcome } from './run-command.ts';

export async function portraitsInstantly(way: BegunWay, options: PortraitsOptions): Promise<Outcome> {
  const { studio, subject, pack, imported, display } = way;
  // left out, the studio decides which photos measure
  const wanted = options.holdOut === undefined ? [] : heldOutPhotos(imported.photos, options.holdOut);
  const instantly = await instantlyOf(studio, subject, options, portraitSize(pack, options, true));
  const drawing = await waitFor(studio, await studio.run('portraits.create', {
    ...await drawingRequest(way, options), adapterId: null, instantly,
    referencePhotoIds: wanted.length > 0 ? wanted.map((photo) => photo.id) : undefined,
  }), display);
  const out = outputFolder(subject, options.out);
  const written = await writeJob(studio, drawing, out);
  const given = written.portraits.find(({ portrait }) => portrait.instantly)?.portrait.instantly?.facePhotoIds ?? [];
  const used = imported.photos.filter((photo) => photo.isUsed);
  const heldOut = used.filter((photo) => !given.includes(photo.id));
  const report = reportOf(way, written, heldOut, out);
  const document = {
    ...report, method: 'instantid',
    facePhotos: imported.photos.filter((photo) => given.includes(photo.id)).map((photo) => photo.fileName),
  };
  return { document, text: summaryOf(report, written, 'face') };
}

// What both ways of `likeness portraits` have in common: photos in, a request for portraits with their twins, a report
// of the two beside each other.

import type { Photo, Portrait, Subject } from '../../contract/nouns.ts';
import type { Method } from '../../contract/settings.ts';
import type { CommandRequest } from '../../contract/studio.ts';
import type { ShelvedPack } from '../../packs/pack-shelf.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { type AddOnOptions, addOnsOf, packOf } from '../add-ons.ts';
import { meanOf, nearerCounts, pairsOf } from '../likeness-report.ts';
import type { CommonOptions, HoldOutOptions, ModelOptions, PersonOptions } from '../options.ts';
import { type DrawingOptions, givenSettings } from '../people.ts';
import { type WrittenJob, portraitDocument, rankedLines } from '../results.ts';
import { startOf } from '../start-picture.ts';
import { type Imported, importFolder, subjectFor } from '../steps.ts';
import type { ProgressDisplay } from '../terminal.ts';

export interface PortraitsOptions extends CommonOptions, PersonOptions, ModelOptions, DrawingOptions, HoldOutOptions,
  AddOnOptions {
  readonly photos: string;
  readonly method: Method | 'instantid';
}

/** A way that has its photos. */
export interface BegunWay {
  readonly studio: Studio;
  readonly display: ProgressDisplay;
  readonly pack: ShelvedPack;
  readonly subject: Subject;
  readonly imported: Imported;
  readonly startedMs: number;
}

/** Finds the model, makes the subject and brings its photos in. */
export async function beginWay(
  studio: Studio, options: PortraitsOptions, display: ProgressDisplay,
): Promise<BegunWay> {
  const startedMs = performance.now();
  await studio.run('settings.set', { provider: options.provider });
  const pack = await packOf(studio, options);
  const subject = await subjectFor(studio, options.photos, options);
  const imported = await importFolder(studio, options.photos, subject.id, display);
  return { studio, display, pack, subject, imported, startedMs };
}

/** The request for the portraits and their twins, but for whose face it is. */
export async function drawingRequest(
  { studio, subject, pack }: BegunWay, options: PortraitsOptions,
): Promise<Omit<CommandRequest<'portraits.create'>, 'adapterId'>> {
  const hasWords = options.prompt.length + options.style.length > 0;
  return {
    subjectId: subject.id, packId: pack.id, prompts: hasWords ? options.prompt : ['photo of {subject}'],
    styleIds: options.style, negativePrompt: options.negative, count: options.count, seed: options.seed,
    compareWithout: true, keepPrompts: options.keepPrompts ?? false, settings: givenSettings(options),
    start: await startOf(studio, subject.id, options), addOns: await addOnsOf(studio, options),
  };
}

/** What every report has: the photos, the pairs with their likeness, and where the files are. */
export function reportOf(
  { subject, pack, imported, startedMs }: BegunWay, { portraits, contactSheet, people }: WrittenJob,
  heldOut: readonly Photo[], out: string,
) {
  const pairs = pairsOf(portraits.map(({ portrait }) => portrait));
  const side = ({ id }: Portrait) => portraitDocument(portraits.find(({ portrait }) => portrait.id === id)!, people);
  const [withLook, withoutLook] = [pairs.map((pair) => pair.withLook), pairs.map((pair) => pair.withoutLook)];
  return {
    subject: { name: subject.name, triggerWord: subject.triggerWord, classWord: subject.classWord },
    pack: pack.id,
    photos: imported.photos.map(({ fileName, isUsed, verdict }) => ({ file: fileName, isUsed, verdict })),
    heldOut: heldOut.map((photo) => photo.fileName),
    refused: imported.refused,
    portraits: pairs.map((pair) => ({
      seed: pair.seed, prompt: pair.prompt, withLook: side(pair.withLook), withoutLook: side(pair.withoutLook),
    })),
    likeness: {
      withLook: meanOf(withLook), withoutLook: meanOf(withoutLook), nearerWithLook: nearerCounts(pairs),
    },
    contactSheet,
    folder: out,
    durationSeconds: Math.round((performance.now() - startedMs) / 100) / 10,
  };
}

type Report = ReturnType<typeof reportOf>;

/** The report for a reader; `what` is what the portraits have and their twins have not. */
export function summaryOf(report: Report, { portraits, people }: WrittenJob, what: 'look' | 'face'): string {
  const { withLook, withoutLook, nearerWithLook } = report.likeness;
  const count = report.portraits.length;
  const row = (title: string, key: 'faceCosine' | 'latentDistance'): string => {
    const shown = (value: number | null): string => value?.toFixed(3) ?? 'none';
    const { nearer, of } = nearerWithLook[key];
    return `${title} with ${shown(withLook[key])}, without ${shown(withoutLook[key])}, nearer on ${nearer} of ${of}`;
  };
  const whole = portraits.filter(({ portrait }) => portrait.adapterId !== null || portrait.instantly !== null);
  return [
    `${count} portraits with the ${what} and ${count} without it are in ${report.folder}, best first:`,
    ...rankedLines(whole, people),
    row('Face likeness (cosine, higher is nearer):', 'faceCosine'),
    `Faces found: ${withLook.facesFound} of ${count} with, ${withoutLook.facesFound} of ${count} without`,
    row('Latent distance (lower is nearer):', 'latentDistance'),
  ].join('\n');
}

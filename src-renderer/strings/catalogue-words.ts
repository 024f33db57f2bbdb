// What entries of the catalogue, their licences and their downloads are called in the page's language; the studio's own
// words where this language has none.

import type { MemoryChange, MemoryPlan } from '../../src-main/contract/memory-plan.ts';
import type { CatalogueEntry, FoundModel, ModelLicense } from '../../src-main/contract/models.ts';
import { shareOfDownload } from '../state/models-catalogue.svelte.ts';
import type { Words } from './en.ts';
import { formatBytes, formatDuration } from './format.ts';

export function entryName({ id, name }: CatalogueEntry, words: Words): string {
  return words.downloads.names[id] ?? name;
}

export function entryDescription({ id, description }: CatalogueEntry, words: Words): string {
  return words.downloads.descriptions[id] ?? description;
}

/** What kind of thing it is, what cannot be done without it, and what it is of no use without. */
export function entryFacts(
  { kind, neededFor }: CatalogueEntry, needs: readonly CatalogueEntry[], words: Words,
): string {
  const purposes = neededFor.map((purpose) => words.downloads.purposes[purpose] ?? purpose);
  const others = needs.map((entry) => entryName(entry, words));
  return words.downloads.facts(
    words.downloads.kinds[kind], purposes.join(words.listSeparator), others.join(words.listSeparator),
  );
}

export function licenseName({ id, name }: ModelLicense, words: Words): string {
  return words.downloads.licenseNames[id] ?? name;
}

export function licenseSummary({ id, summary }: ModelLicense, words: Words): string {
  return words.downloads.licenseSummaries[id] ?? summary;
}

/** How far a download is, its pace and what is left of it, in one line. */
export function downloadLine({ sizeBytes, download }: CatalogueEntry, words: Words): string {
  if (!download) return '';
  const { state, bytesDone, bytesPerSecond, etaSeconds } = download;
  const isMoving = state === 'running';
  return [
    words.downloads.phases[state],
    words.downloads.progress(formatBytes(bytesDone), formatBytes(sizeBytes)),
    isMoving && bytesPerSecond !== null ? words.downloads.speed(formatBytes(bytesPerSecond)) : '',
    isMoving && etaSeconds !== null ? words.downloads.left(formatDuration(etaSeconds, words)) : '',
  ].filter(Boolean).join(' · ');
}

/** The downloads of a moment for the status bar; '' where none moves and none failed. `isBrief`: without names. */
export function downloadsLine(entries: readonly CatalogueEntry[], words: Words, isBrief = false): string {
  const moving = entries.filter(({ download }) => download && /^(waiting|running|checking)$/.test(download.state));
  const failed = entries.filter(({ download }) => download?.state === 'failed').length;
  if (moving.length === 0) return failed > 0 ? words.downloads.statusFailed(failed) : '';
  if (moving.length === 1 && !isBrief) {
    return words.downloads.statusOne(entryName(moving[0]!, words), Math.floor(100 * shareOfDownload(moving[0]!)));
  }
  const all = moving.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const done = moving.reduce((sum, { download }) => sum + (download?.bytesDone ?? 0), 0);
  return words.downloads.statusMany(moving.length, Math.floor((100 * done) / Math.max(1, all)));
}

/** What a file is, in a line: kind, family, prediction type, size. */
export function foundLine(found: FoundModel, words: Words): string {
  const { kind, architecture, predictionType, hasVae, sizeBytes } = found;
  return [
    words.ownModels.found[kind],
    architecture ? words.models.families[architecture] : '',
    predictionType === 'v_prediction' ? words.ownModels.vPrediction : '',
    kind === 'checkpoint' && !hasVae ? words.ownModels.noVae : '',
    formatBytes(sizeBytes),
  ].filter(Boolean).join(words.listSeparator);
}

/** What work needs of the memory that there is, in a line. */
export function memoryLine({ peakBytes, availableBytes, memory }: MemoryPlan, words: Words): string {
  const peak = formatBytes(peakBytes);
  return availableBytes === null
    ? words.memory.needsOnly(peak, memory) : words.memory.needsOf(peak, formatBytes(availableBytes), memory);
}

/** What is changed, what it saves and what it costs. */
export function changeLine({ setting, from, to, savedBytes, timeFactor }: MemoryChange, words: Words): string {
  return [
    words.memory.settings[setting](from, to),
    savedBytes > 0 ? words.memory.saves(formatBytes(savedBytes)) : '',
    timeFactor >= 1.05 ? words.memory.slower(timeFactor.toFixed(1)) : '',
  ].filter(Boolean).join(words.memory.separator);
}

// One model as the store of fetched models holds it, and what is told of it.

import type { CatalogueEntry, DownloadState } from '../contract/models.ts';
import { type PublishedModel, sourceOf } from './catalogue.ts';
import type { ModelStoreOptions } from './model-store-port.ts';

/** What is done with a model, and what came of it. */
export interface Held {
  readonly model: PublishedModel;
  state: CatalogueEntry['state'];
  download: DownloadState | null;
  /** What is fetched of it, at the place that it comes from. */
  ofBytes: number;
  packId: CatalogueEntry['packId'];
  stop?: AbortController;
  work?: Promise<void>;
}

type Known = Pick<ModelStoreOptions, 'catalogue' | 'acceptedLicenses' | 'isElsewhere'>;

/** `place`: where it lies or would, for reading. */
export function entryOf(
  held: Held, place: string, { catalogue, acceptedLicenses, isElsewhere }: Known,
): CatalogueEntry {
  const { model, download, packId, ofBytes: sizeBytes } = held;
  const { id, name, description, kind, architecture, neededFor, needs } = model;
  const license = catalogue.licenses.find((one) => one.id === model.license)!;
  const isAccepted = !license.mustBeAccepted || acceptedLicenses().includes(license.id);
  const state = held.state === 'available' && (isElsewhere?.(model) ?? false) ? 'elsewhere' : held.state;
  const isHere = state === 'installed' || state === 'damaged';
  return {
    id, name, description, kind, architecture, neededFor, needs, source: sourceOf(model), sizeBytes,
    license: { ...license, isAccepted }, state, download, place: isHere ? place : '',
    packId: isHere ? packId : null,
  };
}

export const still: DownloadState = {
  state: 'paused', bytesDone: 0, bytesPerSecond: null, etaSeconds: null, error: null,
};

export const isActive = ({ download }: Held): boolean => (
  download !== null && ['waiting', 'running', 'checking'].includes(download.state));

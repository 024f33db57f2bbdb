// What the store of fetched models does, and what it is told of the rest of Likeness.

import type { Mirror } from '../contract/mirror.ts';
import type { CatalogueEntry, ModelStore as StoreView } from '../contract/models.ts';
import type { ModelCatalogue, PublishedModel } from './catalogue.ts';
import type { DownloadPatience } from './download.ts';

export interface ModelStore {
  /** Takes up what lies in the place where it is back again. */
  view(): Promise<StoreView>;
  entry(id: string): CatalogueEntry;
  /** Starts or goes on; throws models.license-not-accepted, models.store-away, download.no-room. */
  get(id: string): Promise<CatalogueEntry>;
  pause(id: string): Promise<CatalogueEntry>;
  cancel(id: string): Promise<CatalogueEntry>;
  remove(id: string): Promise<CatalogueEntry>;
  verify(id: string): Promise<CatalogueEntry>;
  /** Another place for downloads; what lies there already is taken over. */
  moveTo(folder: string): Promise<void>;
  /**
   * Takes up what was under way when Likeness was closed, unless told not to, and puts what is there where it is used.
   * A place that is away is looked at again from time to time.
   */
  start(isFetching?: boolean): Promise<void>;
  /** When it is there, failed or paused. */
  settled(id: string): Promise<CatalogueEntry>;
  close(): Promise<void>;
}

export interface ModelStoreOptions {
  readonly catalogue: ModelCatalogue;
  readonly folder: string;
  readonly version: string;
  readonly mirrors: () => readonly Mirror[];
  readonly acceptedLicenses: () => readonly string[];
  /** The user's own copy of the same bytes is used where it lies. */
  readonly isElsewhere?: (model: PublishedModel) => boolean;
  readonly onChange: (entry: CatalogueEntry) => void;
  /** What is whole: the file or folder that is added; answers with its pack. */
  readonly onInstalled: (model: PublishedModel, place: string) => Promise<CatalogueEntry['packId']>;
  /** Of a place that is away at the start: what is known of a model in it; answers with its pack, which is gone. */
  readonly onAway?: (model: PublishedModel) => CatalogueEntry['packId'];
  readonly onRemoved: (model: PublishedModel, packId: CatalogueEntry['packId']) => void;
  readonly patience?: Partial<DownloadPatience>;
  /** Whether models were kept in a folder before; remembered between starts. */
  readonly wasUsed?: (folder: string) => boolean;
  readonly onUsed?: (folder: string) => void;
  /** How often a place that is away is looked at; every few seconds unless told. */
  readonly lookEveryMs?: number;
}

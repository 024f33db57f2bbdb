// A store of fetched models for tests: one small model of a catalogue, served by a server of the test's own, and a note
// of everything that the store told.

import { join } from 'node:path';
import type { PackId } from '../../src-main/contract/ids.ts';
import type { CatalogueEntry } from '../../src-main/contract/models.ts';
import { type ModelCatalogue, parseModelCatalogue } from '../../src-main/packs/catalogue.ts';
import { openModelStore } from '../../src-main/packs/model-store.ts';
import type { ModelStore, ModelStoreOptions } from '../../src-main/packs/model-store-port.ts';
import type { BadServer } from './bad-server.ts';

const license = {
  id: 'strict', name: 'Strict', summary: 'For research only.', url: 'https://example.org/', isCommercialUseAllowed: false,
  mustBeAccepted: true,
};

/** A model named 'one', whose only file is what the server has; `file` and `model` are in what it differs. */
export function oneModel(server: BadServer, file: object = {}, model: object = {}): ModelCatalogue {
  const published = {
    host: 'huggingface.co', repository: 'someone/model', revision: 'main', file: 'weights.bin',
    bytes: server.bytes.length, sha256: server.sha256, ...file,
  };
  return parseModelCatalogue({
    licenses: [license],
    models: [{
      id: 'one', name: 'One', description: 'A model.', kind: 'base-model', architecture: 'sd15', license: 'strict',
      neededFor: [], needs: [], entry: 'weights.bin', files: [published], ...model,
    }],
  });
}

export interface OpenedStore {
  readonly store: ModelStore;
  readonly told: CatalogueEntry[];
  /** Places of what was installed, and 'removed' for each that was taken away. */
  readonly installed: string[];
}

/** In `folder`/models, with its server as the mirror of huggingface.co; the caller closes it. */
export async function openTestStore(
  folder: string, server: BadServer, options: Partial<ModelStoreOptions> = {},
): Promise<OpenedStore> {
  const [told, installed]: [CatalogueEntry[], string[]] = [[], []];
  const store = openModelStore({
    catalogue: oneModel(server), folder: join(folder, 'models'), version: '1.0.0',
    mirrors: () => [{ from: 'huggingface.co', to: server.url.origin }], acceptedLicenses: () => ['strict'],
    onChange: (entry) => told.push(entry), onRemoved: () => installed.push('removed'),
    onInstalled: async (_model, place) => {
      installed.push(place);
      return 'pack-one' as PackId;
    },
    patience: { chunkBytes: 8192, idleMs: 300, tries: 3, firstWaitMs: 1, longestWaitMs: 5 }, ...options,
  });
  await store.start();
  return { store, told, installed };
}

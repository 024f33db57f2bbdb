// Networks beside the base models, their licences, and which of them find and compare faces.

import type { CompanionView } from '../../src-main/contract/companions.ts';
import type { FaceEngineId } from '../../src-main/contract/faces.ts';
import type { Pack } from '../../src-main/contract/nouns.ts';
import type { StudioClient } from '../ipc/client.ts';
import type { Studio } from './studio.svelte.ts';

export class Models {
  companions = $state.raw<readonly CompanionView[]>([]);
  #client: StudioClient;
  #studio: Studio;

  constructor(client: StudioClient, studio: Studio) {
    this.#client = client;
    this.#studio = studio;
  }

  async load(): Promise<void> {
    this.companions = await this.#client.call('companions.list', {});
  }

  /** The user has read a licence and agrees, or takes that back; what depends on it is read anew. */
  async accept(licenseId: string, isAccepted: boolean): Promise<void> {
    this.#studio.settings = await this.#client.call('licenses.accept', { licenseId, isAccepted });
    await Promise.all([this.#studio.load(), this.load()]);
  }

  async chooseEngine(faceEngine: FaceEngineId): Promise<void> {
    await this.#studio.change({ faceEngine });
  }

  /** What instant portraits with this model need beside it, ready or not; nothing for a model that has its own. */
  neededFor(pack: Pack): readonly CompanionView[] {
    if (pack.isBuiltIn || pack.architecture !== 'sdxl') return [];
    return this.companions.filter(({ neededFor }) => neededFor.includes('instantly'));
  }
}

/** What stands between a companion and its use; null when nothing does. */
export function lackOf(
  { state, isLicenseAccepted }: CompanionView,
): 'missing' | 'gone' | 'changed' | 'license' | null {
  if (state !== 'ready') return state;
  return isLicenseAccepted ? null : 'license';
}

// What the studio says of itself: version, engine, settings, packs and styles; and whether it answers at all.

import type { FaceEngine } from '../../src-main/contract/faces.ts';
import type { EngineState, Pack, Style } from '../../src-main/contract/nouns.ts';
import { defaultStudioSettings, type StudioSettings } from '../../src-main/contract/settings.ts';
import type { StudioClient } from '../ipc/client.ts';

const unknownEngine: EngineState = {
  state: 'off', provider: null, precision: 'float32', fallbackReason: null, deviceName: null,
};

export class Studio {
  version = $state('');
  engine = $state.raw<EngineState>(unknownEngine);
  settings = $state.raw<StudioSettings>(defaultStudioSettings);
  packs = $state.raw<Pack[]>([]);
  styles = $state.raw<Style[]>([]);
  faceEngines = $state.raw<readonly FaceEngine[]>([]);
  /** Memory of this machine; 0 while it is not known. */
  memoryBytes = $state(0);
  isConnected = $state(true);
  isLoaded = $state(false);
  #client: StudioClient;

  constructor(client: StudioClient) {
    this.#client = client;
  }

  /** Reads all of it; answers whether the user has stopped the queue. */
  async load(): Promise<boolean> {
    const state = await this.#client.call('studio.state', {});
    this.version = state.version;
    this.engine = state.engine;
    this.settings = state.settings;
    this.packs = state.packs;
    this.styles = state.styles;
    this.faceEngines = state.faceEngines;
    this.memoryBytes = state.memoryBytes;
    this.isLoaded = true;
    return state.isQueuePaused;
  }

  /** Changes settings at once on the page; puts them back when the studio refuses. */
  async change(change: Partial<StudioSettings>): Promise<void> {
    const before = this.settings;
    this.settings = { ...before, ...change };
    try {
      this.settings = await this.#client.call('settings.set', change);
    } catch (thrown) {
      this.settings = before;
      throw thrown;
    }
    // the studio names styles in the language that is set
    if (this.settings.language !== before.language) this.styles = await this.#client.call('styles.list', {});
  }
}

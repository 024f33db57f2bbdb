// What the engine's handlers share for as long as the process lives.

import type { ProviderChooser } from './provider-choice.ts';

export interface EngineParts {
  /** Face networks and the tokenizer. */
  readonly resourcesFolder: string;
  readonly chooser: ProviderChooser;
}

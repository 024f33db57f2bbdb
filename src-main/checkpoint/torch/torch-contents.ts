// What both containers give: the object, and where each storage that it mentions lies.

import type { PickleValue } from './pickle-values.ts';

export interface TorchContents {
  readonly value: PickleValue;
  /** Offset in the file of each storage, by key. */
  readonly offsets: ReadonlyMap<string, number>;
  readonly isBigEndian: boolean;
}

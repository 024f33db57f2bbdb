// node test/faces/make/write-weights.ts: writes resources/faces/*.safetensors anew.

import { fileURLToPath } from 'node:url';
import { writeSafetensors } from '../../../src-main/checkpoint/safetensors-writer.ts';
import { faceWeightFiles, faceWeightMetadata } from './convert-networks.ts';

for (const [name, weights] of Object.entries(faceWeightFiles)) {
  const file = fileURLToPath(new URL(`../../../resources/faces/${name}`, import.meta.url));
  await writeSafetensors(file, weights(), faceWeightMetadata);
  console.log(file);
}

// What the networks that find faces and measure likeness take of memory. They compute on the processor, whatever draws:
// where that is a graphics card they take nothing of its memory.

import { stat } from 'node:fs/promises';
import type { FaceNetworks } from '../contract/engine-faces.ts';
import type { ProviderName } from '../contract/machine.ts';
import type { MemoryPart } from '../contract/memory-plan.ts';

/** Weights of the built-in networks. */
const builtInBytes = 13e6;

/** Values, buffers that stay, and a photo: measured with the built-in networks on a picture of 512 pixels. */
const faceValueBytes = 0.23e9;

/** Undefined on a graphics card. */
export async function likenessPart(networks: FaceNetworks, provider: ProviderName): Promise<MemoryPart | undefined> {
  if (provider !== 'cpu') return undefined;
  return {
    name: 'likeness', weightBytes: await weightBytes(networks) + faceValueBytes, activationBytes: 0, trainingBytes: 0,
    stage: 0,
  };
}

async function weightBytes(networks: FaceNetworks): Promise<number> {
  if (networks.kind === 'built-in') return builtInBytes;
  const sizes = await Promise.all([networks.detector, networks.recognizer].map(async ({ file }) => (
    await stat(file).then(({ size }) => size, () => 0))));
  return sizes.reduce((sum, size) => sum + size);
}

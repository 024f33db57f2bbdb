// Files that stand beside base models, small and of true topology, and a catalogue that names those of antelopev2 by
// their hashes as the real one names the published files.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { numberedName } from '../../src-main/checkpoint/image-attention-names.ts';
import type { Checkpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import type { ResamplerConfig } from '../../src-main/checkpoint/resampler-config.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import {
  controlNetParameters, imageAttentionParameters, type ParameterShapes, resamplerParameters,
} from '../../src-main/models/parameter-shapes.ts';
import { type CompanionCatalogue, readCatalogue } from '../../src-main/packs/companion-catalogue.ts';
import type { Tensor } from '../../src-main/tensor/tensor.ts';
import { randomTensor } from '../compiler/numbers.ts';
import { detectorModel, recognizerModel, sha256Of } from '../faces/tiny-antelope.ts';
import { tinySdxlCheckpoint } from '../networks/tiny-checkpoint.ts';
import { adapterBin, identityNetJson } from '../networks/tiny-instant-id.ts';
import { miniatureIdentityNet } from '../networks/tiny-miniature.ts';

type Sizes = Pick<Checkpoint, 'unetConfig' | 'vaeConfig'>;

/** The published catalogue with the hashes of the small networks in place of the real ones. */
export async function tinyCatalogue(): Promise<CompanionCatalogue> {
  const catalogue = await readCatalogue(fileURLToPath(new URL('../../resources', import.meta.url)));
  const hashes: Readonly<Record<string, string>> = {
    'face-detector': sha256Of(detectorModel('open')), 'face-recognizer': sha256Of(recognizerModel()),
  };
  return {
    ...catalogue,
    companions: catalogue.companions.map((one) => ({
      ...one, files: one.files.map((file) => ({ ...file, sha256: hashes[one.kind] ?? file.sha256 })),
    })),
  };
}

/** With heads of InstantID's width, which leaves no trace in a file. */
function resamplerFor({ unetConfig }: Sizes): ResamplerConfig {
  return {
    dim: 8, depth: 1, dimHead: 64, heads: 1, numQueries: 2, embeddingDim: 512,
    outputDim: unetConfig.crossAttentionDim, ffMult: 2,
  };
}

function random(shapes: ParameterShapes): [string, Tensor][] {
  return [...shapes].map(([name, shape], i) => [name, randomTensor(shape, 5000 + i, -0.5, 0.5)]);
}

function adapterTensors(sizes: Sizes): Map<string, Tensor> {
  const { unetConfig } = sizes;
  return new Map([
    ...random(resamplerParameters(resamplerFor(sizes))).map(([name, tensor]) => (
      [`image_proj.${name}`, tensor] as const)),
    ...random(imageAttentionParameters(unetConfig)).map(([name, tensor]) => (
      [`ip_adapter.${numberedName(name, unetConfig)}`, tensor] as const)),
  ]);
}

/** antelopev2 as its zip unpacks, below `folder`. */
export async function writeAntelopeFolder(folder: string): Promise<{ detector: string; recognizer: string }> {
  const place = path.join(folder, 'antelopev2');
  await mkdir(place, { recursive: true });
  const [detector, recognizer] = ['scrfd_10g_bnkps.onnx', 'glintr100.onnx'].map((name) => path.join(place, name));
  await writeFile(detector!, detectorModel('open'));
  await writeFile(recognizer!, recognizerModel());
  await writeFile(path.join(place, 'genderage.onnx'), 'not asked for');
  return { detector: detector!, recognizer: recognizer! };
}

/** InstantID's folder as it is published, for a checkpoint of SDXL's topology. */
export async function writeInstantIdFolder(
  folder: string, sizes: Sizes = tinySdxlCheckpoint(),
): Promise<{ imageAdapter: string; identityNet: string }> {
  const config = miniatureIdentityNet(sizes);
  const [imageAdapter, identityNet] = ['ip-adapter.bin', 'ControlNetModel'].map((name) => path.join(folder, name));
  await mkdir(identityNet!, { recursive: true });
  await writeFile(imageAdapter!, adapterBin(adapterTensors(sizes)));
  await writeFile(path.join(identityNet!, 'config.json'), JSON.stringify(identityNetJson(config)));
  await writeSafetensors(
    path.join(identityNet!, 'diffusion_pytorch_model.safetensors'), new Map(random(controlNetParameters(config))));
  return { imageAdapter: imageAdapter!, identityNet: identityNet! };
}

/** A LoRA with these modules, under kohya's names. */
export async function writeLora(file: string, modules: readonly string[]): Promise<string> {
  await writeSafetensors(file, new Map(modules.flatMap((module, i) => [
    [`lora_unet_${module}.lora_down.weight`, randomTensor([2, 4], 2 * i, -1, 1)],
    [`lora_unet_${module}.lora_up.weight`, randomTensor([4, 2], 2 * i + 1, -1, 1)],
  ] as const)));
  return file;
}

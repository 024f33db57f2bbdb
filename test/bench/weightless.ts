// Models at their real size without their bytes: names, shapes and number types alone, for looking at graphs.

import {
  parseSchedulerConfig, parseTextEncoderConfig, parseUnetConfig, parseVaeConfig,
} from '../../src-main/checkpoint/configs.ts';
import type { Checkpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import type { ParameterShapes } from '../../src-main/models/parameter-shapes.ts';
import { bytesPerElement, elementCount } from '../../src-main/tensor/tensor.ts';
import type { WeightTable } from '../../src-main/tensor/weights.ts';
import type { WeightDType } from './random-checkpoint.ts';
import { type RealModel, realModels } from './real-size-configs.ts';

/** References into a file that is not there: nothing of it may be read. */
export function weightless(shapes: ParameterShapes, dtype: WeightDType, network: string): WeightTable {
  let end = 0;
  return new Map([...shapes].map(([name, shape]) => {
    const [offsetBytes, lengthBytes] = [end, bytesPerElement[dtype] * elementCount(shape)];
    end += lengthBytes;
    return [name, { dtype, shape, file: `/${network}.safetensors`, offsetBytes, lengthBytes }];
  }));
}

/** SD 1.5 or SDXL; the VAE is the one that float16 holds where `isVaeFixed` says so. */
export function weightlessCheckpoint(model: RealModel, dtype: WeightDType, isVaeFixed = false): Checkpoint {
  const { networks } = realModels[model];
  const networkIn = (folder: string) => networks.find((network) => network.folder === folder)!;
  const [net, vae] = [networkIn('unet'), networkIn('vae')];
  const encoders = networks.filter(({ folder }) => folder.startsWith('text_encoder'));
  const vaeConfig = parseVaeConfig(vae.config, 'bench');
  return {
    path: '/weightless.safetensors', architecture: model, layout: 'single-file',
    unet: weightless(net.shapes(), dtype, 'unet'), unetConfig: parseUnetConfig(net.config, 'bench'),
    vae: weightless(vae.shapes(), dtype, 'vae'),
    vaeConfig: isVaeFixed ? { ...vaeConfig, forceUpcast: false } : vaeConfig,
    textEncoders: encoders.map(({ folder, config, shapes }) => (
      { weights: weightless(shapes(), dtype, folder), config: parseTextEncoderConfig(config, 'bench') })),
    schedulerConfig: parseSchedulerConfig({ prediction_type: 'epsilon' }, 'bench'),
  };
}

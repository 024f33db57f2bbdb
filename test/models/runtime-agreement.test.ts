// ONNX Runtime's float32 against the float64 reference, a whole small network at a time: what the compiler simplifies,
// lowers and emits still computes what the description says.

import { expect, test } from 'vitest';

import { evaluate } from '../../src-main/compiler/evaluate.ts';
import { textEncoderParameters, unetParameters, vaeParameters } from '../../src-main/models/parameter-shapes.ts';
import { clipTextEncoder } from '../../src-main/models/text-encoder.ts';
import { unet } from '../../src-main/models/unet.ts';
import { vaeDecoder, vaeEncoder } from '../../src-main/models/vae.ts';
import { openSession } from '../../src-main/runtime/session.ts';
import { float32Tensor, int64Tensor } from '../../src-main/tensor/tensor.ts';
import {
  buildGraph, type Network, randomTensor, randomWeights, tinyTextEncoder, tinyUnet, tinyVae,
} from './tiny-networks.ts';

// float32 keeps 6e-8 of each number; the sums of a few dozen layers lose a factor of about thirty of it
const tolerance = 5e-6;

const networks: Record<string, Network> = {
  'the UNet': {
    weights: randomWeights(unetParameters(tinyUnet)),
    feeds: {
      sample: randomTensor([2, 16, 4, 6], 1),
      timestep: float32Tensor([2], [7, 940]),
      context: randomTensor([2, 5, 6], 2),
    },
    describe: (scope, inputs) => ({
      noise: unet(scope, tinyUnet, {
        sample: inputs['sample']!, timestep: inputs['timestep']!, encoderHiddenStates: inputs['context']!,
      }),
    }),
  },
  'the VAE': {
    weights: randomWeights(vaeParameters(tinyVae)),
    feeds: { image: randomTensor([2, 3, 6, 8], 3), latent: randomTensor([2, 16, 3, 4], 4) },
    describe: (scope, inputs) => ({
      moments: vaeEncoder(scope, tinyVae, inputs['image']!), decoded: vaeDecoder(scope, tinyVae, inputs['latent']!),
    }),
  },
  'the text encoder': {
    weights: randomWeights(textEncoderParameters(tinyTextEncoder)),
    feeds: { ids: int64Tensor([2, 6], [18, 3, 4, 19, 19, 19, 18, 5, 6, 7, 8, 19]) },
    describe: (scope, inputs) => {
      const encoding = clipTextEncoder(scope, tinyTextEncoder, inputs['ids']!);
      return { states: encoding.lastHiddenState, raw: encoding.hiddenState(-2), pooled: encoding.pooled(19) };
    },
  },
};

test.each(Object.keys(networks))('%s computes on ONNX Runtime what the reference says', async (name) => {
  const network = networks[name]!;
  const graph = buildGraph(network);
  const expected = evaluate(graph, network.feeds);
  const session = await openSession(graph, { provider: 'cpu', threads: 1 });
  try {
    const outputs = await session.run(network.feeds);
    expect(Object.keys(outputs).sort()).toEqual(Object.keys(expected).sort());
    for (const [output, { shape, values }] of Object.entries(expected)) {
      const actual = outputs[output]!.data as Float32Array;
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const error = values.reduce((most, value, i) => Math.max(most, Math.abs(value - actual[i]!)), 0);
      expect(outputs[output]!.shape).toEqual(shape);
      expect(largest).toBeGreaterThan(1e-3);
      expect(error / largest).toBeLessThan(tolerance);
    }
  } finally {
    await session.release();
  }
});

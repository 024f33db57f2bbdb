// Whole checkpoints through openCheckpoint: single files of SD 1.5 and SDXL in the original naming, every network run
// on the text states that the file's own text encoders gave; and a pickled one, tensor by tensor.

import path from 'node:path';

import { parseTextEncoderConfig, parseUnetConfig, parseVaeConfig } from '../../../src-main/checkpoint/configs.ts';
import { type Checkpoint, openCheckpoint } from '../../../src-main/checkpoint/open-checkpoint.ts';
import { readSafetensorsHeader, readTensor } from '../../../src-main/checkpoint/safetensors.ts';
import { openTensorFile } from '../../../src-main/checkpoint/tensor-file.ts';
import { GraphBuilder } from '../../../src-main/compiler/1-build/graph-builder.ts';
import { frozenScope } from '../../../src-main/models/frozen-scope.ts';
import { textConditioning } from '../../../src-main/networks/text-conditioning.ts';
import { openSession } from '../../../src-main/runtime/session.ts';
import { tensorBytes } from '../../../src-main/tensor/tensor.ts';
import { exactRow, type GoldenCase, type GoldenContext, type GoldenProvider, type GoldenRow } from '../case.ts';
import {
  compare, decoderOutputs, encoderOutputs, feedsOf, pictureTolerance, readCase, type Tensors, textTolerance,
  unetOutputs,
} from '../network-runs.ts';

/** `textNames`: what the golden file calls context and pooled text; `idNames`: the ids of each encoder. */
interface CheckpointCase {
  readonly folder: string;
  readonly idNames: readonly string[];
  readonly contextName: string;
  readonly pooledName?: string;
}

function checkpointCase({ folder, idNames, contextName, pooledName }: CheckpointCase): GoldenCase {
  return {
    folder,
    async run(context) {
      const { checkpoint, golden } = await openGolden(context);
      const text = await textStates(context.provider, checkpoint, idNames.map((name) => feedsOf(golden, [name])));
      const feeds = {
        ...feedsOf(golden, ['sample', 'timestep', 'time_ids']), encoder_hidden_states: text['context']!,
        ...(text['pooled'] ? { text_embeds: text['pooled'] } : {}),
      };
      const { unet, unetConfig, vae, vaeConfig } = checkpoint;
      const denoised = await unetOutputs(context.provider, unet, unetConfig, feeds);
      const { mean, logvar } = await encoderOutputs(context.provider, vae, vaeConfig, golden.get('vae_image')!);
      const { decoded } = await decoderOutputs(context.provider, vae, vaeConfig, golden.get('vae_latent')!);
      const pictures = { ...denoised, vae_mean: mean!, vae_logvar: logvar!, vae_decoded: decoded! };
      const texts = { [contextName]: text['context']!, ...(pooledName ? { [pooledName]: text['pooled']! } : {}) };
      return [
        ...compare('io', texts, golden, textTolerance), ...compare('io', pictures, golden, pictureTolerance),
      ];
    },
  };
}

async function openGolden(context: GoldenContext) {
  const { config, configFile, runs } = await readCase(context, ['io']);
  const text = (name: string) => config[name] && parseTextEncoderConfig(config[name], configFile);
  const [textEncoder, textEncoder2] = [text('text_encoder'), text('text_encoder_2')];
  const checkpoint = await openCheckpoint(path.join(context.folder, 'model.safetensors'), {
    configs: {
      unet: parseUnetConfig(config['unet'], configFile), vae: parseVaeConfig(config['vae'], configFile),
      ...(textEncoder ? { textEncoder } : {}), ...(textEncoder2 ? { textEncoder2 } : {}),
    },
  });
  return { checkpoint, golden: runs[0]!.golden };
}

/** 'context' and, for SDXL, 'pooled', of the ids of each encoder. */
async function textStates(
  provider: GoldenProvider, checkpoint: Checkpoint, ids: readonly Tensors[],
): Promise<Tensors> {
  const g = new GraphBuilder('golden');
  const feeds = Object.assign({}, ...ids) as Tensors;
  const inputs = Object.entries(feeds).map(([name, { dtype, shape }]) => g.input(name, dtype, shape));
  const scopes = checkpoint.textEncoders.map(({ weights }) => frozenScope(g, weights));
  const { context, pooled } = textConditioning(scopes, checkpoint, inputs);
  g.output('context', context);
  if (pooled) g.output('pooled', pooled);
  const session = await openSession(g.graph(), { provider, threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

/** A pickle of some of ckpt-sd15's tensors: each equal to its namesake there, byte for byte. */
const pickleCase: GoldenCase = {
  folder: 'ckpt-sd15-pickle',
  async run({ folder, root }) {
    const pickled = await openTensorFile(path.join(folder, 'model.ckpt'));
    const { tensors } = await readSafetensorsHeader(path.join(root, 'ckpt-sd15/model.safetensors'));
    const rows: GoldenRow[] = [];
    const wrong: string[] = [];
    for (const [name, source] of await pickled.part('')) {
      const namesake = tensors.get(name);
      const [a, b] = [await readTensor(source), namesake && await readTensor(namesake)];
      const isSame = b && a.dtype === b.dtype && a.shape.join() === b.shape.join()
        && Buffer.compare(tensorBytes(a), tensorBytes(b)) === 0;
      if (!isSame) wrong.push(name);
    }
    const { tensors: count } = (await readCase({ folder, root, provider: 'cpu' }, [])).config;
    const isWhole = pickled.tensors.size === Number(count);
    rows.push(exactRow('tensors in the file', isWhole, `${pickled.tensors.size} of ${Number(count)}`));
    const note = wrong.length > 0 ? `differ: ${wrong.slice(0, 5).join(' ')}` : `${pickled.tensors.size} tensors equal`;
    return [...rows, exactRow('every tensor is its namesake', wrong.length === 0, note)];
  },
};

export const cases: readonly GoldenCase[] = [
  checkpointCase({ folder: 'ckpt-sd15', idNames: ['input_ids'], contextName: 'text_last_hidden_state' }),
  checkpointCase({
    folder: 'ckpt-sdxl', idNames: ['input_ids', 'input_ids_2'],
    contextName: 'prompt_embeds', pooledName: 'pooled_prompt_embeds',
  }),
  pickleCase,
];

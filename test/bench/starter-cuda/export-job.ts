// What train.py needs: the training steps of the starter pack as JSON graphs in a few batch sizes, the networks as they
// are now, and the numbers of the recipe: node export-job.ts --recipe FILE --base PACK --cache FOLDER --out FOLDER
// [--small].

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Graph } from '../../../src-main/compiler/1-build/graph.ts';
import { GraphBuilder } from '../../../src-main/compiler/1-build/graph-builder.ts';
import { faceEncoderGraph } from '../../../src-main/faces/pack-face-encoder.ts';
import { frozenScope } from '../../../src-main/models/frozen-scope.ts';
import { vaeEncoder } from '../../../src-main/models/vae.ts';
import type { ParameterLayout } from '../../../src-main/networks/flat-parameters.ts';
import { adoptedDenoiser, adoptedParameters } from '../../../src-main/starter/adopt-stage.ts';
import { type BasePack, openBasePack } from '../../../src-main/starter/base-pack.ts';
import { faceEncoderConfig, faceLayout, faceStepGraph } from '../../../src-main/starter/face-stage.ts';
import { initialParameters, tensorsOf } from '../../../src-main/starter/flat-parameters.ts';
import { readInstantId } from '../../../src-main/starter/instant-export.ts';
import { instantLayout, instantNetworks } from '../../../src-main/starter/instant-networks.ts';
import { instantStepGraph } from '../../../src-main/starter/instant-stage.ts';
import { judgeLayout, judgeStepGraph, weightOf } from '../../../src-main/starter/judge-stage.ts';
import { labelNames, labelValues } from '../../../src-main/starter/labels.ts';
import { readEncodedPictures } from '../../../src-main/starter/latent-stage.ts';
import { type StarterRecipe, recipeSchema } from '../../../src-main/starter/recipe.ts';
import { usedTokenRows } from '../../../src-main/starter/token-rows.ts';
import { denoiserLayout, starterNoiseSchedule, unetStepGraph } from '../../../src-main/starter/unet-stage.ts';
import { openSession } from '../../../src-main/runtime/session.ts';
import { seededRandom } from '../../../src-main/starter/seeded-random.ts';
import { type Tensor, tensorBytes } from '../../../src-main/tensor/tensor.ts';
import { openClipTokenizer } from '../../../src-main/text/tokenizer.ts';
import { graphJson } from './graph-json.ts';
import { feedFor, placesOf } from './job-parts.ts';

const { values: args } = parseArgs({
  options: { recipe: { type: 'string' }, base: { type: 'string' }, out: { type: 'string' }, cache: { type: 'string' },
    small: { type: 'boolean', default: false } },
});
const recipe = recipeSchema.parse(JSON.parse(await readFile(args.recipe!, 'utf8')));
const out = args.out!;
const blob: Uint8Array[] = [];

const sizes = args.small ? { unet: [4], instant: [4], face: [8], judge: [8], passes: 4 }
  : { unet: [128, 256], instant: [128, 256], face: [384], judge: [256], passes: 256 };

async function writeGraph(name: string, graph: Graph, entryOf?: (name: string) => string | undefined): Promise<void> {
  await writeFile(path.join(out, `${name}.json`), JSON.stringify(graphJson(graph, blob, entryOf)));
}

async function writeHalf(name: string, values: Float32Array): Promise<void> {
  const halves = Float16Array.from(values);
  await writeFile(path.join(out, `${name}.f16`), new Uint8Array(halves.buffer));
}

function encoderGraph({ vae, vaeConfig }: BasePack, batch: number): Graph {
  const g = new GraphBuilder('pack_encoder');
  const edgePx = recipe.resolutionPx;
  const moments = vaeEncoder(frozenScope(g, vae), vaeConfig, g.input('image', 'float32', [batch, 3, edgePx, edgePx]));
  g.output('latent', g.mul(g.slice(moments, 1, 0, vaeConfig.latentChannels), g.scalar(vaeConfig.scalingFactor)));
  return g.graph();
}

/** Frozen tensors of the denoiser are cut out of its trained vector. */
const denoiserEntry = (name: string): string | undefined => {
  if (name.startsWith('unet.')) return name;
  return name.startsWith('text.') ? name.replace('text.', 'text_encoder.') : undefined;
};

const withBatch = <K extends 'unet' | 'instant' | 'face' | 'judge'>(key: K, batchSize: number): StarterRecipe => (
  { ...recipe, [key]: { ...recipe[key], batchSize } });

/** A small step with its inputs and what ONNX Runtime makes of them, which train.py begins with. */
async function writeCheck(name: string, graph: Graph, parameters: Float32Array): Promise<void> {
  const folder = path.join(out, `check-${name}`);
  await mkdir(folder, { recursive: true });
  await writeGraph(`check-${name}`, graph);
  const random = seededRandom(recipe.seed, 60);
  const feeds = Object.fromEntries(graph.inputs.map((value) => [value.name, feedFor(value, parameters, random)]));
  const session = await openSession(graph, { provider: 'cpu' });
  const results = await session.run(feeds);
  await session.release();
  const write = (file: string, tensor: Tensor) => writeFile(path.join(folder, file), tensorBytes(tensor));
  for (const [input, tensor] of Object.entries(feeds)) await write(`in.${input}`, tensor);
  for (const output of ['loss', 'next.parameters.starter']) await write(`out.${output}`, results[output]!);
}

type Named<T> = Readonly<Record<'unet' | 'face' | 'judge' | 'instant', T>>;

async function writeGraphs(
  base: BasePack, layouts: Named<ParameterLayout>, states: Named<Float32Array>, tokenRows: number,
): Promise<void> {
  for (const [name, values] of Object.entries(states)) await writeHalf(name, values);
  for (const batch of sizes.unet) {
    await writeGraph(`unet-${batch}`, unetStepGraph(withBatch('unet', batch), tokenRows).graph());
  }
  for (const batch of sizes.instant) {
    await writeGraph(`instant-${batch}`, instantStepGraph(withBatch('instant', batch), base).graph(), denoiserEntry);
  }
  for (const batch of sizes.face) await writeGraph(`face-${batch}`, faceStepGraph(withBatch('face', batch)).graph());
  for (const batch of sizes.judge) {
    await writeGraph(`judge-${batch}`, judgeStepGraph(withBatch('judge', batch)).graph());
  }
  await writeCheck('unet', unetStepGraph(withBatch('unet', 2), tokenRows).graph(), states.unet);
  await writeCheck('judge', judgeStepGraph(withBatch('judge', 4)).graph(), states.judge);
  await writeGraph('encode', encoderGraph(base, sizes.passes));
  await writeGraph('embed',
    faceEncoderGraph(faceEncoderConfig(recipe), tensorsOf(layouts.face, states.face, 'face_encoder'), sizes.passes),
    (name) => (layouts.face.entries.some((entry) => entry.name === `face_encoder.${name}`)
      ? `face_encoder.${name}` : undefined));
}

async function main(): Promise<void> {
  await mkdir(out, { recursive: true });
  const base = await openBasePack(args.base!);
  const clip = await openClipTokenizer(path.resolve(import.meta.dirname, '../../../resources/tokenizer'));
  const rows = usedTokenRows(clip, (await readEncodedPictures(args.cache!, recipe)).captions);
  const { face, instant } = await readInstantId(path.join(args.base!, 'instant_id'), base);
  const layouts = {
    unet: denoiserLayout(recipe, rows.ids.length), face: faceLayout(recipe), judge: judgeLayout(recipe),
    instant: instantLayout(instantNetworks(recipe, base)),
  };
  const states: Record<keyof typeof layouts, Float32Array> = {
    unet: await adoptedDenoiser(layouts.unet, base, clip, rows.ids, recipe.seed),
    face: adoptedParameters(layouts.face, face, recipe.seed),
    judge: initialParameters(layouts.judge, recipe.seed + 1),
    instant: adoptedParameters(layouts.instant, instant, recipe.seed),
  };
  await writeGraphs(base, layouts, states, rows.ids.length);
  await writeFile(path.join(out, 'constants.bin'), Buffer.concat(blob));
  await writeFile(path.join(out, 'job.json'), JSON.stringify({
    recipe, alphasCumprod: [...starterNoiseSchedule().alphasCumprod], sizes, checks: ['unet', 'judge'],
    labels: labelNames.map((name) => ({ values: labelValues[name].length, weight: weightOf(name) })),
    emptyRows: [...rows.rowsOf('')], tokenIds: rows.ids, layouts: Object.fromEntries(
      Object.entries(layouts).map(([name, layout]) => [name, placesOf(layout)])),
  }));
}

await main();

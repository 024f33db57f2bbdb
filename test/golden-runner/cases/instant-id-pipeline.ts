// A few steps of InstantID's own pipeline through the loaded networks, as the product draws: the face embedding to its
// tokens, each step's call under guidance, Euler from diffusers' noise levels, and the decoded picture.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import sharp from 'sharp';

import type { Checkpoint } from '../../../src-main/checkpoint/checkpoint.ts';
import { parseControlNetConfig, parseSchedulerConfig, parseVaeConfig } from '../../../src-main/checkpoint/configs.ts';
import { vaeWeights } from '../../../src-main/checkpoint/vae-names.ts';
import { denoiser, plannedTimesteps, type Predict } from '../../../src-main/diffusion/denoiser.ts';
import { noiseSchedule } from '../../../src-main/diffusion/noise-schedule.ts';
import { sample } from '../../../src-main/diffusion/sample.ts';
import { samplers } from '../../../src-main/diffusion/samplers.ts';
import { planSampling, type SamplingPlan, startLatents } from '../../../src-main/diffusion/sampling-plan.ts';
import { faceTokens, guidedPrediction } from '../../../src-main/generation/guided-prediction.ts';
import { openInstantId } from '../../../src-main/networks/instant-id.ts';
import { openPipeline, type Pipeline, type PredictInput } from '../../../src-main/networks/pipeline.ts';
import { float32Tensor, type Tensor } from '../../../src-main/tensor/tensor.ts';
import { type GoldenCase, type GoldenContext, type GoldenRow, maxError, row } from '../case.ts';
import { resamplerConfigOf, tensorsIn, unetOf, weightsFile } from '../instant-id-runs.ts';
import { type Case, readCase } from '../network-runs.ts';

interface Call {
  readonly input: PredictInput;
  readonly output: Tensor;
}

type Golden = ReadonlyMap<string, Tensor>;

/** golden/README.md: several steps, float32 on a CPU. */
const severalStepsTolerance = 1e-4;

/** The folder whose config.json has the networks' numbers and whose kps.png is shown. */
const networksFolder = 'instantid-step';

export const cases: readonly GoldenCase[] = [{
  folder: 'instantid-pipeline', providers: ['cpu', 'webgpu'],
  async run(context) {
    const { config, configFile, runs } = await readCase(context, ['io']);
    const { golden } = runs[0]!;
    const networks = { ...context, folder: path.join(context.root, networksFolder) };
    const step = await readCase(networks, []);
    const checkpoint = await openGoldenCheckpoint(context, { ...config, unet: step.config['unet']! }, configFile);
    const instantId = await openInstantId({
      imageAdapter: weightsFile(context, config, 'ip-adapter.bin'),
      identityNet: weightsFile(context, config, 'controlnet.safetensors'),
    }, checkpoint, {
      faceEmbeddingWidth: golden.get('face_embedding')!.shape.at(-1)!,
      resampler: resamplerConfigOf(step.config, step.configFile),
      identityNet: parseControlNetConfig(step.config['controlnet'], step.configFile),
    });
    const pipeline = openPipeline(checkpoint, { provider: context.provider, threads: 1, instantId });
    try {
      const keyPoints = await pictureTensor(path.join(networks.folder, 'kps.png'));
      return [
        ...await drawAndCompare(pipeline, golden, config, keyPoints, true),
        ...await drawAndCompare(pipeline, golden, config, keyPoints, false),
      ];
    } finally {
      await pipeline.release();
    }
  },
}];

/** No text encoders: the prompts come encoded. */
async function openGoldenCheckpoint(
  context: GoldenContext, config: Case['config'], configFile: string,
): Promise<Checkpoint> {
  const unet = await unetOf(context, config, configFile);
  return {
    path: context.folder, architecture: 'sdxl', layout: 'diffusers-folder', textEncoders: [],
    unet: unet.weights, unetConfig: unet.config, schedulerConfig: parseSchedulerConfig(config['scheduler'], configFile),
    vae: vaeWeights(await tensorsIn(weightsFile(context, config, 'vae.safetensors'))),
    vaeConfig: parseVaeConfig(config['vae'], configFile),
  };
}

/** RGB of 0…1: [1, 3, H, W]. */
async function pictureTensor(file: string): Promise<Tensor> {
  const { data, info } = await sharp(await readFile(file)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const area = info.width * info.height;
  const values = Float32Array.from({ length: 3 * area }, (_, i) => data[(i % area) * 3 + Math.floor(i / area)]! / 255);
  return float32Tensor([1, 3, info.height, info.width], values);
}

/** One portrait with both sides of guidance in one call, or one after the other. */
async function drawAndCompare(
  pipeline: Pipeline, golden: Golden, config: Case['config'], keyPoints: Tensor, inOneBatch: boolean,
): Promise<GoldenRow[]> {
  const plan = planOf(pipeline, config);
  const calls: Call[] = [];
  const predict = guidedPrediction(recording(pipeline, calls), {
    ...textOf(golden), guidanceScale: Number(config['guidance_scale']), inOneBatch,
    face: {
      ...await faceTokens(pipeline, golden.get('face_embedding')!.data as Float32Array),
      imageStrength: Number(config['ip_adapter_scale']),
      identityNet: { keyPoints, strength: Number(config['controlnet_conditioning_scale']) },
    },
  }, golden.get('initial_noise')!.shape);
  const { latents, guidedNoise } = await walk(pipeline, plan, predict, golden.get('initial_noise')!);
  const last = latents.at(-1)!;
  const scaled = (last.data as Float32Array).map((value) => value / pipeline.config.latentScale);
  const check = (tensor: string, actual: Tensor | undefined): GoldenRow[] => (
    rowOf(inOneBatch ? 'one batch' : 'two calls', golden, tensor, actual));
  return [
    ...(inOneBatch ? planRows(golden, plan) : []),
    ...guidedNoise.flatMap((noise, i) => [
      ...check(`step${i}.latents_before`, latents[i]), ...check(`step${i}.latents_after`, latents[i + 1]),
      ...check(`step${i}.guided_noise`, noise),
      ...(inOneBatch ? check(`step${i}.model_input`, calls[i]!.input.latents) : []),
      ...(inOneBatch ? check(`step${i}.noise_pred_pair`, calls[i]!.output) : []),
    ]),
    ...check('final_latents', last),
    ...check('decoded_image', await pipeline.decode(float32Tensor(last.shape, scaled))),
  ];
}

/** The sampler's latents before and after every step, and the guided noise of each. */
async function walk(pipeline: Pipeline, plan: SamplingPlan, predict: Predict, initialNoise: Tensor) {
  const { shape } = initialNoise;
  const guidedNoise: Tensor[] = [];
  const denoise = denoiser(async (latents, timestep) => {
    const noise = await predict(latents, timestep);
    guidedNoise.push(float32Tensor(shape, noise));
    return noise;
  }, pipeline.config.predictionType, plannedTimesteps(plan, noiseSchedule(pipeline.config.alphasCumprod)));
  const x = startLatents(plan, initialNoise.data as Float32Array);
  const latents = [float32Tensor(shape, x)];
  await sample({
    sampler: samplers.euler.run, denoise, x, sigmas: plan.sigmas, noise: () => new Float32Array(x.length),
    onStep: (progress) => { latents.push(float32Tensor(shape, progress.x)); },
  });
  return { latents, guidedNoise };
}

function planOf(pipeline: Pipeline, config: Case['config']): SamplingPlan {
  const { timestepSpacing: spacing, stepsOffset } = pipeline.checkpoint.schedulerConfig;
  return planSampling(noiseSchedule(pipeline.config.alphasCumprod), samplers.euler.convention, {
    steps: Number(config['steps']), spacing, stepsOffset, karras: false,
  });
}

function textOf(golden: Golden) {
  const states = (prefix: string) => ({
    context: golden.get(`${prefix}prompt_embeds`)!, pooled: golden.get(`${prefix}pooled_prompt_embeds`)!,
  });
  return { conditional: states(''), unconditional: states('negative_') };
}

/** The same pipeline; its calls are written down. */
function recording(pipeline: Pipeline, calls: Call[]): Pipeline {
  return {
    checkpoint: pipeline.checkpoint, config: pipeline.config,
    encodeText: (prompts, adapter) => pipeline.encodeText(prompts, adapter),
    encodeFaces: (embeddings) => pipeline.encodeFaces(embeddings),
    decode: (latents) => pipeline.decode(latents), encode: (pixels) => pipeline.encode(pixels),
    release: () => pipeline.release(),
    async predict(input) {
      const output = await pipeline.predict(input);
      calls.push({ input, output });
      return output;
    },
  };
}

function planRows(golden: Golden, { sigmas, timesteps }: SamplingPlan): GoldenRow[] {
  const vector = (values: Float64Array): Tensor => float32Tensor([values.length], Float32Array.from(values));
  return [
    ...rowOf('plan', golden, 'sigmas', vector(sigmas)), ...rowOf('plan', golden, 'timesteps', vector(timesteps)),
  ];
}

function rowOf(name: string, golden: Golden, tensor: string, actual: Tensor | undefined): GoldenRow[] {
  const expected = golden.get(tensor);
  if (!expected) return [];
  return [row(`${name}/${tensor}`, actual ? maxError(actual, expected) : Infinity, severalStepsTolerance)];
}

// npm run bench -- starter | sd15 | sdxl | instantid | methods | intake | zero-shot | half | downloads | styles:
// measures here, or draws sample pictures. Of models at their real size it prints ratios of one run, medians of
// interleaved repeats. Keep the machine quiet: ONNX Runtime slows threefold when others use its cores.

import { spawnSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { TrainingSettings } from '../../src-main/contract/settings.ts';
import type { BenchMode } from './bench-modes.ts';
import { benchCrash } from './crash.ts';
import { benchDownloads } from './downloads.ts';
import { benchGallery } from './gallery.ts';
import { benchHalf } from './half.ts';
import { benchInstantId, type InstantIdBenchOptions, instantModes } from './instant-id.ts';
import { benchIntake } from './intake.ts';
import { benchMemory, benchMemoryPlans } from './memory.ts';
import { type MethodsBenchOptions, benchMethods } from './methods.ts';
import { type RealSizeBenchOptions, benchRealSize } from './real-size.ts';
import type { RealModel } from './real-size-configs.ts';
import { benchSdxlHalf } from './sdxl-half.ts';
import { benchStarter } from './starter.ts';
import type { StarterBenchOptions } from './starter-bench.ts';
import { benchVersusTorch } from './versus-torch.ts';
import { benchZeroShot, type ZeroShotOptions } from './zero-shot.ts';

const usage = `usage: npm run bench -- sd15|sdxl [--edge LATENT] [--modes forward,step,lean-step,default-step]
       [--repeats N] [--rounds N] [--favour memory|speed] [--weights float32|float16] [--provider cpu|webgpu]
       [--precision float32|float16] [--huge-pages] [--checkpoint FOLDER]
       npm run bench -- sd15 --vs-torch   the same forward pass and step beside PyTorch's, where python3 has it; with
       --provider webgpu on the graphics card, PyTorch through CUDA
       npm run bench -- instantid [--edge LATENT] [--repeats N] [--rounds N] [--favour memory|speed]
       [--weights float32|float16] [--provider cpu|webgpu] [--modes KIND,KIND] [--tiny]
       npm run bench -- methods [--subjects SEED,SEED] [--portraits N] [--out FOLDER] [--only ROW]... [--settings JSON]
       npm run bench -- styles [--only STYLE]...   draws the sample pictures of resources/styles anew
       npm run bench -- intake [--photos N] [--photo FILE]
       npm run bench -- crash [--kills N] [--seed N]
       npm run bench -- zero-shot [--pack FOLDER] [--judge FOLDER] [--people N] [--each N] [--provider NAME]
       [--threads N] [--sheet FILE.jpg]
       npm run bench -- starter [--rows NAME,NAME] [--pack FOLDER] [--judge FOLDER] [--out FOLDER] [--prompts N]
       [--seeds N] [--subjects N] [--people N] [--renders N] [--steps N] [--threads N] [--settings JSON] [--photo FILE]
       the starter pack's table and a contact sheet for each row: vae, prompts, lora, dreambooth, textual-inversion,
       zero-shot, seconds
       npm run bench -- gallery [--count N] [--seconds N]
       npm run bench -- downloads [--count N]   through a server that misbehaves in every way
       npm run bench -- memory [sd15|sdxl] [--plans]   what the planner predicts beside what is measured; its plans
       npm run bench -- sdxl-half   SDXL as one file in float16 (6.9 GB): opens, draws and learns within 20 GB
       npm run bench -- half   how far float16 is from float32, in each network and in teaching
Without --checkpoint a random one is made in the folder for temporary files, and removed again:
       sd15 4.3 GB, or 2.1 GB with --weights float16; sdxl 13.9 GB or 6.9 GB; instantid 17.3 GB or 8.7 GB.
lean-step is the step with activations computed again, default-step that of the LoRA that the studio teaches unless
told; for sdxl the step without needs more memory and is left out unless named. --edge 64 is 512 pixels.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repeats: { type: 'string', default: '2' }, rounds: { type: 'string' }, modes: { type: 'string' },
    edge: { type: 'string', default: '64' }, favour: { type: 'string', default: 'memory' },
    weights: { type: 'string', default: 'float32' }, precision: { type: 'string', default: 'float32' },
    'huge-pages': { type: 'boolean', default: false },
    checkpoint: { type: 'string' }, provider: { type: 'string', default: 'cpu' },
    subjects: { type: 'string' }, portraits: { type: 'string', default: '8' },
    out: { type: 'string' }, rows: { type: 'string' }, prompts: { type: 'string', default: '48' },
    seeds: { type: 'string', default: '12' }, renders: { type: 'string', default: '16' },
    steps: { type: 'string' }, only: { type: 'string', multiple: true, default: [] },
    settings: { type: 'string', default: '{}' },
    pack: { type: 'string', default: 'resources/starter' }, judge: { type: 'string', default: 'test/bench/judge' },
    people: { type: 'string', default: '20' }, each: { type: 'string', default: '3' }, threads: { type: 'string' },
    sheet: { type: 'string', default: 'test/bench/zero-shot.jpg' },
    'vs-torch': { type: 'boolean', default: false }, plans: { type: 'boolean', default: false },
    tiny: { type: 'boolean', default: false },
    count: { type: 'string' },
    seconds: { type: 'string', default: '5' },
    photos: { type: 'string', default: '200' }, photo: { type: 'string' },
    kills: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' },
  },
});

const allModes: readonly BenchMode[] = ['forward', 'step', 'lean-step', 'default-step'];

function realSizeOptions(model: RealModel): RealSizeBenchOptions {
  const named = values.modes?.split(',');
  return {
    model, modes: allModes.filter((mode) => (
      named ? named.includes(mode) : mode !== 'default-step' && (model === 'sd15' || mode !== 'step'))),
    repeats: Number(values.repeats), rounds: Number(values.rounds ?? (model === 'sd15' ? 2 : 1)),
    latentEdge: Number(values.edge), favour: values.favour === 'speed' ? 'speed' : 'memory',
    provider: values.provider === 'webgpu' ? 'webgpu' : 'cpu',
    precision: values.precision === 'float16' ? 'float16' : 'float32',
    dtype: values.weights === 'float16' ? 'float16' : 'float32', hugePages: values['huge-pages'],
    ...(values.checkpoint ? { checkpoint: values.checkpoint } : {}),
  };
}

function instantIdOptions(): InstantIdBenchOptions {
  const named = values.modes?.split(',');
  return {
    modes: instantModes.filter((mode) => !named || named.includes(mode)), isTiny: values.tiny,
    repeats: Number(values.repeats), rounds: Number(values.rounds ?? 1), latentEdge: Number(values.edge),
    favour: values.favour === 'speed' ? 'speed' : 'memory', provider: values.provider === 'webgpu' ? 'webgpu' : 'cpu',
    dtype: values.weights === 'float16' ? 'float16' : 'float32',
  };
}

function describeMachine(): void {
  const load = os.loadavg()[0]!;
  const gibibytes = (os.totalmem() / 2 ** 30).toFixed(0);
  console.log(`${os.cpus()[0]?.model ?? 'unknown processor'}, ${os.availableParallelism()} cores, ${gibibytes} GiB`);
  if (load > 0.5) console.log(`The machine is not quiet (load ${load.toFixed(1)}): the times will be too long.`);
}

function methodsOptions(): MethodsBenchOptions {
  return {
    subjectSeeds: (values.subjects ?? '11,12,13').split(',').map(Number), portraits: Number(values.portraits),
    out: values.out ?? '.cache/methods',
    only: values.only, settings: JSON.parse(values.settings) as TrainingSettings,
  };
}

function zeroShotOptions(): ZeroShotOptions {
  return {
    pack: values.pack, judge: values.judge, subjects: Number(values.people), portraits: Number(values.each),
    provider: values.provider as ZeroShotOptions['provider'], sheet: values.sheet,
    ...(values.threads ? { threads: Number(values.threads) } : {}),
  };
}

function starterOptions(): StarterBenchOptions {
  return {
    pack: values.pack, judge: values.judge, photo: values.photo, out: values.out ?? 'test/bench/starter',
    prompts: Number(values.prompts), seeds: Number(values.seeds), subjects: Number(values.subjects ?? 3),
    strangers: 23, learned: 8, photoEdgePx: 512, people: Number(values.people), renders: Number(values.renders),
    ...(values.steps ? { samplingSteps: Number(values.steps) } : {}),
    threads: Number(values.threads ?? 2), settings: JSON.parse(values.settings) as TrainingSettings,
  };
}

/** The renderer's SVG is blocked where photos are decoded. */
function inOwnProcess(script: string, words: readonly string[]): string[] {
  const { status, stdout } = spawnSync(process.execPath, [path.join(import.meta.dirname, script), ...words], {
    encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`${script} failed.`);
  return stdout.trimEnd().split('\n');
}

/** By the word that asks for it; each gives the lines of its report. */
const benches: Readonly<Record<string, () => Promise<string[]>>> = {
  sd15: () => (values['vs-torch'] ? benchVersusTorch : benchRealSize)(realSizeOptions('sd15')),
  sdxl: () => benchRealSize(realSizeOptions('sdxl')),
  instantid: () => benchInstantId(instantIdOptions()),
  methods: () => benchMethods(methodsOptions()),
  intake: () => benchIntake({ photos: Number(values.photos), ...(values.photo ? { photo: values.photo } : {}) }),
  crash: () => benchCrash({ kills: Number(values.kills), photos: 100, portraits: 8, seed: Number(values.seed) }),
  gallery: () => benchGallery({ portraits: Number(values.count ?? 100_000), seconds: Number(values.seconds) }),
  'zero-shot': () => benchZeroShot(zeroShotOptions()),
  starter: () => benchStarter(starterOptions(), values.rows?.split(',') ?? []),
  downloads: () => benchDownloads(Number(values.count ?? 300)),
  half: () => benchHalf(),
  'sdxl-half': () => benchSdxlHalf(realSizeOptions('sdxl')),
  memory: async () => (values.plans ? benchMemoryPlans()
    : benchMemory({ ...realSizeOptions(positionals[1] === 'sdxl' ? 'sdxl' : 'sd15') })),
  styles: () => Promise.resolve(inOwnProcess('draw-style-pictures.ts', values.only)),
};

async function main(): Promise<number> {
  const bench = benches[positionals[0] ?? ''];
  if (!bench) {
    console.error(usage);
    return 2;
  }
  describeMachine();
  (await bench()).forEach((line) => console.log(line));
  return 0;
}

process.exitCode = await main();

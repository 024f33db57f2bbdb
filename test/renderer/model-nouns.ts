// One of each noun of models from elsewhere, of the machine and of memory; a test changes the fields it is about.

import type { CudaLibraries } from '../../src-main/contract/cuda.ts';
import type { MachineReport, OperatorTrial, ProviderReport } from '../../src-main/contract/machine.ts';
import type { MemoryPlan } from '../../src-main/contract/memory-plan.ts';
import type {
  CatalogueEntry, DownloadState, FoundModel, ModelFolder, ModelLicense, ModelStore,
} from '../../src-main/contract/models.ts';

export const foundId = (number: number): string => number.toString(16).padStart(16, '0');

export const openRail: ModelLicense = {
  id: 'openrail-plus-plus', name: 'CreativeML Open RAIL++-M', isCommercialUseAllowed: true, mustBeAccepted: true,
  summary: 'You may use it for commercial work, but not to harm, deceive or discriminate.', isAccepted: false,
  url: 'https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0/blob/main/LICENSE.md',
};
export const research: ModelLicense = {
  id: 'insightface-models', name: 'InsightFace models', isCommercialUseAllowed: false, mustBeAccepted: true,
  summary: 'For non-commercial research only.', isAccepted: false,
  url: 'https://github.com/deepinsight/insightface#license',
};
export const mit: ModelLicense = {
  id: 'mit', name: 'MIT', isCommercialUseAllowed: true, mustBeAccepted: false, isAccepted: true,
  summary: 'Everything is allowed.', url: 'https://opensource.org/license/mit',
};

export function entry(id = 'sdxl-base', changes: Partial<CatalogueEntry> = {}): CatalogueEntry {
  return {
    id, name: 'SDXL base 1.0', description: 'Sharp portraits of 1024 pixels.', kind: 'base-model', architecture: 'sdxl',
    source: 'huggingface.co/stabilityai/stable-diffusion-xl-base-1.0', sizeBytes: 6_938_078_334, license: openRail,
    neededFor: ['sharp portraits'], needs: [], state: 'available', download: null, place: '', packId: null, ...changes,
  };
}

export function download(changes: Partial<DownloadState> = {}): DownloadState {
  return {
    state: 'running', bytesDone: 1_734_519_583, bytesPerSecond: 24_000_000, etaSeconds: 217, error: null, ...changes,
  };
}

/** The entries as they are shipped: two base models, a VAE, InstantID, face networks and an adapter for few steps. */
export function catalogue(): CatalogueEntry[] {
  return [
    entry('sd15', {
      name: 'Stable Diffusion 1.5', architecture: 'sd15', sizeBytes: 4_265_146_304, state: 'installed',
      description: 'Portraits of 512 pixels; runs on small graphics cards.', place: '~/likeness-models/sd15',
    }),
    entry('sdxl-base', { download: download(), state: 'partial' }),
    entry('sdxl-vae', {
      name: 'SDXL VAE for 16 bits', kind: 'vae', sizeBytes: 334_643_268, license: mit, needs: ['sdxl-base'],
      description: 'Decodes pictures in half the memory.', source: 'huggingface.co/madebyollin/sdxl-vae-fp16-fix',
    }),
    entry('instantid', {
      name: 'InstantID', kind: 'instant-id', sizeBytes: 4_193_273_277, needs: ['sdxl-base', 'antelopev2'],
      description: 'Draws a face from photos without teaching.', source: 'huggingface.co/InstantX/InstantID',
      license: { ...research, id: 'instantid-weights', name: 'InstantID weights' }, neededFor: ['Instantly'],
    }),
    entry('antelopev2', {
      name: 'antelopev2', kind: 'face-networks', architecture: null, sizeBytes: 277_589_161, license: research,
      description: 'Finds and compares faces.', source: 'github.com/deepinsight/insightface', neededFor: ['Instantly'],
    }),
    entry('lcm-lora-sdxl', {
      name: 'LCM-LoRA for SDXL', kind: 'fast-adapter', sizeBytes: 393_855_224, state: 'damaged',
      description: 'Draws in 4 to 8 steps.', source: 'huggingface.co/latent-consistency/lcm-lora-sdxl',
      license: { ...openRail, isAccepted: true }, place: '~/likeness-models/lcm-lora-sdxl',
    }),
  ];
}

export function store(entries = catalogue()): ModelStore {
  return { place: '~/likeness-models', note: '', freeBytes: 84_000_000_000, usedBytes: 6_400_000_000, entries };
}

export function folder(number = 1, changes: Partial<ModelFolder> = {}): ModelFolder {
  return {
    id: foundId(number), kind: 'comfyui', place: '~/ComfyUI', state: 'ready', note: '',
    counts: { checkpoints: 3, loras: 2, embeddings: 1, others: 2 }, ...changes,
  };
}

export function found(number = 1, changes: Partial<FoundModel> = {}): FoundModel {
  const name = changes.name ?? `film-grain-${number}`;
  return {
    id: foundId(number), folderId: foundId(1), kind: 'lora', name, within: 'models/loras',
    fileName: `${name}.safetensors`, sizeBytes: 151_000_000, architecture: 'sd15', predictionType: null,
    hasVae: false, missing: [], state: 'ready', note: '', packId: null, vaeId: null, words: [], ...changes,
  };
}

const trial = (operator: string, changes: Partial<OperatorTrial> = {}): OperatorTrial => ({
  operator, precision: 'float32', outcome: 'right', error: 1.2e-6, tolerance: 1e-4, ...changes,
});

export function provider(name: ProviderReport['name'], changes: Partial<ProviderReport> = {}): ProviderReport {
  return {
    name, works: true, reason: '', todo: '', device: '', driver: '', durationMs: 41, canHalf: false,
    operators: [], triedAtMs: Date.UTC(2026, 10, 20, 12), ...changes,
  };
}

/** A machine with a graphics card on which WebGPU works but for one operator, and CUDA lacks its libraries. */
export function machineReport(changes: Partial<MachineReport> = {}): MachineReport {
  const operators = ['Add', 'Conv', 'MatMul', 'MultiHeadAttention', 'Resize'].flatMap((operator) => [
    trial(operator), trial(operator, { precision: 'float16', error: 4e-4, tolerance: 5e-3 }),
  ]);
  const refused = trial('Gelu', { precision: 'float16', outcome: 'refused', error: null, tolerance: 5e-3 });
  return {
    providers: [
      provider('cuda', {
        works: false, reason: 'Its libraries are not here.', todo: 'Get them below, then test again.',
        device: 'NVIDIA GeForce RTX 3060', driver: '580.82.09', durationMs: 0,
      }),
      provider('webgpu', {
        device: 'NVIDIA GeForce RTX 3060', canHalf: true, operators: [...operators, refused],
      }),
      provider('cpu', { device: 'AMD Ryzen 7 5800X', operators }),
    ],
    order: ['cuda', 'webgpu', 'cpu'], chosen: 'webgpu', precision: 'float16',
    why: 'WebGPU is the first of the order that computes right, and is faster than the processor.',
    graphicsMemoryBytes: 12_884_901_888, nodeVersion: '24.18.1', onnxRuntimeVersion: '1.30.0', processorCores: 16,
    memoryBytes: 33_500_000_000, freeMemoryBytes: 21_000_000_000, ...changes,
  };
}

export function cuda(changes: Partial<CudaLibraries> = {}): CudaLibraries {
  const license = (id: string, name: string) => ({
    id, name, summary: `What ${name} allows.`, url: 'https://licences.invalid/nvidia', isCommercialUseAllowed: true,
    mustBeAccepted: true, isAccepted: false,
  });
  return {
    state: 'not-needed', note: '', sizeBytes: 1_430_000_000, bytesDone: 0, isFetched: false, error: null,
    place: '~/.local/share/likeness-cuda', licenses: [
      license('nvidia-cuda', 'NVIDIA CUDA Toolkit EULA'), license('nvidia-cudnn', 'NVIDIA cuDNN licence'),
    ],
    ...changes,
  };
}

export function memoryPlan(changes: Partial<MemoryPlan> = {}): MemoryPlan {
  const part = (name: string, stage: number, weight: number, activation: number, training = 0) =>
    ({ name, stage, weightBytes: weight * 1e9, activationBytes: activation * 1e9, trainingBytes: training * 1e9 });
  return {
    provider: 'webgpu', precision: 'float16', memory: 'graphics', peakBytes: 7.4e9, availableBytes: 12e9, fits: true,
    parts: [part('text-encoder', 0, 1.6, 0.2), part('unet', 1, 5.1, 2.2, 0.1), part('vae', 2, 0.2, 1.4)],
    changes: [
      { setting: 'recompute', from: 'none', to: 'blocks', savedBytes: 4.1e9, timeFactor: 1.32 },
      { setting: 'sequential', from: 'off', to: 'on', savedBytes: 1.8e9, timeFactor: 1.02 },
    ],
    suggestions: [], ...changes,
  };
}

/** One that nothing that the studio may change by itself makes small enough. */
export function tooLargePlan(): MemoryPlan {
  return memoryPlan({
    peakBytes: 14.2e9, availableBytes: 8e9, fits: false, changes: [],
    suggestions: [
      { setting: 'resolution', from: '1024', to: '768', savedBytes: 5.1e9, timeFactor: 1 },
      { setting: 'batch', from: '4', to: '1', savedBytes: 3.2e9, timeFactor: 1 },
      { setting: 'precision', from: 'float32', to: 'float16', savedBytes: 6e9, timeFactor: 1 },
    ],
  });
}

// Sessions of ONNX Runtime over graphs of ours. The only folder that imports onnxruntime-node and knows providers.
// Creating and running block the thread (onnxruntime-node's binding is synchronous): use it in the engine process.

import './no-telemetry.ts';
import './half-tensors.ts';
import { totalmem } from 'node:os';
import * as ort from 'onnxruntime-node';
import type { Graph } from '../compiler/1-build/graph.ts';
import { providerOptions } from '../compiler/3-simplify/provider-options.ts';
import { type SimplifyOptions, simplify } from '../compiler/3-simplify/simplify.ts';
import { emitOnnx } from '../compiler/4-emit/emit.ts';
import { readTensor } from '../checkpoint/safetensors.ts';
import type { DType, Shape, Tensor, TensorData } from '../tensor/tensor.ts';
import type { TensorReference } from '../tensor/weights.ts';
import { onOneDrive } from './one-drive.ts';
import { uselessOptimizers } from './optimizers.ts';

export type Provider = 'cpu' | 'webgpu' | 'cuda' | 'dml' | 'coreml';

export interface SessionOptions {
  readonly provider: Provider;
  /** CPU threads; ONNX Runtime's own choice when absent. */
  readonly threads?: number;
  readonly simplify?: SimplifyOptions;
  /**
   * 'speed' keeps an arena and prepacked weights; 'memory' gives every buffer back and leaves weights in the mapped
   * file (opens a 2 GB file in 0.04 s instead of 2.7 s).
   */
  readonly favour?: 'speed' | 'memory';
  /** Attention in smaller slices than usual: less memory, more time, the same numbers but for rounding. */
  readonly isSliced?: boolean;
  /** Root of the drive that a file lies on; as its path says unless told. */
  readonly rootOf?: (file: string) => string;
  /** Refuse a graph of which a node would leave the GPU. */
  readonly noFallback?: boolean;
  /** Where ONNX Runtime writes its profile of the runs, as PREFIX_date.json, when the session is released. */
  readonly profileFilePrefix?: string;
}

/** Numbers that stay on the GPU. Any session can be fed with them, and one that gives them out again reads them. */
export interface DeviceTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  /** Gives the GPU's memory back; nothing else does. */
  release(): void;
}

export interface Session<Output extends Tensor | DeviceTensor = Tensor> {
  readonly provider: Provider;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, Tensor | DeviceTensor>>): Promise<Record<string, Output>>;
  release(): Promise<void>;
}

export function isOnDevice(tensor: Tensor | DeviceTensor): tensor is DeviceTensor {
  return tensor instanceof OrtDeviceTensor;
}

export async function openSession(graph: Graph, options: SessionOptions): Promise<Session> {
  const { bytes, ortSettings, fed } = modelOf(graph, options);
  const feeds = await readFed(fed);
  return sessionOf(await createSession(bytes, ortSettings, options.provider), options.provider, tensorOf, feeds);
}

/**
 * A session that leaves the outputs whose names `stays` chooses on the GPU. Only WebGPU can: elsewhere all come over.
 * One output at least should come over, or the runs queue up.
 */
export async function openDeviceSession(
  graph: Graph, options: SessionOptions, stays: (outputName: string) => boolean,
): Promise<Session<Tensor | DeviceTensor>> {
  const places = [...graph.outputs.keys()].map((name) => [name, stays(name) ? 'gpu-buffer' : 'cpu'] as const);
  const preferredOutputLocation = options.provider === 'webgpu' ? Object.fromEntries(places) : undefined;
  const { bytes, ortSettings, fed } = modelOf(graph, options);
  const feeds = await readFed(fed);
  const session = await createSession(bytes, { ...ortSettings, preferredOutputLocation }, options.provider);
  return sessionOf(session, options.provider, (tensor) => (
    tensor.location === 'gpu-buffer' ? new OrtDeviceTensor(tensor) : tensorOf(tensor)), feeds);
}

export interface OrtModel {
  readonly bytes: Uint8Array;
  readonly ortSettings: ort.InferenceSession.SessionOptions;
  /** Weights that it takes as inputs, because they lie on another drive. */
  readonly fed: ReadonlyMap<string, TensorReference>;
}

/** The graph as ONNX Runtime gets it, and the options for it. */
export function modelOf(graph: Graph, options: SessionOptions): OrtModel {
  const form = providerOptions({ ...options, machineBytes: totalmem() });
  const { graph: simple, root, fed } = onOneDrive(simplify(graph, { ...form, ...options.simplify }), options.rootOf);
  const bytes = emitOnnx(simple, {
    hasFusedMatMul: options.provider === 'cpu' || options.provider === 'cuda',
    needsCommonEpsilon: options.provider === 'webgpu',
    root,
  });
  return { bytes, ortSettings: ortOptions(options, root, simple), fed };
}

async function readFed(fed: ReadonlyMap<string, TensorReference>): Promise<Record<string, Tensor>> {
  const feeds: Record<string, Tensor> = {};
  for (const [name, source] of fed) feeds[name] = await readTensor(source);
  return feeds;
}

/** Opens ONNX bytes of our own making. `root`: the folder that external data is relative to. */
export async function openModel(model: Uint8Array, options: SessionOptions, root: string): Promise<Session> {
  return sessionOf(
    await createSession(model, ortOptions(options, root), options.provider), options.provider, tensorOf);
}

async function createSession(
  model: Uint8Array, options: ort.InferenceSession.SessionOptions, provider: Provider,
): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(model, options);
  } catch (cause) {
    throw new Error(`ONNX Runtime cannot use ${provider}: ${reasonOf(cause)}`, { cause });
  }
}

/** `always`: what is fed at each run beside what the caller feeds. */
function sessionOf<Output extends Tensor | DeviceTensor>(
  session: ort.InferenceSession, provider: Provider, outputOf: (tensor: ort.Tensor) => Output,
  always: Readonly<Record<string, Tensor>> = {},
): Session<Output> {
  return {
    provider,
    inputNames: session.inputNames.filter((name) => !(name in always)),
    outputNames: session.outputNames,
    run: async (feeds) => {
      const results = await session.run(ortFeeds(session, { ...feeds, ...always }));
      return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, outputOf(tensor)]));
    },
    release: () => session.release(),
  };
}

/** The last words of ONNX Runtime's message; before them it tells where in its own sources it was. */
function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.trim().split('\n')[0]!.replace(/^.* was false\. /, '');
}

/** `graph`: the graph as it is emitted, where it is known. */
function ortOptions(options: SessionOptions, root: string, graph?: Graph): ort.InferenceSession.SessionOptions {
  const savesMemory = options.favour === 'memory';
  return {
    executionProviders: [options.provider],
    ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    enableCpuMemArena: !savesMemory,
    enableMemPattern: !savesMemory,
    logSeverityLevel: 3,
    ...profilingOptions(options.profileFilePrefix),
    extra: {
      session: {
        model_external_initializers_file_folder_path: root,
        // spinning threads slow everything threefold when other work shares the cores
        intra_op: { allow_spinning: '0' },
        ...(savesMemory ? { disable_prepacking: '1' } : {}),
        ...(options.noFallback ? { disable_cpu_ep_fallback: '1' } : {}),
      },
      optimization: {
        disable_specified_optimizers: uselessOptimizers({
          isCpu: options.provider === 'cpu', savesMemory, ...(graph ? { graph } : {}),
        }),
      },
    },
  };
}

function profilingOptions(prefix: string | undefined): ort.InferenceSession.SessionOptions {
  return prefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: prefix };
}

function ortFeeds(
  session: ort.InferenceSession, feeds: Readonly<Record<string, Tensor | DeviceTensor>>,
): Record<string, ort.Tensor> {
  const known = new Set(session.inputNames);
  return Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => {
    // ONNX Runtime would leave it out without a word
    if (!known.has(name)) throw new Error(`The graph has no input named ${name}.`);
    if (tensor instanceof OrtDeviceTensor) return [name, tensor.ortTensor];
    const { dtype, shape, data } = tensor as Tensor;
    return [name, new ort.Tensor(dtype as 'float32', data as Float32Array, shape)];
  }));
}

function tensorOf({ type, dims, data }: ort.Tensor): Tensor {
  return { dtype: type as DType, shape: dims, data: data as TensorData };
}

class OrtDeviceTensor implements DeviceTensor {
  readonly ortTensor: ort.Tensor;
  readonly dtype: DType;
  readonly shape: Shape;

  constructor(tensor: ort.Tensor) {
    this.ortTensor = tensor;
    this.dtype = tensor.type as DType;
    this.shape = tensor.dims;
  }

  release(): void {
    this.ortTensor.dispose();
  }
}

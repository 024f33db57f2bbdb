// Sessions of ONNX Runtime over graphs of ours. The only folder that imports onnxruntime-node and knows providers.
// Creating and running block the thread (onnxruntime-node's binding is synchronous): use it in the engine process.

import './no-telemetry.ts';
import { totalmem } from 'node:os';
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import type { Graph } from '../compiler/1-build/graph.ts';
import { defaultAttentionLimits } from '../compiler/3-simplify/lower-attention.ts';
import { type SimplifyOptions, simplify } from '../compiler/3-simplify/simplify.ts';
import { emitOnnx } from '../compiler/4-emit/emit.ts';
import type { DType, Tensor, TensorData } from '../tensor/tensor.ts';

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
  /** Refuse a graph of which a node would leave the GPU. */
  readonly noFallback?: boolean;
  /** Where ONNX Runtime writes its profile of the runs, as PREFIX_date.json, when the session is released. */
  readonly profileFilePrefix?: string;
}

export interface Session {
  readonly provider: Provider;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

export async function openSession(graph: Graph, options: SessionOptions): Promise<Session> {
  const model = emitOnnx(simplify(graph, { ...simplifyDefaults(options), ...options.simplify }), {
    hasFusedMatMul: options.provider === 'cpu' || options.provider === 'cuda',
    needsCommonEpsilon: options.provider === 'webgpu',
    root: driveRoot(graph),
  });
  return openModel(model, options, driveRoot(graph));
}

/** What suits a provider. */
function simplifyDefaults({ provider, favour }: SessionOptions): SimplifyOptions {
  if (provider !== 'cpu') return { lowerTrigonometry: provider === 'webgpu' };
  return {
    // the system hands out larger buffers page by page, each time anew: attention takes twice as long (measured)
    attention: { ...defaultAttentionLimits, maxBufferBytes: 2 ** 24 },
    turnedWeightBytes: 350e6,
    // a quarter of the machine's memory for copies of half-precision weights, where memory counts
    ...(favour === 'memory' ? { copiedWeightBytes: totalmem() / 4 } : {}),
  };
}

/** Opens ONNX bytes of our own making. `root`: the folder that external data is relative to. */
export async function openModel(model: Uint8Array, options: SessionOptions, root: string): Promise<Session> {
  const session = await createSession(model, options, root);
  return {
    provider: options.provider,
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: (feeds) => run(session, feeds),
    release: () => session.release(),
  };
}

async function createSession(
  model: Uint8Array, options: SessionOptions, root: string,
): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(model, ortOptions(options, root));
  } catch (cause) {
    throw new Error(`ONNX Runtime cannot use ${options.provider}: ${reasonOf(cause)}`, { cause });
  }
}

/** The last words of ONNX Runtime's message; before them it tells where in its own sources it was. */
function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.trim().split('\n')[0]!.replace(/^.* was false\. /, '');
}

function driveRoot(graph: Graph): string {
  for (const source of graph.initializers.values()) if ('file' in source) return path.parse(source.file).root;
  return path.parse(process.cwd()).root;
}

function ortOptions(options: SessionOptions, root: string): ort.InferenceSession.SessionOptions {
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
      // copies every convolution weight into another layout: 12 s and 2 GB for the UNet of SD 1.5
      ...(savesMemory ? { optimization: { disable_specified_optimizers: 'NchwcTransformer' } } : {}),
    },
  };
}

function profilingOptions(prefix: string | undefined): ort.InferenceSession.SessionOptions {
  return prefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: prefix };
}

async function run(
  session: ort.InferenceSession, feeds: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const ortFeeds: Record<string, ort.Tensor> = {};
  for (const [name, { dtype, shape, data }] of Object.entries(feeds)) {
    // ONNX Runtime would leave it out without a word
    if (!session.inputNames.includes(name)) throw new Error(`The graph has no input named ${name}.`);
    ortFeeds[name] = new ort.Tensor(dtype as 'float32', data as Float32Array, shape);
  }
  const results = await session.run(ortFeeds);
  return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [
    name, { dtype: tensor.type as DType, shape: tensor.dims, data: tensor.data as TensorData },
  ]));
}

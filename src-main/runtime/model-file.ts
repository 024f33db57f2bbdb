// Opens a foreign .onnx file: an ONNX graph that somebody else made and that runs as it is. So its bytes are read once,
// held against the hash they must have, and only these bytes are given to ONNX Runtime; it gets no folder in which the
// graph could name other files. What goes in and comes out is checked before the first run.

import './no-telemetry.ts';
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import * as ort from 'onnxruntime-node';
import type { CheckedFile } from '../contract/engine-faces.ts';
import type { DType, Shape, Tensor, TensorData } from '../tensor/tensor.ts';
import { missingModel, otherModel, tooLargeModel, unreadableModel, wrongHash } from '../checkpoint/model-errors.ts';
import type { Provider } from './session.ts';

export interface ModelFileOptions {
  readonly provider: Provider;
  /** CPU threads; ONNX Runtime's own choice when absent. */
  readonly threads?: number;
  /** Larger files are refused before they are read. */
  readonly maximumBytes: number;
  /** float32, of one shape that the one input must take. */
  readonly input: Shape;
  readonly outputCount: number;
}

export interface ModelFile {
  /** Whether the input takes this shape; a dimension that the graph leaves open takes any size. */
  accepts(shape: Shape): boolean;
  /** Every output, in the graph's order. */
  run(input: Tensor): Promise<Tensor[]>;
  release(): Promise<void>;
}

/**
 * Opens the file. Throws a UserError for one that is gone, too large, of another hash, that ONNX Runtime cannot read,
 * or whose inputs and outputs are not those of the network that is wanted.
 */
export async function openModelFile({ file, sha256 }: CheckedFile, options: ModelFileOptions): Promise<ModelFile> {
  const bytes = await readWhole(file, options.maximumBytes);
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw wrongHash(file);
  const session = await createSession(file, bytes, options);
  try {
    checkEnds(file, session, options);
  } catch (error) {
    await session.release();
    throw error;
  }
  const [inputName] = session.inputNames;
  const [input] = session.inputMetadata;
  return {
    accepts: (shape) => takes(input, shape),
    async run({ dtype, shape, data }) {
      const picture = new ort.Tensor(dtype as 'float32', data as Float32Array, shape);
      const results = await session.run({ [inputName!]: picture });
      return session.outputNames.map((name) => tensorOf(results[name]!));
    },
    release: () => session.release(),
  };
}

async function readWhole(file: string, maximumBytes: number): Promise<Uint8Array> {
  const handle = await open(file, 'r').catch((cause: unknown) => { throw missingModel(file, cause); });
  try {
    const info = await handle.stat();
    if (!info.isFile()) throw missingModel(file, undefined);
    if (info.size > maximumBytes) throw tooLargeModel(file, info.size, maximumBytes);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

async function createSession(
  file: string, bytes: Uint8Array, { provider, threads }: ModelFileOptions,
): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, {
      executionProviders: [provider],
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      // spinning threads slow everything threefold when other work shares the cores
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    });
  } catch (cause) {
    throw unreadableModel(file, cause);
  }
}

function checkEnds(file: string, session: ort.InferenceSession, { input, outputCount }: ModelFileOptions): void {
  const inputs = session.inputMetadata;
  if (inputs.length !== 1 || !takes(inputs[0], input)) {
    throw otherModel(file, `it does not take one picture of ${input.slice(-2).join(' x ')} pixels`);
  }
  const outputs = session.outputMetadata;
  if (outputs.length !== outputCount || outputs.some((one) => !one.isTensor || one.type !== 'float32')) {
    throw otherModel(file, `it has ${outputs.length} outputs in place of ${outputCount}`);
  }
}

function takes(metadata: ort.InferenceSession.ValueMetadata | undefined, shape: Shape): boolean {
  if (!metadata?.isTensor || metadata.type !== 'float32' || metadata.shape.length !== shape.length) return false;
  // a name stands for a dimension that is left open
  return metadata.shape.every((size, axis) => typeof size === 'string' || size < 0 || size === shape[axis]);
}

function tensorOf({ type, dims, data }: ort.Tensor): Tensor {
  return { dtype: type as DType, shape: dims, data: data as TensorData };
}

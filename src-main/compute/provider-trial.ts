// Tries a provider with a small piece of the real work: is it there, does it compute right, and how fast.
// A graphics driver can take its process down with it, so a GPU is tried in a process of its own
// (this engine's own entry with --try).

import { spawn } from 'node:child_process';
import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Graph } from '../compiler/1-build/graph.ts';
import type { ProviderName } from '../contract/machine.ts';
import { normalNumbers } from '../diffusion/seeded-noise.ts';
import { halfSelfTestTolerance, selfTestError, selfTestTolerance } from '../runtime/self-test.ts';
import { openSession } from '../runtime/session.ts';
import { type Tensor, float32Tensor } from '../tensor/tensor.ts';

export interface Trial {
  readonly works: boolean;
  /** Why not, as half a sentence; '' when it works. */
  readonly reason: string;
  /** Fastest of a few runs; 0 when it does not work. */
  readonly durationMs: number;
  /** Mean of the absolute results: the same on every provider, but for rounding. */
  readonly checksum: number;
  /** Float16 graphs compute right on it; never on the processor, which has no use for them. */
  readonly canHalf: boolean;
}

const edge = 384;
const runs = 3;
const timeLimitMs = 60_000;

/** Tries a provider in this process. */
export async function tryProvider(provider: ProviderName): Promise<Trial> {
  try {
    const error = await selfTestError((graph) => openSession(graph, { provider }));
    if (!(error < selfTestTolerance)) return failed('it computes wrong results');
    const session = await openSession(trialGraph(), { provider });
    const feeds = { x: float32Tensor([1, 32, edge / 4, edge / 4], normalNumbers(1, 0, 2 * edge * edge)) };
    let durationMs = Infinity;
    let y: Tensor | undefined;
    // the first run compiles shaders; the fastest of the others counts
    for (let run = 0; run <= runs; run++) {
      const startMs = performance.now();
      ({ y } = await session.run(feeds));
      if (run > 0) durationMs = Math.min(durationMs, performance.now() - startMs);
    }
    await session.release();
    const values = y!.data as Float32Array;
    const checksum = values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length;
    return { works: true, reason: '', durationMs, checksum, canHalf: await canHalf(provider) };
  } catch (error) {
    return failed(shortReason(error));
  }
}

async function canHalf(provider: ProviderName): Promise<boolean> {
  if (provider === 'cpu') return false;
  try {
    const error = await selfTestError((graph) => openSession(graph, { provider, simplify: { halfPrecision: {} } }));
    return error < halfSelfTestTolerance;
  } catch {
    return false;
  }
}

/** The first line, without the source file and the condition that ONNX Runtime puts in front. */
export function shortReason(error: unknown): string {
  const [line] = (error instanceof Error ? error.message : String(error)).split('\n');
  // what ONNX Runtime says where its provider's library, or one that this needs, is not there
  if (/_Cuda: Failed to load shared library/.test(line!)) return 'its libraries are not there';
  return line!.replace(/^.* was false\. /, '').replace(/^ONNX Runtime cannot use \w+: /, '').trim();
}

/** Tries it in a process of its own. */
export async function tryProviderApart(provider: ProviderName): Promise<Trial> {
  return await new Promise((resolve) => {
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, '--try', provider], {
      stdio: ['ignore', 'pipe', 'ignore'], timeout: timeLimitMs, killSignal: 'SIGKILL', windowsHide: true,
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => { text += chunk.toString(); });
    child.on('error', (error) => resolve(failed(error.message)));
    child.on('close', (code, killedBy) => {
      resolve(readTrial(text) ?? failed(`its driver ended the process (${killedBy ?? code})`));
    });
  });
}

function failed(reason: string): Trial {
  return { works: false, reason, durationMs: 0, checksum: 0, canHalf: false };
}

function readTrial(text: string): Trial | undefined {
  try {
    const trial = JSON.parse(text.trim().split('\n').at(-1)!) as Partial<Trial>;
    return typeof trial.works === 'boolean' && typeof trial.checksum === 'number' ? trial as Trial : undefined;
  } catch {
    return undefined;
  }
}

/** Convolutions and a matrix product, as in the networks: about a billion multiplications. */
function trialGraph(): Graph {
  const g = new GraphBuilder('provider-trial');
  const x = g.input('x', 'float32', [1, 32, edge / 4, edge / 4]);
  const kernel = g.constant(float32Tensor([32, 32, 3, 3], normalNumbers(1, 1, 9216).map((value) => value / 17)));
  const options = { strides: [1, 1], pads: [1, 1, 1, 1] } as const;
  const h = g.silu(g.conv(g.silu(g.conv(x, kernel, undefined, options)), kernel, undefined, options));
  const flat = g.reshape(h, [32, (edge / 4) ** 2]);
  g.output('y', g.matmul(flat, flat, { transposeB: true }));
  return g.graph();
}

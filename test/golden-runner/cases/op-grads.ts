// Forward value and gradients of single operations: each case is built as a graph, differentiated towards its inputs
// with loss = sum over outputs of <y, gy>, and run by ONNX Runtime and by the float64 reference.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { GraphBuilder } from '../../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph, Value } from '../../../src-main/compiler/1-build/graph.ts';
import { differentiate } from '../../../src-main/compiler/2-differentiate/differentiate.ts';
import { simplify } from '../../../src-main/compiler/3-simplify/simplify.ts';
import { evaluate, tensorOf } from '../../../src-main/compiler/evaluate.ts';
import { verify } from '../../../src-main/compiler/verify.ts';
import { readSafetensors } from '../../../src-main/checkpoint/safetensors.ts';
import { openSession } from '../../../src-main/runtime/session.ts';
import type { Tensor } from '../../../src-main/tensor/tensor.ts';
import { notCoveredRow, row, type GoldenCase, type GoldenRow } from '../case.ts';
import { buildOperation } from '../operations.ts';

export interface OperationCase {
  readonly file: string;
  readonly case: string;
  readonly op: string;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly gradients: readonly string[];
}

interface Config {
  readonly tolerance: { readonly abs: number; readonly rel: number };
  readonly tests: readonly OperationCase[];
}

export const cases: readonly GoldenCase[] = [{
  folder: 'op-grads',
  providers: ['cpu', 'webgpu'],
  async run({ folder, provider }) {
    const config = JSON.parse(await readFile(path.join(folder, 'config.json'), 'utf8')) as Config;
    const files = new Map<string, Map<string, Tensor>>();
    const rows: GoldenRow[] = [];
    for (const test of config.tests) {
      let tensors = files.get(test.file);
      if (!tensors) files.set(test.file, tensors = await readSafetensors(path.join(folder, test.file)));
      const operation = operationGraph(test, tensors);
      if (!operation) {
        rows.push(notCoveredRow(`${test.file}/${test.case}`, `no builder for ${test.op}`));
        continue;
      }
      rows.push(await runOperation(test, operation, tensors, config.tolerance, provider));
    }
    return rows;
  },
}];

/** The differentiated graph of one case, or undefined where we have no such operation. */
function operationGraph(test: OperationCase, tensors: ReadonlyMap<string, Tensor>): Graph | undefined {
  const tensor = (name: string): Tensor => tensors.get(`${test.case}/${name}`)!;
  const g = new GraphBuilder(test.case);
  const inputs = test.inputs.map((name) => g.input(name, tensor(name).dtype, tensor(name).shape));
  const outputs = buildOperation(g, test, inputs);
  if (!outputs) return undefined;
  const weighted = outputs.map((y, index) => {
    const gy = g.input(gradientName(test.outputs[index]!), 'float32', y.shape);
    return g.reshape(g.reduceSum(g.mul(y, gy), y.shape.map((_, axis) => axis), false), []);
  });
  const loss = weighted.reduce((sum, part) => g.add(sum, part));
  const wanted = test.gradients.map((name) => inputs[test.inputs.indexOf(name.slice('grad_'.length))] as Value);
  const gradients = differentiate(g, loss, wanted);
  outputs.forEach((y, index) => g.output(test.outputs[index]!, y));
  gradients.forEach((gradient, index) => g.output(test.gradients[index]!, gradient));
  return g.graph();
}

function gradientName(output: string): string {
  return `g${output}`;
}

async function runOperation(
  test: OperationCase, graph: Graph, tensors: ReadonlyMap<string, Tensor>,
  tolerance: Config['tolerance'], provider: 'cpu' | 'webgpu',
): Promise<GoldenRow> {
  verify(graph);
  verify(simplify(graph));
  const feeds: Record<string, Tensor> = {};
  for (const input of graph.inputs) feeds[input.name] = tensors.get(`${test.case}/${input.name}`)!;
  const session = await openSession(graph, { provider, threads: 1 });
  const used = Object.fromEntries(Object.entries(feeds).filter(([name]) => session.inputNames.includes(name)));
  const results = await session.run(used);
  await session.release();
  const reference = evaluate(graph, feeds);
  let worst = 0;
  for (const name of [...test.outputs, ...test.gradients]) {
    const golden = tensors.get(`${test.case}/${name}`)!;
    const exact = tensorOf(reference[name]!, 'float32');
    worst = Math.max(worst, excess(results[name]!, golden, tolerance), excess(exact, golden, tolerance));
  }
  return row(`${test.file.replace('.safetensors', '')}/${test.case}`, worst, 1, 'error over abs + rel · |golden|');
}

/** Largest |a - b| / (abs + rel |b|): 1 is just within the tolerance. */
function excess(actual: Tensor, golden: Tensor, { abs, rel }: Config['tolerance']): number {
  if (actual.shape.join() !== golden.shape.join()) return Infinity;
  let worst = 0;
  for (let i = 0; i < golden.data.length; i++) {
    const here =
      Math.abs(Number(actual.data[i]) - Number(golden.data[i])) / (abs + rel * Math.abs(Number(golden.data[i])));
    if (!(here <= worst)) worst = Number.isNaN(here) ? Infinity : here;
  }
  return worst;
}

// A half-precision file on the CPU, favouring memory: ONNX Runtime computes in float32 and holds no second copy of it.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const source = fileURLToPath(new URL('../../src-main/', import.meta.url));
const layers = 16;
const width = 2048;
const float32Bytes = layers * width * width * 4;

/** Prints by how much the process' own memory has grown after the session was created, and after a run; and y. */
function program(file: string, dtype: string, copiedWeightBytes: number): string {
  return `
    const { readFileSync } = await import('node:fs');
    const { GraphBuilder } = await import('${source}compiler/1-build/graph-builder.ts');
    const { openSession } = await import('${source}runtime/session.ts');
    const own = () => 1024 * Number(/RssAnon:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
    const g = new GraphBuilder('layers');
    let x = g.input('x', 'float32', [1, ${width}]);
    const lengthBytes = ${width * width * 2};
    for (let i = 0; i < ${layers}; i++) {
      const place = { file: '${file}', offsetBytes: i * lengthBytes, lengthBytes };
      x = g.linear(x, g.weight('w' + i, { dtype: '${dtype}', shape: [${width}, ${width}], ...place }), undefined);
    }
    g.output('y', x);
    const start = own();
    const simplify = { copiedWeightBytes: ${copiedWeightBytes} };
    const session = await openSession(g.graph(), { provider: 'cpu', threads: 1, favour: 'memory', simplify });
    const created = own() - start;
    const data = new Float32Array(${width}).fill(1);
    const { y } = await session.run({ x: { dtype: 'float32', shape: [1, ${width}], data } });
    console.log(JSON.stringify({ created, run: own() - start, y: [y.data[0], y.data[1]] }));
  `;
}

/** Weights that are zero but for w[0][0] of each layer, which is 0.5: 0x3800 in float16, 0x3f00 in bfloat16. */
function writeWeights(file: string, bits: number): void {
  const handle = openSync(file, 'w');
  for (let i = 0; i < layers; i++) writeSync(handle, Uint16Array.of(bits), 0, 2, i * width * width * 2);
  writeSync(handle, Uint16Array.of(0), 0, 2, layers * width * width * 2 - 2);
}

interface Measured {
  readonly created: number;
  readonly run: number;
  readonly y: readonly number[];
}

test.for([
  ['float16', 0x3800], ['bfloat16', 0x3f00],
] as const)('%s weights are converted one at a time', ([dtype, bits], context) => {
  if (process.platform !== 'linux') return context.skip('the memory of a process is read as Linux tells it');
  const folder = mkdtempSync(path.join(os.tmpdir(), 'likeness-half-'));
  try {
    const file = path.join(folder, 'weights.bin');
    writeWeights(file, bits);
    const measure = (copiedWeightBytes: number): Measured => {
      const options = ['--input-type=module', '-e', program(file, dtype, copiedWeightBytes)];
      const { stdout, stderr } = spawnSync(process.execPath, options, { encoding: 'utf8' });
      if (!stdout) throw new Error(stderr);
      return JSON.parse(stdout) as Measured;
    };
    const [late, folded] = [measure(0), measure(1e9)];
    expect(late.y).toEqual([0.5 ** layers, 0]);
    expect(folded.y).toEqual(late.y);
    // a copy of one layer, and what the session itself takes
    expect(late.created).toBeLessThan(0.2 * float32Bytes);
    expect(late.run).toBeLessThan(0.4 * float32Bytes);
    // otherwise the limits prove nothing
    expect(folded.created).toBeGreaterThan(0.9 * float32Bytes);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

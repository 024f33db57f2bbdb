// Puts what train.py trained into the snapshot of a stage, from which the stages export and instant-export write a
// pack: node take-up.ts --trained FOLDER --stage unet|instant --snapshot FILE. The snapshot must be there (--stage
// adopt); the new losses come behind its own.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readSnapshot, writeSnapshot } from '../../../src-main/starter/snapshot.ts';

const { values: args } = parseArgs({
  options: { snapshot: { type: 'string' }, trained: { type: 'string' }, stage: { type: 'string' } },
});

async function floats(name: string): Promise<Float32Array> {
  const bytes = await readFile(path.join(args.trained!, name));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

const average = await floats(`${args.stage!}.average.f32`);
const losses = [...await floats(`${args.stage!}.losses.f32`)];
const state = await readSnapshot(args.snapshot!, average.length);
if (!state) throw new Error(`There is no snapshot ${args.snapshot!}; make it with --stage adopt.`);
state.parameters = average.slice();
state.average = average;
state.losses.push(...losses);
state.step += losses.length;
await writeSnapshot(args.snapshot!, state);
console.log(`${args.stage!}: ${losses.length} steps more, ${state.step} in all`);

// The table of the starter pack: every figure that it is held to, measured from the pack itself, with a contact sheet
// for each row. Rows are measured one by one, and each is kept as soon as it is done.

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { openStarterBench, packMark, type StarterBench, type StarterBenchOptions } from './starter-bench.ts';
import { measurePrompts } from './starter-prompts.ts';
import { type Figure, keepRow, type RowResult, tableLines } from './starter-rows.ts';
import { measureSpeed } from './starter-speed.ts';
import { measureTaught } from './starter-taught.ts';
import { measureVae } from './starter-vae.ts';
import { measureZeroShot } from './starter-zero-shot.ts';

const rows: Readonly<Record<string, (bench: StarterBench) => Promise<RowResult>>> = {
  vae: measureVae, prompts: measurePrompts, lora: (bench) => measureTaught(bench, 'lora'),
  dreambooth: (bench) => measureTaught(bench, 'dreambooth'),
  'textual-inversion': (bench) => measureTaught(bench, 'textual-inversion'),
  'zero-shot': measureZeroShot, seconds: measureSpeed,
};

/** Measures the named rows, or all of them; returns lines to print. Sheets and starter.json go to options.out. */
export async function benchStarter(options: StarterBenchOptions, wanted: readonly string[]): Promise<string[]> {
  const names = wanted.length > 0 ? wanted : Object.keys(rows);
  const stranger = names.find((name) => !rows[name]);
  if (stranger) throw new Error(`There is no row ${stranger}; the rows are ${Object.keys(rows).join(', ')}.`);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'likeness-starter-bench-'));
  const bench = await openStarterBench(options, folder);
  try {
    const measured: Record<string, readonly Figure[]> = {};
    for (const name of names) {
      const start = performance.now();
      const result = await rows[name]!(bench);
      await keepRow(options.out, name, await packMark(options.pack, name === 'zero-shot'), result);
      measured[name] = result.figures;
      console.error(`${name}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
    }
    return [`Pack ${await packMark(options.pack, true)}, judged by ${options.judge}.`, ...tableLines(measured)];
  } finally {
    await bench.release();
    await rm(folder, { recursive: true, force: true });
  }
}

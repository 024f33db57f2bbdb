// Row 'seconds': one portrait, from the prompt to the decoded picture, once everything is open and from nothing.

import { drawOne, mean, openStarterBench, type StarterBench } from './starter-bench.ts';
import { type RowResult, rounded } from './starter-rows.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

const prompts = ['photo of a woman with long brown hair, blue background', 'photo of a man wearing a red sweater'];
const repeats = 4;
/** What the figure is of. */
const statedSteps = 20;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** With a pack of its own, so that the first portrait opens every session. */
export async function measureSpeed({ options }: StarterBench): Promise<RowResult> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'likeness-seconds-'));
  const bench = await openStarterBench(options, folder);
  try {
    const first = await timed(() => drawOne(bench, prompts[0]!, 1));
    const [times, ofPack]: [number[], number[]] = [[], []];
    for (let i = 0; i < repeats; i++) {
      times.push(await timed(() => drawOne(bench, prompts[i % 2]!, 2 + i, { samplingSteps: statedSteps })));
      ofPack.push(await timed(() => drawOne(bench, prompts[i % 2]!, 2 + i)));
    }
    const load = os.loadavg()[0]!;
    return {
      figures: [
        {
          what: `a portrait, ${statedSteps} steps with guidance, ${options.threads} threads`,
          value: rounded(Math.min(...times)), unit: 's', goal: { is: '≤', value: 3 },
          note: `the fastest of ${repeats}; mean ${mean(times).toFixed(1)} s; load of the machine ${load.toFixed(1)}`,
        },
        {
          what: `the same, ${bench.pack.generationDefaults.samplingSteps} steps, as portraits are drawn unless told`,
          value: rounded(Math.min(...ofPack)), unit: 's',
        },
        { what: 'the first, with opening', value: rounded(first), unit: 's' },
      ],
      details: {
        first: rounded(first), times: times.map(rounded), ofPack: ofPack.map(rounded), load: rounded(load),
      },
      sheet: [], columns: 1,
    };
  } finally {
    await bench.release();
    await rm(folder, { recursive: true, force: true });
  }
}

// npm run bench -- sd15: measures on this machine and prints ratios of one run, medians of interleaved repeats.
// Keep the machine quiet: ONNX Runtime slows threefold when something else uses the cores.

import os from 'node:os';
import { parseArgs } from 'node:util';
import { benchSd15 } from './sd15.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repeats: { type: 'string', default: '2' }, rounds: { type: 'string', default: '2' },
    edge: { type: 'string', default: '64' }, favour: { type: 'string', default: 'memory' },
    checkpoint: { type: 'string' },
  },
});

if (positionals[0] === 'sd15') {
  const load = os.loadavg()[0]!;
  const gibibytes = (os.totalmem() / 2 ** 30).toFixed(0);
  console.log(`${os.cpus()[0]?.model ?? 'unknown processor'}, ${os.availableParallelism()} cores, ${gibibytes} GiB`);
  if (load > 0.5) console.log(`The machine is not quiet (load ${load.toFixed(1)}): the times will be too long.`);
  const lines = await benchSd15({
    repeats: Number(values.repeats), rounds: Number(values.rounds), latentEdge: Number(values.edge),
    favour: values.favour === 'speed' ? 'speed' : 'memory',
    ...(values.checkpoint ? { checkpoint: values.checkpoint } : {}),
  });
  lines.forEach((line) => console.log(line));
} else {
  console.error('usage: npm run bench -- sd15 [--repeats N] [--rounds N] [--edge LATENT] [--favour memory|speed]');
  console.error('       [--checkpoint FOLDER]   without it a random checkpoint of 4.3 GB is made and removed again');
  process.exitCode = 2;
}

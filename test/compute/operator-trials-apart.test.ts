// Drivers that die or hang at an operator: it is marked, and the trials go on behind it.

import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { operatorTrialsApart } from '../../src-main/compute/operator-trials-apart.ts';
import { wantedTrials } from '../../src-main/runtime/operator-trials.ts';

const wanted = wantedTrials('webgpu');

/** A child that says every trial as right, but dies or hangs where it is told. */
function driver(faults: Readonly<Record<number, 'dies' | 'hangs'>>) {
  const starts: number[] = [];
  const lines = wanted.map(({ operatorCase: { operator }, precision }) => (
    JSON.stringify({ operator, precision, outcome: 'right', error: 0, tolerance: 1 })));
  const source = `
    const faults = ${JSON.stringify(faults)};
    const lines = ${JSON.stringify(lines)};
    let at = Number(process.argv[1]);
    const next = () => {
      if (at >= lines.length) return;
      if (faults[at] === 'dies') process.kill(process.pid, 'SIGSEGV');
      if (faults[at] === 'hangs') return setInterval(() => undefined, 1000);
      process.stdout.write(lines[at++] + '\\n', next);
    };
    next();`;
  return {
    starts,
    start: (first: number) => {
      starts.push(first);
      return spawn(process.execPath, ['-e', source, String(first)], { stdio: ['ignore', 'pipe', 'ignore'] });
    },
  };
}

test('an operator at which the driver dies or hangs is marked, all others are tried', async () => {
  const { start, starts } = driver({ 3: 'dies', 4: 'dies', 20: 'hangs' });
  const trials = await operatorTrialsApart('webgpu', start, 1500);
  expect(trials.map(({ operator, precision }) => `${operator} ${precision}`))
    .toEqual(wanted.map(({ operatorCase: { operator }, precision }) => `${operator} ${precision}`));
  const crashed = trials.flatMap(({ outcome }, index) => (outcome === 'crashed' ? [index] : []));
  expect(crashed).toEqual([3, 4, 20]);
  expect(starts).toEqual([0, 4, 5, 21]);
});

test('a driver that dies at everything is not tried for ever', async () => {
  const { start, starts } = driver(Object.fromEntries(wanted.map((_, index) => [index, 'dies' as const])));
  const trials = await operatorTrialsApart('webgpu', start, 1500);
  expect(new Set(trials.map(({ outcome }) => outcome))).toEqual(new Set(['crashed']));
  expect(trials).toHaveLength(wanted.length);
  expect(starts).toHaveLength(8);
});

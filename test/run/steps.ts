// What `npm test` consists of: each step is a program, and how to count what it found.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildApp, buildPage } from '../../src-main/app/launch/build.ts';
import { findElectron, whyNoWindow } from '../../src-main/app/launch/electron-binary.ts';
import { countExit, countGolden, countVitest, nothing } from './counts.ts';
import type { Counts } from './counts.ts';

export interface Outcome {
  readonly exitCode: number;
  readonly output: string;
}

export interface Step {
  readonly name: string;
  /** Steps of one lane run one after the other; the two lanes run side by side, for two processor cores. */
  readonly lane: 'checks' | 'tests';
  /** What `npm run check` runs too. */
  readonly isCheck: boolean;
  /** What Node is given to run: a script and its arguments. */
  readonly parameters: readonly string[];
  readonly limitMs: number;
  /** Whether its output is shown as it comes; otherwise only when it fails. */
  readonly isShown?: boolean;
  readonly prepare?: () => Promise<unknown>;
  /** Why it cannot run on this machine. */
  readonly whySkipped?: string | undefined;
  readonly count: (outcome: Outcome) => Counts;
}

const minuteMs = 60_000;

function tool(root: string, ...path: string[]): string {
  return join(root, 'node_modules', ...path);
}

const exitStep = { isCheck: true, lane: 'checks', limitMs: 5 * minuteMs } as const;

function checks(root: string): Step[] {
  const count = ({ exitCode }: Outcome): Counts => countExit(exitCode);
  const page = join(root, 'src-renderer', 'tsconfig.json');
  return [
    { ...exitStep, name: 'types', parameters: [tool(root, 'typescript', 'bin', 'tsc'), '--noEmit', '-p', root], count },
    {
      ...exitStep,
      name: 'lint',
      parameters: [tool(root, 'eslint', 'bin', 'eslint.js'), '--max-warnings=0', root],
      count,
    },
    {
      ...exitStep,
      name: 'types of the page',
      parameters: [tool(root, 'svelte-check', 'bin', 'svelte-check'), '--tsconfig', page, '--output', 'human'],
      count,
    },
  ];
}

/** A Vitest run whose report counts; one that wrote no report is one failure. */
function vitestStep(root: string, scratch: string, name: string, parameters: readonly string[]): Omit<Step, 'lane'> {
  const report = join(scratch, `${name.replaceAll(' ', '-')}.json`);
  const vitest = tool(root, 'vitest', 'vitest.mjs');
  return {
    name,
    isCheck: false,
    parameters: [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...parameters],
    limitMs: 25 * minuteMs,
    isShown: true,
    count: ({ exitCode }) => {
      if (!existsSync(report)) return countExit(exitCode === 0 ? 1 : exitCode);
      const counts = countVitest(readFileSync(report, 'utf8'));
      // an error outside every test, such as an unhandled rejection
      const isUnexplained = exitCode !== 0 && counts.failed === 0;
      return isUnexplained ? { ...counts, failed: 1 } : counts;
    },
  };
}

function whyNoElectron(root: string): string | undefined {
  if (findElectron(root) === undefined) return 'Electron’s binary was not fetched (npm start does, given a display)';
  return whyNoWindow({ platform: process.platform, environment: process.env, userId: process.getuid?.() });
}

function goldenStep(root: string, name: string, lane: Step['lane'], provider: 'cpu' | 'webgpu'): Step {
  return {
    name,
    lane,
    isCheck: false,
    parameters: [join(root, 'test', 'golden-runner', 'run.ts'), '--provider', provider],
    limitMs: 25 * minuteMs,
    isShown: true,
    count: ({ exitCode, output }) => countGolden(output) ?? { ...nothing, failed: Math.max(1, exitCode) },
  };
}

/** Every step, in the order in which its results are read. `scratch` takes the reports. */
export function allSteps(root: string, scratch: string): Step[] {
  return [
    ...checks(root),
    {
      ...vitestStep(root, scratch, 'architecture', ['test/architecture']),
      lane: 'checks',
      isCheck: true,
    },
    {
      ...vitestStep(root, scratch, 'tests', [
        // the golden step below runs the same cases, and on more data where there is more
        '--exclude', 'test/golden-runner/golden.test.ts', '--exclude', 'test/architecture/**',
      ]),
      lane: 'tests',
      prepare: buildPage,
    },
    goldenStep(root, 'golden numbers', 'checks', 'cpu'),
    goldenStep(root, 'golden numbers on WebGPU', 'checks', 'webgpu'),
    {
      ...vitestStep(root, scratch, 'desktop app', ['--config', join(root, 'test', 'e2e', 'vitest.config.ts')]),
      lane: 'tests',
      prepare: async () => [await buildPage(), await buildApp()],
      whySkipped: whyNoElectron(root),
    },
  ];
}

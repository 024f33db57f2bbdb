// The golden runner: compares our own computations with reference numbers and prints a line a comparison.
//   node test/golden-runner/run.ts [FOLDER] [--provider cpu|webgpu] [--only NAME]... [--verbose]
// FOLDER holds one folder a case; any folder of the same layout does. Without --provider, every case runs on the CPU
// and those that can run on WebGPU too; with it, those that can run there. Exit code 1 if a comparison failed, 2 for
// wrong usage.

import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { findCaseFamilies, type GoldenCase, type GoldenProvider, type GoldenRow, SkippedCase } from './case.ts';
import { prepareWebgpu } from './webgpu.ts';

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
  notCovered: number;
}

const options = {
  provider: { type: 'string' },
  only: { type: 'string', multiple: true },
  verbose: { type: 'boolean', default: false },
} as const;

function defaultRoot(): string {
  const shared = fileURLToPath(new URL('../../../shared/golden', import.meta.url));
  return existsSync(shared) ? shared : fileURLToPath(new URL('../golden', import.meta.url));
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const root = path.resolve(positionals[0] ?? defaultRoot());
  if (positionals.length > 1 || !existsSync(root) || !['cpu', 'webgpu', undefined].includes(values.provider)) {
    console.error('Usage: npm run golden -- [FOLDER] [--provider cpu|webgpu] [--only NAME]... [--verbose]');
    return 2;
  }
  const providers: GoldenProvider[] = values.provider ? [values.provider as GoldenProvider] : ['cpu', 'webgpu'];
  const families = await findCaseFamilies();
  const entries = await readdir(root, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
  const wanted = folders.filter((name) => !values.only || values.only.includes(name));
  const totals: Totals = { passed: 0, failed: 0, skipped: 0, notCovered: 0 };
  for (const family of families) {
    if (family.loadError) print(totals, 'failed', family.file, '', `could not be loaded: ${family.loadError}`);
  }
  const cases = families.flatMap((family) => family.cases);
  for (const name of wanted) {
    const here = cases.filter((golden) => golden.folder === name);
    if (here.length === 0) print(totals, 'notCovered', name, '', '');
    const isNamed = values.only !== undefined && values.provider !== undefined;
    for (const golden of here) {
      await runCase(golden, { root, providers, isNamed, verbose: values.verbose }, totals);
    }
  }
  const { passed, failed, skipped, notCovered } = totals;
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped, ${notCovered} not covered in ${root}`);
  return failed > 0 ? 1 : 0;
}

interface Asked {
  readonly root: string;
  readonly providers: readonly GoldenProvider[];
  /** The case and its provider were asked for by name. */
  readonly isNamed: boolean;
  readonly verbose: boolean;
}

async function runCase(
  golden: GoldenCase, { root, providers, isNamed, verbose }: Asked, totals: Totals,
): Promise<void> {
  for (const provider of providers) {
    const runsHere = (golden.providers ?? ['cpu']).includes(provider);
    if (!runsHere && !isNamed) continue;
    const name = provider === 'cpu' ? golden.folder : `${golden.folder} [${provider}]`;
    try {
      if (!runsHere) throw new SkippedCase(`not a case for ${provider}`);
      if (provider === 'webgpu') await prepareWebgpu();
      const rows = await golden.run({ folder: path.join(root, golden.folder), root, provider });
      if (rows.length === 0) throw new Error('the case compared nothing');
      printRows(totals, name, rows, verbose);
    } catch (error) {
      if (error instanceof SkippedCase) print(totals, 'skipped', name, '', error.message);
      else print(totals, 'failed', name, '', String((error as Error)?.stack ?? error));
    }
  }
}

/** Prints every row, or where a case has many that passed, their worst. */
function printRows(totals: Totals, name: string, all: readonly GoldenRow[], verbose: boolean): void {
  const rows = all.filter((row) => !row.notCovered);
  for (const row of all.filter((row) => row.notCovered)) {
    print(totals, 'notCovered', `${name}/${row.name}`, '', row.note ?? '');
  }
  const quiet = !verbose && rows.length > 12;
  const passed = rows.filter((row) => row.passed);
  for (const row of rows) {
    if (quiet && row.passed) continue;
    print(totals, row.passed ? 'passed' : 'failed', `${name}/${row.name}`, numbers(row), row.note ?? '');
  }
  if (!quiet || passed.length === 0) return;
  const share = (row: GoldenRow): number => (row.tolerance > 0 ? row.error / row.tolerance : 0);
  const worst = passed.reduce((a, b) => (share(b) > share(a) ? b : a));
  totals.passed += passed.length - 1;
  const note = worst.error > 0 ? `${passed.length} comparisons, worst: ${worst.name}` : `${passed.length} comparisons`;
  print(totals, 'passed', name, numbers(worst), note);
}

function numbers(row: GoldenRow): string {
  if (row.tolerance === 0) return 'exact';
  return `error ${row.error.toExponential(2)} tolerance ${row.tolerance.toExponential(0)}`;
}

function print(totals: Totals, state: keyof Totals, name: string, measured: string, note: string): void {
  totals[state]++;
  const words = { passed: 'pass', failed: 'FAIL', skipped: 'skipped', notCovered: 'not covered' };
  const text = state === 'skipped' ? `(${note})` : note;
  console.log([words[state].padEnd(12), name, measured, text].filter((part) => part).join('  '));
}

process.exitCode = await main();

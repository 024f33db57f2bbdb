// How many tests passed, failed and were skipped, read from what the test programs say of themselves.

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const nothing: Counts = { passed: 0, failed: 0, skipped: 0 };

export function add(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** The line that ends `npm test`. */
export function summaryLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

interface VitestReport {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/**
 * Counts Vitest's JSON report. A file that failed without a failed test (it could not be loaded, or what comes
 * before its tests threw) counts as one failure.
 * Throws when the text is no such report.
 */
export function countVitest(json: string): Counts {
  const report = JSON.parse(json) as VitestReport;
  const hasFailedTest = (results: readonly { status: string }[]) => results.some(({ status }) => status === 'failed');
  const failedFiles = report.testResults.filter((file) => file.status === 'failed');
  const broken = failedFiles.filter((file) => !hasFailedTest(file.assertionResults));
  const states = report.testResults.flatMap((file) => file.assertionResults.map((result) => result.status));
  const passed = states.filter((state) => state === 'passed').length;
  const failed = states.filter((state) => state === 'failed').length;
  return { passed, failed: failed + broken.length, skipped: states.length - passed - failed };
}

/** Counts the golden runner's last line; undefined when it did not get that far. */
export function countGolden(output: string): Counts | undefined {
  const numbers = [...output.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped/gm)].at(-1);
  if (numbers === undefined) return undefined;
  return { passed: Number(numbers[1]), failed: Number(numbers[2]), skipped: Number(numbers[3]) };
}

/** A program that only says yes or no is one test. */
export function countExit(exitCode: number): Counts {
  return exitCode === 0 ? { ...nothing, passed: 1 } : { ...nothing, failed: 1 };
}

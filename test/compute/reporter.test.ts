// What the engine says of its progress: not too often, nothing lost, and an estimate from the pace.

import { expect, test } from 'vitest';
import { reporterFor } from '../../src-main/compute/reporter.ts';
import { type NewEngineReport, engineReportSchema } from '../../src-main/contract/engine.ts';

function reporterOnClock() {
  const reports: NewEngineReport[] = [];
  const clock = { nowMs: 0 };
  return { reports, clock, reporter: reporterFor(7, (report) => reports.push(report), () => clock.nowMs) };
}

test('a thousand quick steps make a few reports and lose no loss', () => {
  const { reports, clock, reporter } = reporterOnClock();
  reporter.phase('teaching', 1000);
  for (let step = 1; step <= 1000; step++) {
    clock.nowMs += 1;
    reporter.step(step, 1 / step);
  }
  expect(reports.length).toBeLessThan(10);
  const points = reports.flatMap((report) => (report.type === 'progress' ? report.lossPoints : []));
  expect(points.map((point) => point.step)).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1));
  expect(reports.at(-1)).toMatchObject({ id: 7, progress: { step: 1000, steps: 1000, loss: 0.001, etaSeconds: 0 } });
});

test('the time left follows the pace of this phase', () => {
  const { reports, clock, reporter } = reporterOnClock();
  clock.nowMs = 60_000;
  reporter.phase('drawing', 10);
  expect(reports.at(-1)).toMatchObject({ progress: { step: 0, etaSeconds: null } });
  clock.nowMs += 4000;
  reporter.step(2);
  expect(reports.at(-1)).toMatchObject({ progress: { step: 2, etaSeconds: 16, loss: null } });
});

test('every report fits the contract', () => {
  const { reports, reporter } = reporterOnClock();
  reporter.provider({
    provider: 'cpu', precision: 'float32', fallbackReason: 'why', deviceName: '2 processor cores',
  });
  reporter.phase('saving', 0);
  reporter.note('Something.');
  reporter.done({ kind: 'finished' });
  expect(reports).toHaveLength(4);
  for (const report of reports) expect(engineReportSchema.safeParse(report).success).toBe(true);
});

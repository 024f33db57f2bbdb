// The studio is killed in the middle of an import and a batch, ten times; `npm run bench -- crash` does it a
// thousand times. Nothing that it had said is lost, no file is half there, and everything is done once.

import { expect, test } from 'vitest';
import { type CrashReport, crash } from '../bench/crash.ts';

/** Checks what has to be zero, and that there was something to check. */
function expectNothingLost({ findings, orphanEngines }: CrashReport): void {
  const { lostPhotos, lostPortraits, wrongItems, wrongOutcomes, corruptFiles, rowsWithoutFile } = findings;
  expect({ lostPhotos, lostPortraits, wrongItems, wrongOutcomes, corruptFiles, rowsWithoutFile }).toEqual({
    lostPhotos: 0, lostPortraits: 0, wrongItems: 0, wrongOutcomes: 0, corruptFiles: 0, rowsWithoutFile: 0,
  });
  expect([findings.brokenDatabases, findings.orphanFiles, orphanEngines]).toEqual([0, 0, 0]);
  expect(findings.filesChecked).toBeGreaterThan(80);
}

test('an import that is killed again and again brings every file in once', async () => {
  const report = await crash({ kills: 8, photos: 100, portraits: 0, seed: 3 });
  expectNothingLost(report);
  expect(report.photosPromised).toBeGreaterThan(9);
  expect(report.findings.outcomesChecked).toBeGreaterThanOrEqual(100);
});

test('a batch beside an import draws every portrait once though the studio is killed', async () => {
  const report = await crash({ kills: 2, photos: 100, portraits: 3, seed: 4 });
  expectNothingLost(report);
  expect(report.portraitsPromised).toBeGreaterThan(0);
  expect(report.findings.itemsChecked).toBeGreaterThan(0);
});

// What intake says of photos: a table for a reader, with the reason and what to do under each, and all of it as data.

import type { Photo } from '../contract/nouns.ts';
import type { Imported } from './steps.ts';

/** For --json: everything that was found, files by their names. */
export function photoDocument(photos: readonly Photo[]): object[] {
  const names = new Map(photos.map(({ id, fileName }) => [id, fileName]));
  return photos.map((photo) => ({
    file: photo.fileName, widthPx: photo.widthPx, heightPx: photo.heightPx,
    faceCount: photo.faceCount, faces: photo.faces, faceIndex: photo.faceIndex, isFaceChosen: photo.isFaceChosen,
    faceBox: photo.faceBox, facePoints: photo.facePoints, measures: photo.measures,
    verdict: photo.verdict, userChoice: photo.userChoice, isUsed: photo.isUsed,
    sameAs: photo.sameAsPhotoId === null ? null : names.get(photo.sameAsPhotoId) ?? null,
    isAnotherPerson: photo.verdict.reasonCodes.includes('another-person'),
    likeness: photo.likeness,
  }));
}

const headings = ['verdict', 'photo', 'faces', 'face px', 'sharp', 'light', 'turned', 'likeness'] as const;

/** One row a photo, its reason and hint below, and a last line such as '9 good, 2 usable, 3 left out'. */
export function photoTable({ photos, refused }: Imported): string {
  const rows = [headings.map(String), ...photos.map(cellsOf)];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lineOf = (row: readonly string[]): string =>
    row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  ');
  const indent = ' '.repeat(widths[0]! + 2);
  return [
    lineOf(rows[0]!),
    ...photos.flatMap((photo, index) => [lineOf(rows[index + 1]!), ...wordsOf(photo).map((words) => indent + words)]),
    ...refused.flatMap(({ file, error }) =>
      [`${'refused'.padEnd(widths[0]!)}  ${file}`, `${indent}${error.what} ${error.todo}`]),
    summaryOf(photos, refused.length),
  ].join('\n');
}

function cellsOf({ fileName, verdict, isUsed, userChoice, faceCount, measures, likeness }: Photo): string[] {
  const grade = userChoice === null ? gradeWords[verdict.grade] : isUsed ? 'used' : 'left out';
  const measured = measures
    ? [measures.facePx.toFixed(0), measures.sharpness.toFixed(2), measures.brightness.toFixed(0),
        `${measures.yawDegrees.toFixed(0)}°`]
    : ['', '', '', ''];
  return [grade, fileName, String(faceCount), ...measured, likeness === null ? '' : likeness.toFixed(3)];
}

const gradeWords: Readonly<Record<Photo['verdict']['grade'], string>> = {
  waiting: 'waiting', good: 'good', usable: 'usable', 'left-out': 'left out',
};

function wordsOf({ verdict: { reason, hint } }: Photo): string[] {
  return [reason, hint].filter((words) => words !== '');
}

function summaryOf(photos: readonly Photo[], refused: number): string {
  const count = (grade: Photo['verdict']['grade']): number =>
    photos.filter(({ verdict, userChoice }) => verdict.grade === grade && userChoice === null).length;
  const byHand = (isUsed: boolean): number =>
    photos.filter((photo) => photo.userChoice !== null && photo.isUsed === isUsed).length;
  return [
    `${count('good')} good`, `${count('usable')} usable`, `${count('left-out')} left out`,
    ...(count('waiting') > 0 ? [`${count('waiting')} not looked at`] : []),
    ...(byHand(true) > 0 ? [`${byHand(true)} used by choice`] : []),
    ...(byHand(false) > 0 ? [`${byHand(false)} left out by choice`] : []),
    ...(refused > 0 ? [`${refused} refused`] : []),
  ].join(', ');
}

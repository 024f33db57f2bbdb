// Renders the pictures of one procedural subject into a folder, as PNG files, and prints the subject's class word.
//   node render-subject.ts FOLDER SUBJECT_SEED COUNT

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { renderSubjectPhotos, subjectIdentity } from '../../src-main/starter/subject.ts';

const [folder, seed, count] = process.argv.slice(2) as [string, string, string];
await mkdir(folder, { recursive: true });
const photos = await renderSubjectPhotos(Number(seed), Number(count), { resolutionPx: 512 });
for (const [index, { rgb, width, height }] of photos.entries()) {
  const file = path.join(folder, `${String(index + 1).padStart(2, '0')}.png`);
  await sharp(rgb, { raw: { width, height, channels: 3 } }).png().toFile(file);
}
console.log(subjectIdentity(Number(seed)).classWord);

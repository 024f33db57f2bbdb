// Draws the sample pictures of resources/styles anew, or those of the styles that are named, and prints their sizes.
//   node draw-style-pictures.ts [STYLE]...

import path from 'node:path';
import { drawStylePictures } from './style-pictures.ts';

const styles = path.join(import.meta.dirname, '..', '..', 'resources', 'styles');
const lines = await drawStylePictures({ subjectSeed: 42, styles, only: process.argv.slice(2) });
console.log(lines.join('\n'));

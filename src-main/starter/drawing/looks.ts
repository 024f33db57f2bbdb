// How each picture style is drawn, before its pixels are finished.

import type { PictureStyle } from '../attributes.ts';

export interface Look {
  /** Width of outlines; 0 for none. */
  readonly line: number;
  /** Outlines in a dark shade of what they surround (0), or black (1). */
  readonly ink: number;
  /** Clear-cut shadows, or soft ones. */
  readonly shading: 'flat' | 'soft';
  readonly shadow: number;
  /** Share of the hair's strands that are drawn. */
  readonly strands: number;
  /** Saturation of all paint. */
  readonly saturation: number;
}

export const looks: Readonly<Record<PictureStyle, Look>> = {
  photo: { line: 0, ink: 0, shading: 'soft', shadow: 1, strands: 1, saturation: 0.94 },
  illustration: { line: 0, ink: 0, shading: 'flat', shadow: 1, strands: 0.35, saturation: 1.06 },
  cartoon: { line: 2.6, ink: 0.55, shading: 'flat', shadow: 0.75, strands: 0.12, saturation: 1.16 },
  watercolour: { line: 0, ink: 0, shading: 'flat', shadow: 0.8, strands: 0.6, saturation: 1 },
  'oil painting': { line: 0, ink: 0, shading: 'soft', shadow: 1.2, strands: 1, saturation: 1.1 },
  pencil: { line: 1.7, ink: 1, shading: 'soft', shadow: 0.9, strands: 0.9, saturation: 0.4 },
  'ink wash': { line: 2.6, ink: 1, shading: 'flat', shadow: 1, strands: 0.3, saturation: 0.3 },
  'pixel art': { line: 3, ink: 0.8, shading: 'flat', shadow: 0.9, strands: 0, saturation: 1.2 },
  sepia: { line: 0, ink: 0, shading: 'soft', shadow: 1, strands: 1, saturation: 0.8 },
  'pop art': { line: 3.6, ink: 1, shading: 'flat', shadow: 0.9, strands: 0.1, saturation: 1.5 },
};

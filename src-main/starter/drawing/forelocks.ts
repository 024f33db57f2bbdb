// What lies over the forehead of a procedural portrait: fringes, partings, quiffs, crests.

import type { Path } from './canvas.ts';
import type { Figure } from './figure.ts';
import { type Cut, textured } from './hair-cuts.ts';
import { blob, curve } from './path.ts';

type Forelock = (figure: Figure, cut: Cut) => Path;

export const forelocks: Readonly<Partial<Record<Cut['front'], Forelock>>> = {
  sweep: ({ a, place }) => {
    const [w, h, s] = [a.faceHalfWidth, a.hairline, a.partSide] as const;
    return blob([
      place(s * w * 0.44, h - 16), place(s * w * 0.2, h - 20), place(-s * w * 0.5, h - 12),
      place(-s * w * 0.98, h + 10),
      place(-s * w * 1.0, -38), place(-s * w * 0.82, -46), place(-s * w * 0.45, h + 17), place(s * w * 0.1, h + 6),
      place(s * w * 0.42, h - 3),
    ]);
  },
  fringe: ({ a, place }) => {
    const [w, h] = [a.faceHalfWidth, a.hairline] as const;
    return [[
      ...curve([place(-w * 0.9, h - 4), place(-w * 0.4, h - 24), place(0, h - 27), place(w * 0.4, h - 24),
        place(w * 0.9, h - 4)]),
      ...curve([place(w * 0.97, -36), place(w * 0.72, -46), place(w * 0.5, -47.5), place(w * 0.42, -51),
        place(w * 0.3, -47.5),
        place(0.02 * w, -48.5), place(-w * 0.06, -52), place(-w * 0.14, -48), place(-w * 0.5, -47),
        place(-w * 0.74, -46),
        place(-w * 0.97, -36)]),
    ]];
  },
  tips: ({ a, place }) => {
    const [w, h] = [a.faceHalfWidth, a.hairline] as const;
    return [[
      ...curve([place(-w * 0.84, h + 2), place(-w * 0.4, h - 18), place(w * 0.4, h - 18), place(w * 0.84, h + 2)]),
      ...[0.7, 0.42, 0.14, -0.14, -0.42, -0.68].flatMap((t, i) => [
        place(w * (t + 0.04), h + 12 - Math.abs(t) * 4 + (i % 2) * 2.5), place(w * (t - 0.12), h + 2)]),
    ]];
  },
  quiff: ({ a, place, edge }, cut) => {
    const [w, h, s] = [a.faceHalfWidth, a.hairline, a.partSide] as const;
    return blob([
      place(-s * w * 0.72, h + 4), edge(-s * w * 0.8, -100, 12), edge(-s * w * 0.3, -124 - cut.top * 0.4, 18),
      edge(s * w * 0.35, -122 - cut.top * 0.4, 18), edge(s * w * 0.86, -104, 12), place(s * w * 0.74, h + 2),
      place(s * w * 0.2, h - 4),
    ]);
  },
  crest: ({ a, edge }) => {
    const w = a.faceHalfWidth;
    return [[
      edge(-w * 0.2, -74, 32), edge(-w * 0.34, -100, 14), edge(-w * 0.5, -124, 4), edge(-w * 0.24, -120, 4),
      edge(-w * 0.26, -144), edge(-w * 0.05, -128), edge(w * 0.02, -152), edge(w * 0.13, -128), edge(w * 0.32, -142),
      edge(w * 0.27, -119, 4), edge(w * 0.52, -122, 4), edge(w * 0.34, -99, 14), edge(w * 0.2, -74, 32),
      edge(0, -68, 36),
    ]];
  },
  curls: ({ a, place }) => {
    const [w, h] = [a.faceHalfWidth, a.hairline] as const;
    return [textured(curve([
      place(-w * 0.86, -48), place(-w * 0.8, h - 12), place(0, h - 26), place(w * 0.8, h - 12), place(w * 0.86, -48),
      place(w * 0.6, h + 6), place(w * 0.2, h + 9), place(-w * 0.2, h + 9), place(-w * 0.6, h + 6),
    ], true), 'curly')];
  },
};

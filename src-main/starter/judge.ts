// The judge at work: pictures in, what each shows, who it shows and where the points lie.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { openNetworkFolder } from '../checkpoint/diffusers-folder.ts';
import type { Point } from '../faces/face.ts';
import type { RgbPicture } from '../photos/pixels.ts';
import { openSession, type Session } from '../runtime/session.ts';
import { float32Tensor } from '../tensor/tensor.ts';
import type { WeightTable } from '../tensor/weights.ts';
import { type JudgeConfig, judgeGraph, labelCount, parseJudgeConfig, pointNumbers } from './judge-network.ts';
import { plainView, writeView } from './judge-view.ts';
import { type LabelName, labelNames, labelValues } from './labels.ts';
import { seededRandom } from './seeded-random.ts';
import { openStyleJudge, parseStyleJudgeConfig, type StyleJudge } from './style-judge.ts';

export interface Judged {
  /** The likeliest value of each kind, whether or not the picture shows one. */
  readonly labels: Readonly<Record<LabelName, string>>;
  readonly embedding: Float32Array;
  /** The five points as fractions of the picture's edge. */
  readonly points: readonly Point[];
}

export interface Judge {
  readonly config: JudgeConfig;
  /** Of square pictures of any size. */
  judge(pictures: readonly RgbPicture[]): Promise<Judged[]>;
  release(): Promise<void>;
}

interface JudgeOptions {
  readonly threads?: number;
  /** Pictures at once; 16 unless told. */
  readonly batch?: number;
}

/**
 * Opens a judge's folder (config.json, model.safetensors; the same in style/ where it has an eye for styles). Refuses
 * (Error) one that was taught other labels.
 */
export async function openJudge(folder: string, options: JudgeOptions = {}): Promise<Judge> {
  const { config, tensors } = await openNetworkFolder(path.resolve(folder));
  const judge = await openJudgeOf(parseJudgeConfig(config), tensors, options);
  const eye = path.resolve(folder, 'style');
  if (!existsSync(path.join(eye, 'config.json'))) return judge;
  const { config: sizes, tensors: weights } = await openNetworkFolder(eye);
  return withStyles(judge, await openStyleJudge(parseStyleJudgeConfig(sizes), weights, options.threads));
}

/** The judge with its styles named by `eye`. */
const withStyles = (judge: Judge, eye: StyleJudge): Judge => ({
  config: judge.config,
  async judge(pictures) {
    const judged = await judge.judge(pictures);
    const styles: string[] = [];
    for (const picture of pictures) styles.push(await eye.styleOf(picture));
    return judged.map((one, i) => ({ ...one, labels: { ...one.labels, style: styles[i]! } }));
  },
  async release() {
    await judge.release();
    await eye.release();
  },
});

/** A judge of these weights. */
export async function openJudgeOf(
  config: JudgeConfig, weights: WeightTable, { threads, batch = 16 }: JudgeOptions = {},
): Promise<Judge> {
  const session = await openSession(judgeGraph(config, weights, batch), { provider: 'cpu', threads });
  return {
    config, release: () => session.release(),
    async judge(pictures) {
      const judged: Judged[] = [];
      for (let start = 0; start < pictures.length; start += batch) {
        judged.push(...await judgeSome(session, config, pictures.slice(start, start + batch), batch));
      }
      return judged;
    },
  };
}

async function judgeSome(
  session: Session, { edgePx, embeddingLength }: JudgeConfig, pictures: readonly RgbPicture[], batch: number,
): Promise<Judged[]> {
  const planes = planesOf(pictures, edgePx, batch);
  const look = () => session.run({ picture: float32Tensor([batch, 3, edgePx, edgePx], planes) });
  const out = await look();
  mirrorRows(planes, edgePx);
  const mirrored = await look();
  const row = (of: typeof out, name: string, i: number, length: number) => (
    (of[name]!.data as Float32Array).slice(i * length, (i + 1) * length));
  return pictures.map((_, i) => ({
    labels: likeliest(row(out, 'labels', i, labelCount)), embedding: row(out, 'embedding', i, embeddingLength),
    points: meanPoints(
      pointsOf(row(out, 'points', i, pointNumbers)), unmirrored(pointsOf(row(mirrored, 'points', i, pointNumbers)))),
  }));
}

/** [batch, 3, edge, edge]; places beyond the pictures are zero. */
function planesOf(pictures: readonly RgbPicture[], edgePx: number, batch: number): Float32Array {
  const size = 3 * edgePx ** 2;
  const planes = new Float32Array(batch * size);
  pictures.forEach(({ data, width, height }, i) => {
    if (width !== height) throw new Error(`The judge looks at square pictures, not at ${width}x${height}.`);
    const target = planes.subarray(i * size, (i + 1) * size);
    writeView(data, width, plainView(width, edgePx), target, edgePx, seededRandom(0));
  });
  return planes;
}

/** Left becomes right, in place. */
function mirrorRows(planes: Float32Array, edgePx: number): void {
  for (let start = 0; start < planes.length; start += edgePx) planes.subarray(start, start + edgePx).reverse();
}

/** x and y in turns. */
const pointsOf = (numbers: Float32Array): Point[] => (
  Array.from({ length: numbers.length / 2 }, (_, k) => ({ x: numbers[2 * k]!, y: numbers[2 * k + 1]! })));

/** Which point of a face is which in its mirror image. */
const mirrorOf = [1, 0, 2, 4, 3] as const;

/** Five points in a picture's mirror image as they lie in the picture, both as fractions of the edge. */
export const unmirrored = (points: readonly Point[]): Point[] => (
  mirrorOf.map((k) => ({ x: 1 - points[k]!.x, y: points[k]!.y })));

/** Midway between two readings of the same points, whose errors differ. */
export const meanPoints = (a: readonly Point[], b: readonly Point[]): Point[] => (
  a.map(({ x, y }, k) => ({ x: (x + b[k]!.x) / 2, y: (y + b[k]!.y) / 2 })));

function likeliest(scores: Float32Array): Record<LabelName, string> {
  let first = 0;
  return Object.fromEntries(labelNames.map((name) => {
    const values = labelValues[name];
    const own = scores.subarray(first, first + values.length);
    first += values.length;
    return [name, values[own.indexOf(Math.max(...own))]];
  })) as Record<LabelName, string>;
}

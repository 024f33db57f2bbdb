// The judge at work: pictures in, what each shows, who it shows and where the points lie.

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

/** Opens a judge's folder (config.json, model.safetensors). Refuses (Error) one that was taught other labels. */
export async function openJudge(folder: string, options: JudgeOptions = {}): Promise<Judge> {
  const { config, tensors } = await openNetworkFolder(path.resolve(folder));
  return await openJudgeOf(parseJudgeConfig(config), tensors, options);
}

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
  const size = 3 * edgePx ** 2;
  const planes = new Float32Array(batch * size);
  pictures.forEach(({ data, width, height }, i) => {
    if (width !== height) throw new Error(`The judge looks at square pictures, not at ${width}x${height}.`);
    const target = planes.subarray(i * size, (i + 1) * size);
    writeView(data, width, plainView(width, edgePx), target, edgePx, seededRandom(0));
  });
  const out = await session.run({ picture: float32Tensor([batch, 3, edgePx, edgePx], planes) });
  const row = (name: string, i: number, length: number) => (
    (out[name]!.data as Float32Array).slice(i * length, (i + 1) * length));
  return pictures.map((_, i) => {
    const points = row('points', i, pointNumbers);
    return {
      labels: likeliest(row('labels', i, labelCount)), embedding: row('embedding', i, embeddingLength),
      points: Array.from({ length: pointNumbers / 2 }, (__, k) => ({ x: points[2 * k]!, y: points[2 * k + 1]! })),
    };
  });
}

function likeliest(scores: Float32Array): Record<LabelName, string> {
  let first = 0;
  return Object.fromEntries(labelNames.map((name) => {
    const values = labelValues[name];
    const own = scores.subarray(first, first + values.length);
    first += values.length;
    return [name, values[own.indexOf(Math.max(...own))]];
  })) as Record<LabelName, string>;
}

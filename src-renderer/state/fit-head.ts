// The head that five key points belong to: the place, size and angles with which the simple head comes nearest to
// them (Levenberg 1944, least squares), and what is left over as each point's own offset.

import type { FacePointsInPicture } from '../../src-main/contract/faces.ts';
import { frontHead, type Head, pointsOf, withinLimits, withPoint } from './head.ts';

const keys = ['x', 'y', 'size', 'yawDegrees', 'pitchDegrees', 'rollDegrees'] as const;
/** Steps of the numerical derivative: small against what can be seen. */
const nudges = [1e-4, 1e-4, 1e-4, 0.05, 0.05, 0.05] as const;
const rounds = 40;

/** The head of these points; pointsOf gives them back exactly. Refuses (Error) points that are no numbers. */
export function headOf(points: FacePointsInPicture, aspect: number): Head {
  if (!points.every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))) {
    throw new Error('Key points must be numbers.');
  }
  let head: Head = firstGuess(points, aspect);
  let error = squaredError(head, points, aspect);
  let damping = 1e-3;
  for (let round = 0; round < rounds && error > 1e-14; round++) {
    const next = withinLimits(better(head, points, aspect, damping));
    const nextError = squaredError(next, points, aspect);
    if (nextError < error) [head, error, damping] = [next, nextError, damping / 3];
    else damping *= 4;
  }
  return points.reduce<Head>((fitted, point, index) => withPoint(fitted, index, point, aspect), head);
}

function firstGuess([left, right, , mouthLeft, mouthRight]: FacePointsInPicture, aspect: number): Head {
  const eyes = { x: (left.x + right.x) / 2, y: (left.y + right.y) / 2 };
  const mouth = { x: (mouthLeft.x + mouthRight.x) / 2, y: (mouthLeft.y + mouthRight.y) / 2 };
  const across = (right.x - left.x) * aspect;
  const size = Math.max(
    Math.hypot((mouth.x - eyes.x) * aspect, mouth.y - eyes.y), Math.hypot(across, right.y - left.y), 0.02,
  );
  return withinLimits({
    ...frontHead(aspect), x: (eyes.x + mouth.x) / 2, y: (eyes.y + mouth.y) / 2, size,
    rollDegrees: (Math.atan2(right.y - left.y, across) * 180) / Math.PI,
  });
}

/** Differences of the points in shares of the picture's height: x and y of each. */
function differences(head: Head, points: FacePointsInPicture, aspect: number): number[] {
  const own = pointsOf(head, aspect);
  return points.flatMap(({ x, y }, index) => [(x - own[index]!.x) * aspect, y - own[index]!.y]);
}

function squaredError(head: Head, points: FacePointsInPicture, aspect: number): number {
  return differences(head, points, aspect).reduce((sum, value) => sum + value * value, 0);
}

/** One step: solves (J'J + damping · diagonal) step = J' r. */
function better(head: Head, points: FacePointsInPicture, aspect: number, damping: number): Head {
  const residual = differences(head, points, aspect);
  const columns = keys.map((key, index) => {
    const moved = differences({ ...head, [key]: head[key] + nudges[index]! }, points, aspect);
    return moved.map((value, row) => (residual[row]! - value) / nudges[index]!);
  });
  const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
  const matrix = columns.map((one, i) => columns.map((other, k) => dot(one, other) * (i === k ? 1 + damping : 1)));
  matrix.forEach((row, i) => (row[i] = row[i]! + 1e-12));
  const step = solve(matrix, columns.map((column) => dot(column, residual)));
  return keys.reduce((next, key, index) => ({ ...next, [key]: next[key] + step[index]! }), head);
}

/** Solves a small positive definite system by elimination. */
function solve(matrix: number[][], right: number[]): number[] {
  const size = right.length;
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  for (let pivot = 0; pivot < size; pivot++) {
    for (let below = pivot + 1; below < size; below++) {
      const factor = rows[below]![pivot]! / rows[pivot]![pivot]!;
      for (let k = pivot; k <= size; k++) rows[below]![k]! -= factor * rows[pivot]![k]!;
    }
  }
  const result = new Array<number>(size).fill(0);
  for (let i = size - 1; i >= 0; i--) {
    const known = result.reduce((sum, value, k) => (k > i ? sum + rows[i]![k]! * value : sum), 0);
    result[i] = (rows[i]![size]! - known) / rows[i]![i]!;
  }
  return result;
}

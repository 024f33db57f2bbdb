// One face out of several photos: the mean of their embeddings, without those that show somebody else.

/** An embedding for InstantID, and which of the given ones it is the mean of, by their places. */
export interface MeanFace {
  readonly embedding: Float32Array;
  readonly used: readonly number[];
}

/**
 * How far an embedding may lie from the mean of the others, against the median of what these lie from each other (1 -
 * cosine). With ArcFace photos of one person come to about 1, somebody else's among them to 2.5.
 */
const mostTimesMedian = 2;

/** Below this distance to the others nothing is an outlier, however near they are to each other. */
const leastDistance = 1e-3;

/**
 * The mean of raw embeddings (as the network gives them, not normalised), outliers dropped: one at a time, the farthest
 * from the mean of the others first, as long as more than half stay. Two embeddings cannot outvote each other, so both
 * stay. The mean points where all together point, with the mean of their lengths: a sum of unlike vectors is shorter
 * than any embedding that InstantID has seen, and length is a sign of quality in ArcFace. Throws when there is none.
 */
export function meanFace(embeddings: readonly Float32Array[]): MeanFace {
  if (embeddings.length === 0) throw new Error('A mean face needs at least one embedding.');
  let used = embeddings.map((_, i) => i);
  const least = Math.floor(embeddings.length / 2) + 1;
  while (used.length > Math.max(2, least)) {
    const worst = outlier(used.map((i) => embeddings[i]!));
    if (worst === undefined) break;
    used = used.filter((_, place) => place !== worst);
  }
  const kept = used.map((i) => embeddings[i]!);
  if (kept.length === 1) return { embedding: kept[0]!, used };
  const direction = meanDirection(kept);
  const length = kept.reduce((sum, each) => sum + norm(each), 0) / kept.length;
  const scale = length / (norm(direction) || 1);
  return { embedding: direction.map((value) => value * scale), used };
}

/** The place of the embedding that is farthest from the mean of the others, if that is too far. */
function outlier(embeddings: readonly Float32Array[]): number | undefined {
  const distances = distancesToOthers(embeddings);
  const largest = Math.max(...distances);
  const farthest = distances.indexOf(largest);
  // without it, whose own distance would hide in those of the others
  const rest = distancesToOthers(embeddings.filter((_, i) => i !== farthest)).toSorted((a, b) => a - b);
  const median = rest[Math.floor((rest.length - 1) / 2)]!;
  return largest > Math.max(leastDistance, mostTimesMedian * median) ? farthest : undefined;
}

function distancesToOthers(embeddings: readonly Float32Array[]): number[] {
  return embeddings.map((own, i) => 1 - cosine(own, meanDirection(embeddings.filter((_, other) => other !== i))));
}

/** The mean of the vectors, each made as long as one. */
function meanDirection(vectors: readonly Float32Array[]): Float32Array {
  const sum = new Float32Array(vectors[0]!.length);
  for (const vector of vectors) {
    const scale = 1 / ((norm(vector) || 1) * vectors.length);
    vector.forEach((value, k) => { sum[k] = sum[k]! + value * scale; });
  }
  return sum;
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = a.reduce((sum, value, k) => sum + value * b[k]!, 0);
  return dot / ((norm(a) * norm(b)) || 1);
}

function norm(vector: Float32Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}

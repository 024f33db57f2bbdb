// How well embeddings tell people apart: pairs of pictures judged by one threshold, and the nearest of many people.

export interface Verification {
  /** Share of pairs, half of one person and half of two, that the best threshold gets right. */
  readonly pairAccuracy: number;
  /** Share of pictures whose person's other pictures are nearer, in the mean, than those of every other person. */
  readonly nearestShare: number;
  readonly sameCosine: number;
  readonly otherCosine: number;
}

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

export function cosineOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return dot / Math.sqrt(aa * bb || 1);
}

export function meanEmbedding(embeddings: readonly ArrayLike<number>[]): Float32Array {
  const mean = new Float32Array(embeddings[0]!.length);
  for (const embedding of embeddings) mean.forEach((_, i) => { mean[i]! += embedding[i]! / embeddings.length; });
  return mean;
}

/** Embeddings of several pictures of each of several people. */
export function verification(people: readonly (readonly Float32Array[])[]): Verification {
  const same: number[] = [];
  const other: number[] = [];
  let nearest = 0;
  people.forEach((pictures, person) => pictures.forEach((picture, i) => {
    pictures.slice(i + 1).forEach((second) => same.push(cosineOf(picture, second)));
    people.forEach((strangers, stranger) => {
      if (stranger > person) other.push(cosineOf(picture, strangers[i % strangers.length]!));
    });
    const rest = pictures.filter((_, j) => j !== i);
    const own = cosineOf(picture, meanEmbedding(rest));
    const isNearest = people.every((strangers, stranger) => (
      stranger === person || cosineOf(picture, meanEmbedding(strangers)) < own));
    if (isNearest) nearest++;
  }));
  return {
    pairAccuracy: bestAccuracy(same, other), nearestShare: nearest / people.flat().length,
    sameCosine: meanOf(same), otherCosine: meanOf(other),
  };
}

/** The mean of the shares that the best threshold has right of each kind. */
function bestAccuracy(same: readonly number[], other: readonly number[]): number {
  const below = (values: readonly number[], threshold: number) => (
    values.filter((value) => value < threshold).length / values.length);
  return Math.max(...same.map((threshold) => (1 - below(same, threshold) + below(other, threshold)) / 2));
}

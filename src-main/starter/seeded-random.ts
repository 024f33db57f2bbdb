// Seeded random numbers for the starter pack: the same seed gives the same picture on every platform.
// The generator is sfc32 (Chris Doty-Humphrey, PractRand), seeded through a 32-bit integer mix.

export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  between(low: number, high: number): number;
  /** A standard Gaussian draw. */
  normal(): number;
  integer(count: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** Picks by weight; weights need not add up to one. */
  weighted<T>(choices: readonly (readonly [T, number])[]): T;
}

function mixed(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return (bits ^ (bits >>> 15)) >>> 0;
}

function smallFastCounter(seed: number, stream: number): () => number {
  let a = mixed(seed);
  let b = mixed(stream + 0x9e3779b9);
  let c = mixed(Math.floor(seed / 4294967296) ^ 0x5bd1e995);
  let counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

/** A generator for a seed; `stream` separates independent uses of one seed. */
export function seededRandom(seed: number, stream = 0): Random {
  const uniform = smallFastCounter(seed, stream);
  const random: Random = {
    uniform,
    between: (low, high) => low + (high - low) * uniform(),
    // Box and Muller 1958; 1 - u keeps the logarithm finite
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    integer: (count) => Math.floor(uniform() * count),
    chance: (probability) => uniform() < probability,
    pick: (items) => items[Math.floor(uniform() * items.length)]!,
    weighted: (choices) => {
      let left = uniform() * choices.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [item, weight] of choices) {
        left -= weight;
        if (left < 0) return item;
      }
      return choices[choices.length - 1]![0];
    },
  };
  return random;
}

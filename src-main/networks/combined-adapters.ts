// Several LoRAs as one: of the modules that sit on the same layer the ranks are put side by side,
//   Σᵢ sᵢ · upᵢ(downᵢ(x)) = [s₁·up₁ … sₙ·upₙ]([down₁; …; downₙ](x)),   sᵢ = strengthᵢ · loraAlphaᵢ / rankᵢ,
// so that adapters mix on one loaded network, exactly and at the cost of one. Rows of new tokens follow each other.

import type { AdapterForm, AdapterInput } from './adapter-input.ts';
import { type ParameterLayout, layoutOf } from './flat-parameters.ts';
import { type LoraModule, downName, loraTrainables, upName } from './lora-graph.ts';

/** An adapter and how strongly it counts: numbers.strength. */
export interface WeightedAdapter {
  readonly form: AdapterForm;
  readonly numbers: AdapterInput;
}

/** One network's share of an adapter. */
export interface WeightedModules {
  readonly modules: readonly LoraModule[];
  readonly parameters: Float32Array;
  readonly strength: number;
}

/**
 * One adapter that does what all of them do together; its strength is 1, and learned tokens keep their order. The form
 * depends on the forms alone: other strengths need no other session.
 */
export function combineAdapters(adapters: readonly WeightedAdapter[]): WeightedAdapter {
  const encoders = Math.max(0, ...adapters.map(({ form, numbers }) => (
    Math.max(form.textEncoders.length, numbers.newRows?.length ?? 0))));
  const each = Array.from({ length: encoders }, (_, encoder) => encoder);
  const unet = combineModules(adapters.map(({ form, numbers }) => (
    { modules: form.unet, parameters: numbers.unet, strength: numbers.strength })));
  const text = each.map((encoder) => combineModules(adapters.map(({ form, numbers }) => ({
    modules: form.textEncoders[encoder] ?? [], parameters: numbers.textEncoders?.[encoder] ?? new Float32Array(0),
    strength: numbers.strength,
  }))));
  for (const { form, numbers } of adapters) {
    if (form.newTokens && numbers.newRows?.length !== encoders) throw new Error('An adapter lacks rows of new tokens.');
  }
  const newTokens = adapters.reduce((sum, { form }) => sum + (form.newTokens ?? 0), 0);
  const rows = each.map((encoder) => joined(adapters.map(({ numbers }) => numbers.newRows?.[encoder])));
  return {
    form: { unet: unet.modules, textEncoders: text.map(({ modules }) => modules), newTokens },
    numbers: {
      unet: unet.parameters, textEncoders: text.map(({ parameters }) => parameters),
      ...(newTokens > 0 ? { newRows: rows } : {}), strength: 1,
    },
  };
}

/** One module a layer, in the order in which layers first occur; loraAlpha is the rank: nothing is left to scale. */
export function combineModules(
  parts: readonly WeightedModules[],
): { modules: LoraModule[]; parameters: Float32Array } {
  const ranks = new Map<string, number>();
  for (const { modules } of parts) {
    for (const { path, rank } of modules) ranks.set(path, (ranks.get(path) ?? 0) + rank);
  }
  const first = new Map(parts.toReversed().flatMap(({ modules }) => modules.map((module) => [module.path, module])));
  const modules = [...ranks].map(([path, rank]): LoraModule => ({ ...first.get(path)!, rank, loraAlpha: rank }));
  const layout = layoutOf(loraTrainables(modules));
  const parameters = new Float32Array(layout.size);
  const taken = new Map<string, number>();
  for (const part of parts) putInto(parameters, layout, part, ranks, taken);
  return { modules, parameters };
}

/** Writes one adapter's matrices at the ranks that are still free; `taken` counts them by layer. */
function putInto(
  target: Float32Array, layout: ParameterLayout, part: WeightedModules, ranks: ReadonlyMap<string, number>,
  taken: Map<string, number>,
): void {
  const to = placesOf(layout);
  const from = placesOf(layoutOf(loraTrainables(part.modules)));
  for (const { path, rank, loraAlpha, weightShape } of part.modules) {
    const start = taken.get(path) ?? 0;
    taken.set(path, start + rank);
    const down = from(downName(path));
    const downStart = to(downName(path)).offset + start * (down.size / rank);
    target.set(part.parameters.subarray(down.offset, down.offset + down.size), downStart);
    const scale = part.strength * loraAlpha / rank;
    const [source, goal] = [from(upName(path)).offset, to(upName(path)).offset];
    for (let out = 0; out < weightShape[0]!; out++) {
      for (let r = 0; r < rank; r++) {
        target[goal + out * ranks.get(path)! + start + r] = scale * part.parameters[source + out * rank + r]!;
      }
    }
  }
}

function placesOf({ entries }: ParameterLayout): (name: string) => ParameterLayout['entries'][number] {
  const places = new Map(entries.map((entry) => [entry.name, entry]));
  return (name) => places.get(name)!;
}

function joined(vectors: readonly (Float32Array | undefined)[]): Float32Array {
  const size = vectors.reduce((sum, vector) => sum + (vector?.length ?? 0), 0);
  const all = new Float32Array(size);
  let offset = 0;
  for (const vector of vectors) {
    if (vector) all.set(vector, offset);
    offset += vector?.length ?? 0;
  }
  return all;
}

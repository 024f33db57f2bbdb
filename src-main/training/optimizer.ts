// What an optimizer is to the training step: tensors beside each chunk of parameters, numbers of each step, and the
// nodes that make the next parameters and tensors from them.

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import type { Shape } from '../tensor/tensor.ts';
import { type AdafactorSettings, adafactor } from './adafactor.ts';
import { type AdamWSettings, adamW } from './adamw.ts';
import { muon, type MuonSettings } from './muon.ts';

export type OptimizerSettings = AdamWSettings | AdafactorSettings | MuonSettings;

/** One chunk in an optimizer's hands; every value float32. */
export interface ChunkValues {
  /** [...chunk shape]. */
  readonly parameters: Value;
  /** Shaped as the parameters; times clipFactor, [1], it is clipped. */
  readonly gradient: Value;
  readonly clipFactor: Value;
  /** By name, as moments() lists them. */
  readonly moments: Readonly<Record<string, Value>>;
  /** [1]. */
  readonly learningRate: Value;
  /** [1] each, as stepNumbers() lists them. */
  readonly stepNumbers: readonly Value[];
}

export interface Optimizer {
  /** Shapes of the tensors that the optimizer keeps for a chunk of this shape, by name; they begin as zeros. */
  moments(chunkShape: Shape): Readonly<Record<string, Shape>>;
  /** The numbers that depend on the training step alone, which counts from 1; always as many. */
  stepNumbers(trainingStep: number): readonly number[];
  /** Adds one update and returns the next parameters and moments. */
  update(g: GraphBuilder, values: ChunkValues): {
    readonly parameters: Value; readonly moments: Readonly<Record<string, Value>>;
  };
}

export function optimizerOf(settings: OptimizerSettings): Optimizer {
  switch (settings.kind) {
    case 'adamw': return adamW(settings);
    case 'adafactor': return adafactor(settings);
    case 'muon': return muon(settings);
  }
}

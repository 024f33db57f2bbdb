// An adapter as the networks' graphs take it: modules of the UNet and of the text encoders, whose matrices are one flat
// input vector each, and rows of new tokens. The form is built into a graph; the numbers are fed at every run.

import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import type { LayerHook } from '../models/network-scope.ts';
import { type Tensor, float32Tensor } from '../tensor/tensor.ts';
import { layoutOf, parameterViews } from './flat-parameters.ts';
import { type LoraModule, loraHook, loraTrainables } from './lora-graph.ts';
import { inputNameOf } from './text-states.ts';

export interface AdapterForm {
  readonly unet: readonly LoraModule[];
  /** One list a text encoder; empty where it has no modules. */
  readonly textEncoders: readonly (readonly LoraModule[])[];
  /** Rows of new tokens, in every text encoder; 0 unless told. */
  readonly newTokens?: number;
}

export interface AdapterInput {
  /** In the layout of loraTrainables(form.unet). */
  readonly unet: Float32Array;
  /** One vector a text encoder, in the layout of its modules. */
  readonly textEncoders?: readonly Float32Array[];
  /** Rows [newTokens · D], one vector a text encoder. */
  readonly newRows?: readonly Float32Array[];
  /** Factor on every module's share (adapterStrength); new rows are not scaled. */
  readonly strength: number;
}

/** Adds the inputs `name` (the flat vector) and `strength` and returns the hook; undefined without modules. */
export function adapterHook(g: GraphBuilder, name: string, modules: readonly LoraModule[], strength: () => Value) {
  if (modules.length === 0) return undefined;
  const layout = layoutOf(loraTrainables(modules));
  const views = parameterViews(g, g.input(name, 'float32', [layout.size]), layout);
  return loraHook(g, modules, (parameter) => views.get(parameter)!, strength());
}

/** One hook a text encoder, over the inputs adapter, adapter_2 and strength. */
export function textAdapterHooks(g: GraphBuilder, form: AdapterForm | undefined): (LayerHook | undefined)[] {
  let strength: Value | undefined;
  const shared = (): Value => (strength ??= g.input('strength', 'float32', [1]));
  return (form?.textEncoders ?? []).map((modules, encoder) => (
    adapterHook(g, inputNameOf('adapter', encoder), modules, shared)));
}

/** What the UNet's graph is fed of an adapter; one that is absent is one of strength 0. */
export function unetAdapterFeeds(
  form: AdapterForm | undefined, adapter: AdapterInput | undefined,
): Record<string, Tensor> {
  checkHasForm(form, adapter);
  const modules = form?.unet ?? [];
  if (modules.length === 0) return {};
  return { adapter: flatVector(modules, adapter?.unet), strength: strengthOf(adapter) };
}

/** What the text encoders' graph is fed of an adapter: modules, strength and the rows of new tokens. */
export function textAdapterFeeds(
  { textEncoders }: Pick<Checkpoint, 'textEncoders'>, form: AdapterForm | undefined, adapter: AdapterInput | undefined,
): Record<string, Tensor> {
  checkHasForm(form, adapter);
  const feeds: Record<string, Tensor> = {};
  form?.textEncoders.forEach((modules, encoder) => {
    if (modules.length === 0) return;
    feeds[inputNameOf('adapter', encoder)] = flatVector(modules, adapter?.textEncoders?.[encoder]);
    feeds['strength'] = strengthOf(adapter);
  });
  const newTokens = form?.newTokens ?? 0;
  if (newTokens === 0) return feeds;
  textEncoders.forEach(({ config: { hiddenSize } }, encoder) => {
    const rows = adapter?.newRows?.[encoder] ?? new Float32Array(newTokens * hiddenSize);
    feeds[inputNameOf('new_rows', encoder)] = float32Tensor([newTokens, hiddenSize], rows);
  });
  return feeds;
}

function checkHasForm(form: AdapterForm | undefined, adapter: AdapterInput | undefined): void {
  if (adapter && !form) throw new Error('This pipeline was opened without an adapter.');
}

function flatVector(modules: readonly LoraModule[], parameters: Float32Array | undefined): Tensor {
  const { size } = layoutOf(loraTrainables(modules));
  if (parameters && parameters.length !== size) {
    throw new Error(`The adapter has ${parameters.length} numbers, its modules ${size}.`);
  }
  return { dtype: 'float32', shape: [size], data: parameters ?? new Float32Array(size) };
}

function strengthOf(adapter: AdapterInput | undefined): Tensor {
  return float32Tensor([1], [adapter?.strength ?? 0]);
}

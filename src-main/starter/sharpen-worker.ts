// A thread of the sharpen stage.

import type { VaeConfig } from '../checkpoint/configs.ts';
import { workLocally } from './local-sgd.ts';
import type { StarterRecipe } from './recipe.ts';
import { sharpenBatch, type SharpenSet, sharpenStepGraph } from './sharpen-stage.ts';

/** Pixels and latents lie in shared memory. */
export interface SharpenTask {
  readonly recipe: StarterRecipe;
  readonly vaeConfig: VaeConfig;
  readonly set: SharpenSet;
}

await workLocally<SharpenTask>(async ({ recipe, vaeConfig, set }) => ({
  step: sharpenStepGraph(recipe, vaeConfig), plan: recipe.sharpen, batch: (stream) => sharpenBatch(recipe, set, stream),
}));

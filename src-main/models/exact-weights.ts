// Whether a table has exactly the weights of a network, told before any graph is built: files that come with a
// checkpoint must fit it, and one that has more than the network asks for is another network's.

import path from 'node:path';

import { UserError } from '../contract/errors.ts';
import type { WeightTable } from '../tensor/weights.ts';
import type { ParameterShapes } from './parameter-shapes.ts';

/** How many names a message has before it counts the rest. */
const shownNames = 3;

/**
 * Refuses with a UserError, naming them, weights that are missing, have another shape, or are more than the network
 * has. `file` is where the weights are, `network` what they should be ("IdentityNet").
 */
export function checkExactWeights(
  weights: WeightTable, shapes: ParameterShapes, { file, network }: { readonly file: string; readonly network: string },
): void {
  const missing = [...shapes.keys()].filter((name) => !weights.has(name));
  if (missing.length > 0) throw refusal('checkpoint.weight-missing', file, network, 'lacks', missing);
  const misshapen = [...shapes].flatMap(([name, shape]) => {
    const found = weights.get(name)!.shape;
    const isSame = found.length === shape.length && found.every((size, axis) => size === shape[axis]);
    return isSame ? [] : [`${name} (${found.join('×')} in place of ${shape.join('×')})`];
  });
  if (misshapen.length > 0) throw refusal('checkpoint.weight-shape', file, network, 'has in another shape', misshapen);
  const surplus = [...weights.keys()].filter((name) => !shapes.has(name));
  if (surplus.length > 0) throw refusal('checkpoint.weight-surplus', file, network, 'has besides', surplus);
}

function refusal(code: string, file: string, network: string, verb: string, names: readonly string[]): UserError {
  const more = names.length - shownNames;
  const list = names.slice(0, shownNames).join(', ') + (more > 0 ? ` and ${more} more` : '');
  const base = path.basename(file);
  return new UserError(code, {
    what: `${JSON.stringify(base)} is not the ${network} that fits this checkpoint: it ${verb} ${list}.`,
    safe: 'The file was only read and nothing was changed.',
    todo: 'Get it again from where it was published, or choose a checkpoint that it was made for.',
  }, { file: base, network, count: names.length, names: list });
}

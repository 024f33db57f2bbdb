// Which VAE a checkpoint is used with: the one that was chosen for it, its own, or one that was found for its family.

import type { FoundFile } from './found-files.ts';
import type { ModelFacts } from './model-facts.ts';

/** 'own' is in the checkpoint; undefined: there is none, so the checkpoint cannot be used. */
export function usedVae(
  { facts }: FoundFile, files: readonly FoundFile[], chosenPath: string | undefined,
): FoundFile | 'own' | undefined {
  const vaes = files.filter((file) => file.state === 'ready' && fitsAsVae(file.facts, facts));
  const chosen = vaes.find((file) => file.row.path === chosenPath);
  if (chosen || facts.hasVae) return chosen ?? 'own';
  return vaes.find((file) => familyOfVae(file.facts) === familyOfVae(facts));
}

/** SD 2 has the VAE of SD 1. */
function familyOfVae({ architecture }: ModelFacts): 'sd' | 'sdxl' | null {
  return architecture === null ? null : architecture === 'sdxl' ? 'sdxl' : 'sd';
}

/** One whose family nobody knows may be chosen for any. */
export function fitsAsVae(vae: ModelFacts, checkpoint: ModelFacts): boolean {
  const family = familyOfVae(vae);
  return vae.kind === 'vae' && vae.refusal === '' && (family === null || family === familyOfVae(checkpoint));
}

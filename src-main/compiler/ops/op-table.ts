// Every op of the compiler by name.

import { attentionOps } from './attention.ts';
import { convolutionOps } from './convolution.ts';
import { elementwiseOps } from './elementwise.ts';
import { normalizationOps } from './normalization.ts';
import type { OpRule, OpTable } from './op-rule.ts';
import { productOps } from './product.ts';
import { reductionOps } from './reduction.ts';
import { structureOps } from './structure.ts';

export const opTable: OpTable = {
  ...elementwiseOps, ...structureOps, ...reductionOps, ...productOps,
  ...convolutionOps, ...normalizationOps, ...attentionOps,
};

export function ruleOf(op: string): OpRule {
  const rule = opTable[op];
  if (!rule) throw new Error(`There is no op named ${op}.`);
  return rule;
}

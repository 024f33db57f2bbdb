// A batch as a sum that is read: '2 styles and 1 prompt × 4 each × 2 sizes × 3 looks'.

import type { Words } from '../strings/en.ts';
import type { Create } from './create.svelte.ts';

/** What is multiplied, in words; only what there is more than one of, and how many of each. */
export function batchSum(create: Create, words: Words): string {
  const own = words.batch;
  const kinds = [
    create.prompts.length > 0 ? own.promptCount(create.prompts.length) : '',
    create.styleIds.length > 0 ? own.styleCount(create.styleIds.length) : '',
  ].filter(Boolean).join(own.and);
  return [
    kinds,
    create.hasChoices && create.everyChoice ? own.choices : '',
    own.each(create.count ?? 0),
    create.sizes.length > 1 ? own.sizeCount(create.sizes.length) : '',
    create.adapterIds.length > 1 ? own.lookCount(create.adapterIds.length) : '',
    create.isCompared ? own.withAndWithout : '',
  ].filter(Boolean).join(own.times);
}

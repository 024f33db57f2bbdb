// In what looks differ: the settings that are not the same in all of them.

import type { Look } from '../../src-main/contract/nouns.ts';
import { fieldNames, isInForce, type FieldName } from './training-fields.ts';

/** Settings that are not alike, or without effect, in some of the looks that know them. */
export function differingSettings(looks: readonly Look[]): FieldName[] {
  return fieldNames.filter((name) => {
    const known = looks.filter((look) => look.settings[name] !== undefined);
    const values = known.map((look) => (isInForce(name, look.method, look.settings) ? look.settings[name] : undefined));
    return new Set(values).size > 1;
  });
}

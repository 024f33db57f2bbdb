// safetensors' dtype names and ours, in the order in which a canonical writer lays tensors out
// (huggingface/safetensors, safetensors/src/tensor.rs: dtype descending, then name).

import type { DType } from '../tensor/tensor.ts';

/** Every dtype that Likeness reads, largest alignment first. */
const dtypes: readonly (readonly [string, DType])[] = [
  ['U64', 'uint64'], ['I64', 'int64'], ['F64', 'float64'], ['F32', 'float32'], ['U32', 'uint32'], ['I32', 'int32'],
  ['BF16', 'bfloat16'], ['F16', 'float16'], ['U16', 'uint16'], ['I16', 'int16'],
  ['I8', 'int8'], ['U8', 'uint8'], ['BOOL', 'bool'],
];

/** Names of the format that no network of ours can use; known so that the message can say so. */
const unsupportedNames: ReadonlySet<string> = new Set([
  'C64', 'F8_E5M2', 'F8_E4M3', 'F8_E5M2FNUZ', 'F8_E4M3FNUZ', 'F8_E8M0', 'F6_E2M3', 'F6_E3M2', 'F4',
]);

const byName: ReadonlyMap<string, DType> = new Map(dtypes);
const nameOf: ReadonlyMap<DType, string> = new Map(dtypes.map(([name, dtype]) => [dtype, name]));
const rankOf: ReadonlyMap<DType, number> = new Map(dtypes.map(([, dtype], rank) => [dtype, rank]));

/** The dtype of a safetensors name ('BF16'), or undefined. */
export function dtypeOfName(name: string): DType | undefined {
  return byName.get(name);
}

export function isUnsupportedDTypeName(name: string): boolean {
  return unsupportedNames.has(name);
}

/** The safetensors name of a dtype. */
export function dtypeName(dtype: DType): string {
  return nameOf.get(dtype)!;
}

/** Position in the canonical layout; smaller comes first. */
export function layoutRank(dtype: DType): number {
  return rankOf.get(dtype)!;
}

// The allow-list: every Python name that a torch file may mention, and what stands for it here. It holds what torch's
// own restricted loader needs for weights, and bystanders that real checkpoints carry beside them (callbacks of PyTorch
// Lightning, numpy's numbers), which are passed over without being made. Everything else refuses the file.

import type { DType } from '../../tensor/tensor.ts';
import { damaged, PickleError } from './pickle-error.ts';
import {
  type GlobalMeaning, PickleDictionary, PickleGlobal, PickleSequence, type PickleValue,
} from './pickle-values.ts';
import {
  rebuildFromType, rebuildParameter, rebuildTensor, rebuildTensorV2, rebuildTensorV3,
} from './torch-rebuild.ts';

const storageClasses: Readonly<Record<string, DType>> = {
  DoubleStorage: 'float64', FloatStorage: 'float32', HalfStorage: 'float16', BFloat16Storage: 'bfloat16',
  LongStorage: 'int64', IntStorage: 'int32', ShortStorage: 'int16', CharStorage: 'int8', ByteStorage: 'uint8',
  BoolStorage: 'bool',
};

const dtypeNames: Readonly<Record<string, DType>> = {
  float64: 'float64', double: 'float64', float32: 'float32', float: 'float32', float16: 'float16', half: 'float16',
  bfloat16: 'bfloat16', int64: 'int64', long: 'int64', int32: 'int32', int: 'int32', int16: 'int16', short: 'int16',
  int8: 'int8', uint8: 'uint8', uint16: 'uint16', uint32: 'uint32', uint64: 'uint64', bool: 'bool',
};

const unsupportedDTypes = [
  'ComplexFloatStorage', 'ComplexDoubleStorage', 'QInt8Storage', 'QUInt8Storage', 'QInt32Storage', 'QUInt4x2Storage',
  'QUInt2x4Storage', 'complex32', 'complex64', 'complex128', 'cfloat', 'cdouble', 'float8_e4m3fn', 'float8_e5m2',
  'float8_e4m3fnuz', 'float8_e5m2fnuz', 'float8_e8m0fnu', 'float4_e2m1fn_x2', 'qint8', 'quint8', 'qint32', 'quint4x2',
  'quint2x4',
];

const functions: Readonly<Record<string, (values: readonly PickleValue[]) => PickleValue>> = {
  'torch._utils _rebuild_tensor': rebuildTensor,
  'torch._utils _rebuild_tensor_v2': rebuildTensorV2,
  'torch._utils _rebuild_tensor_v3': rebuildTensorV3,
  'torch._utils _rebuild_parameter': rebuildParameter,
  'torch._utils _rebuild_parameter_with_state': rebuildParameter,
  'torch._tensor _rebuild_from_type_v2': rebuildFromType,
  'collections OrderedDict': orderedDict,
  'builtins set': pythonSet,
  '__builtin__ set': pythonSet,
  '_codecs encode': encode,
};

const bystanders = [
  'torch Size', 'torch device', 'torch.serialization _get_layout', 'collections Counter', 'argparse Namespace',
  'builtins complex', 'builtins bytearray', '__builtin__ complex', '__builtin__ bytearray',
  'numpy dtype', 'numpy ndarray', 'numpy.core.multiarray scalar', 'numpy.core.multiarray _reconstruct',
  'numpy._core.multiarray scalar', 'numpy._core.multiarray _reconstruct',
  'pytorch_lightning.utilities.parsing AttributeDict', 'lightning_fabric.utilities.data AttributeDict',
];

/** Classes, which begin with a capital; the functions of these modules stay out. */
const bystanderClasses = /^(?:pytorch_lightning|lightning\.pytorch)\.callbacks(?:\.[a-z_]+)* [A-Z]\w*$/;
const numpyTypes = /^numpy\.dtypes [A-Z]\w*DType$/;

const unsupportedTensors = /^torch\._utils _rebuild_(?:qtensor|\w*sparse\w*|meta_\w+|nested_tensor|wrapper_subclass)$/;

const meanings: ReadonlyMap<string, GlobalMeaning> = new Map<string, GlobalMeaning>([
  ...Object.entries(storageClasses).map(([name, dtype]) => [`torch ${name}`, { role: 'storage', dtype }] as const),
  ...['torch.storage UntypedStorage', 'torch.storage _UntypedStorage', 'torch UntypedStorage'].map(
    (name) => [name, { role: 'storage' }] as const),
  ...Object.entries(dtypeNames).map(([name, dtype]) => [`torch ${name}`, { role: 'dtype', dtype }] as const),
  ...unsupportedDTypes.map((name) => [`torch ${name}`, { role: 'unsupported-dtype' }] as const),
  ...Object.entries(functions).map(([name, call]) => [name, { role: 'function', call }] as const),
  ...bystanders.map((name) => [name, { role: 'bystander' }] as const),
  ...['torch Tensor', 'torch._tensor Tensor', 'torch.nn.parameter Parameter'].map(
    (name) => [name, { role: 'tensor-class' }] as const),
  ['torch.nn.modules.container ParameterDict', { role: 'parameter-dict' }],
]);

/** What a name stands for. Names are compared letter by letter; no attribute is followed. Throws PickleError. */
export function findGlobal(module: string, name: string): PickleGlobal {
  const key = `${module} ${name}`;
  const meaning = meanings.get(key);
  if (meaning) return new PickleGlobal(`${module}.${name}`, meaning);
  if (bystanderClasses.test(key) || numpyTypes.test(key)) {
    return new PickleGlobal(`${module}.${name}`, { role: 'bystander' });
  }
  if (unsupportedTensors.test(key)) throw new PickleError('unsupported', `it holds tensors made by ${name}`);
  throw new PickleError('unsafe', `${module}.${name}`);
}

/** OrderedDict() and OrderedDict([(key, value), ...]). */
function orderedDict(values: readonly PickleValue[]): PickleDictionary {
  const dictionary = new PickleDictionary('OrderedDict');
  if (values.length === 0) return dictionary;
  const [pairs] = values;
  if (values.length !== 1 || !(pairs instanceof PickleSequence)) return damaged('a dictionary in it is malformed');
  for (const pair of pairs.items) {
    if (!(pair instanceof PickleSequence) || pair.items.length !== 2) return damaged('a dictionary in it is malformed');
    dictionary.set(pair.items[0]!, pair.items[1]!);
  }
  return dictionary;
}

function pythonSet([items, ...more]: readonly PickleValue[]): PickleSequence {
  if (items === undefined) return new PickleSequence('set', []);
  const isList = items instanceof PickleSequence && more.length === 0;
  return isList ? new PickleSequence('set', [...items.items]) : damaged('a set in it is malformed');
}

/** _codecs.encode(text, 'latin1'): how protocol 2 writes bytes. */
function encode([text, codec, ...more]: readonly PickleValue[]): Uint8Array {
  const isLatin = typeof text === 'string' && codec === 'latin1' && more.length === 0;
  if (!isLatin || /[^\u0000-\u00ff]/.test(text)) return damaged('bytes in it are malformed');
  return Buffer.from(text, 'latin1');
}
